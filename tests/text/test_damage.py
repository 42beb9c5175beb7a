"""Damaged texts of a checkpoint: one sentence each, whatever is wrong.

`scripts/fuzz_texts.py` tries thousands of them, in a reader.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mtp_mlx.text.reader import REFUSED, Reader, answered
from tests.support.damaged_texts import QUESTIONS, damage, encoded, faults
from tests.text.samples import byte_fallback, write_json, write_pieces

SAMPLE = 60


def from_json(folder: Path) -> None:
    names: dict[str, object] = {
        "bos_token": "<bos>",
        "eos_token": {"content": "<eos>"},
        "sot_token": "<|turn>",
    }
    write_json(folder, byte_fallback(), names)


def from_pieces(folder: Path) -> None:
    write_pieces(folder)


@pytest.fixture(scope="module", params=[from_json, from_pieces])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write: Callable[[Path], None] = request.param
    write(folder)
    (folder / "chat_template.jinja").write_text("{{ bos_token }}{{ messages | tojson }}")
    (folder / "generation_config.json").write_text('{"eos_token_id": [1, 4]}')
    return folder


def test_a_whole_folder_answers_everything(whole: Path) -> None:
    reader = Reader()
    for question in QUESTIONS:
        assert not answered(reader, encoded(question, whole)).startswith(REFUSED)


@pytest.mark.parametrize("seed", range(SAMPLE))
def test_a_damaged_folder_is_answered_with_a_sentence(
    whole: Path, tmp_path: Path, seed: int
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(whole, folder)
    damage(folder, random.Random(seed))
    reader = Reader()
    for question in QUESTIONS:
        answer = answered(reader, encoded(question, folder))
        assert faults(answer) is None
        if question is QUESTIONS[0] and (answer.startswith(REFUSED) or answer == b"null"):
            break  # there is no tokenizer to ask


def test_a_sentence_that_says_too_much_or_steers_is_a_fault() -> None:
    for message in ("x" * 300, "\\u001b[2J", "AssertionError", "a\\nb", "\\u202e"):
        line = f'!{{"damaged":true,"message":"{message}","remedy":"Download it."}}'
        assert re.match(".", faults(line.encode()) or "")
