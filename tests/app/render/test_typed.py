"""What people type keeps its line ends, and its spaces where these mean something."""

from __future__ import annotations

import re

import pytest

from app.render.style import HtmlStyle
from app.render.typed import FOLD_LENGTH, FOLD_LINES, folded, keeps_form, typed_blocks
from tests.app.test_theme_tokens import tokens


@pytest.fixture
def style() -> HtmlStyle:
    return HtmlStyle.from_tokens(tokens("light"))


def text_of(html: str) -> str:
    return re.sub(r"<(?!br)[^>]*>", "", html)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Hello", ["paragraph"]),
        ("**Bold** and `code`", ["paragraph"]),
        ("Look:\n```python\nprint(1)\n```\nWhy?", ["paragraph", "code", "paragraph"]),
        ("- one\n  - two\n- three", ["list"]),
        ("def f():\n    return 1", ["paragraph"]),
        ("a <b>tag</b>", ["paragraph"]),
    ],
)
def test_kinds_of_blocks(style: HtmlStyle, text: str, kinds: list[str]) -> None:
    assert [block.kind for block in typed_blocks(text, style)] == kinds


def test_line_ends_are_kept(style: HtmlStyle) -> None:
    (block,) = typed_blocks("one\ntwo", style)
    assert text_of(block.html) == "one<br>two"


def test_code_without_a_fence_keeps_its_spaces(style: HtmlStyle) -> None:
    source = "def f(*a):\n    return <b>"
    assert keeps_form(source)
    (block,) = typed_blocks(source, style)
    assert "white-space:pre-wrap" in block.html
    assert "\n    return &lt;b&gt;" in block.html
    assert not keeps_form("Text\n```\n    x\n```")
    assert not keeps_form("1. one\n   1. two\n")


def test_long_texts_are_folded() -> None:
    assert folded("short\n" * FOLD_LINES) is None
    long = folded("line\n" * 200)
    assert long is not None
    assert (long.lines, long.head.count("\n") + 1) == (200, FOLD_LINES // 2)
    one_line = folded("x" * (FOLD_LENGTH + 1))
    assert one_line is not None
    assert (one_line.lines, len(one_line.head)) == (1, FOLD_LENGTH // 2)
