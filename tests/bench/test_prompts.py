"""The shipped suites, and what is refused of others."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from mtp_mlx.bench.prompts import SHIPPED, Prompt, load_suite
from mtp_mlx.errors import UsageError

CATEGORIES = {
    "chat",
    "code",
    "mathematics",
    "summarising",
    "translation",
    "lists",
    "free prose",
    "copy and edit",
}


def test_the_full_suite_has_eight_prompts_a_category() -> None:
    suite = load_suite("full")
    assert Counter(p.category for p in suite.prompts) == dict.fromkeys(CATEGORIES, 8)
    assert len({prompt.id for prompt in suite.prompts}) == 64
    assert len({prompt.sha256 for prompt in suite.prompts}) == 64


def test_the_quick_suite_is_part_of_the_full_one() -> None:
    """So that an id means one prompt, whichever suite a report was made with."""
    assert set(load_suite("quick").prompts) <= set(load_suite("full").prompts)


def test_prompts_vary_in_length() -> None:
    """Some hold a passage; acceptance on a copied text is not that on a free one."""
    words = [len((prompt.text or "").split()) for prompt in load_suite("full").prompts]
    assert sum(n < 30 for n in words) > 20
    assert sum(n >= 100 for n in words) >= 8
    assert max(words) < 320


@pytest.mark.parametrize("name", SHIPPED)
def test_words_are_clean(name: str) -> None:
    for prompt in load_suite(name).prompts:
        assert prompt.text is not None
        assert prompt.text == prompt.text.strip()
        assert "  " not in prompt.text.partition("```")[0]
        assert prompt.text.count("```") % 2 == 0


def test_a_hash_tells_one_prompt_from_another() -> None:
    one = Prompt(id="a", category="chat", text="Hello")
    assert one.sha256 == Prompt(id="b", category="code", text="Hello").sha256
    assert one.sha256 != Prompt(id="a", category="chat", text="Hello.").sha256
    assert (
        Prompt(id="a", category="x", ids=[1]).sha256 != Prompt(id="a", category="x", ids=[2]).sha256
    )


def test_an_id_belongs_to_one_prompt(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    prompt = {"id": "a", "category": "chat", "text": "Hello"}
    file.write_text(json.dumps({"name": "mine", "prompts": [prompt, prompt]}))
    with pytest.raises(UsageError, match="more than one prompt 'a'"):
        load_suite(str(file))
