from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.render.parser import BRACKETS, normal, parse
from tests.app.render.support import markdown, patient

REFERENCE = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@patient
@given(st.text(st.characters(exclude_categories=())))
def test_normal_text_can_be_written_anywhere(text: str) -> None:
    assert not set("\r\0") & set(normal(text))
    normal(text).encode()


@patient
@given(markdown)
def test_the_tokens_are_those_of_markdown_it(text: str) -> None:
    text = normal(text).rstrip(" \t") + "\n"
    assume(not re.search(r"\$\$|\\\[", text))  # displayed formulas are ours
    ours = [token.type for block in parse(text, {}).blocks for token in block.tokens]
    assert ours == [token.type for token in REFERENCE.parse(text)]


@patient
@given(markdown)
def test_sources_are_the_lines_of_the_text(text: str) -> None:
    document = parse(normal(text), {})
    assert "".join(document.lines) == normal(text)
    for block in document.blocks:
        assert block.source == "".join(document.lines[block.start : block.end])
    starts = [block.start for block in document.blocks]
    assert starts == sorted(set(starts))


def test_spaces_at_the_end_belong_to_the_code() -> None:
    assert parse("```\na\n    ", {}).blocks[0].end == 3


def test_a_block_keeps_the_labels_that_it_uses() -> None:
    document = parse("[a] [b][c]\n\n![d]\n\n[A]: /u\n", {"d": "/v"})
    assert [block.labels for block in document.blocks] == [{"A", "C"}, {"D"}]
    assert document.definitions.keys() == {"A"}


def test_a_label_defined_above_is_not_defined_again() -> None:
    assert parse("[a]: /other\n", {"A": "/first"}).definitions == {}


def test_boxes_of_tasks() -> None:
    (block,) = parse("- [ ] a\n- [X] **b**\n- [x]c\n- d [x] e\n\n1. [x] f\n", {}).blocks[:1]
    first = [
        token.children[0].content
        for token in block.tokens
        if token.type == "inline" and token.children
    ]
    assert first == ["☐ a", "☑ ", "[x]c", "d [x] e"]


@pytest.mark.parametrize(("brackets", "parsed"), [(BRACKETS, True), (BRACKETS + 1, False)])
def test_brackets_without_end_are_text(brackets: int, parsed: bool) -> None:
    (block,) = parse("[" * brackets + " *a*", {}).blocks
    types = [child.type for token in block.tokens for child in token.children or []]
    assert ("em_open" in types) == parsed
