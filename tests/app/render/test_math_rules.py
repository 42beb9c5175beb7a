"""Where formulas begin and end, and what of Markdown happens around them."""

from __future__ import annotations

import pytest

from app.render.blocks import render
from app.render.math_rules import MOST
from app.render.maths.reader import LONGEST
from app.render.parser import parse
from tests.app.render.support import STYLE


def kinds(text: str) -> list[str]:
    return [block.kind for block in render(text, STYLE)]


def inline(text: str) -> list[str]:
    """The formulas among the running text."""
    tokens = [token for block in parse(text, {}).blocks for token in block.tokens]
    children = [child for token in tokens for child in token.children or []]
    return [child.content for child in children if child.type == "math"]


def displayed(text: str) -> list[str]:
    tokens = [token for block in parse(text, {}).blocks for token in block.tokens]
    return [token.content for token in tokens if token.type == "math_block"]


@pytest.mark.parametrize(
    "text",
    [
        *("$x$", r"\(x\)", "a $x$ b", "**$x$**", "- $x$", "($x$)", "$x$-th", "$x$s", "# $x$"),
        *("> $x$", "|a|\n|-|\n|$x$|\n", "a $$x$$ b", r"a \[x\] b", "$x$,", "a\n$$x$$ b"),
    ],
)
def test_formulas_in_running_text(text: str) -> None:
    assert inline(text) == ["x"]


@pytest.mark.parametrize(
    "text",
    [
        *("$5 and $10", "from $5-$10", "5$ or 6$", "$5 or 6$", "a $ b $ c", "$x", "`$x^2$`"),
        *(r"\$x^2\$", "$x^2$5", "$x^2$$", "$x^2 $", "$ x^2$", "$a big deal$", "$$", "$$$", "$$ $$"),
        *(r"\( \)", r"\(x", r"$x\$"),
    ],
)
def test_prices_and_the_like_are_text(text: str) -> None:
    assert inline(text) == []


def test_names_side_by_side_are_a_formula() -> None:
    assert inline("for $x, y$ and $ABCD$") == ["x, y", "ABCD"]


def test_a_formula_without_end_is_text() -> None:
    assert inline("$" + "x" * LONGEST + "$") == ["x" * LONGEST]
    assert inline("$" + "x" * (LONGEST + 1) + "$") == []


def test_formulas_without_number_are_text() -> None:
    assert len(inline("$x$ " * (MOST + 5))) == MOST


@pytest.mark.parametrize(
    "text",
    [
        *("$$x$$", "$$x$$  ", r"\[x\]", "$$\nx\n$$", "\\[\nx\n\\]\n", "$$ x\n$$", "$$\nx $$"),
        *("   $$x$$", "a\n$$x$$", "a\n\\[\nx\n\\]\nb", "# h\n$$x$$", "- a\n  $$x$$"),
        *("1. a\n\n   $$\n   x\n   $$", "> $$\n> x\n> $$", "```\n$$y$$\n```\n$$x$$"),
    ],
)
def test_displayed_formulas(text: str) -> None:
    assert displayed(text) == ["x"]


@pytest.mark.parametrize(
    "line", ["- x", "+ x", "1. x", "> x", "# x", "===", "---", "***", "a|b\n-|-"]
)
def test_lines_of_a_formula_are_no_markdown(line: str) -> None:
    assert kinds(f"$$\na\n{line}\n$$\n") == ["math"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$$ is slang\n\n- b", ["paragraph", "list"]),
        ("$$\nx\n\ny\n$$\n", ["paragraph", "paragraph", "paragraph"]),  # as in TeX: no blank line
        ("$$ is slang\n```\nx\n```\n", ["paragraph", "code"]),
        ("- $$\n  x\n\ny", ["list", "paragraph"]),
        ("> $$\n> x\ny", ["quote", "paragraph"]),
        ("    $$x$$", ["code"]),
    ],
)
def test_a_formula_that_is_not_closed_is_a_paragraph(text: str, wanted: list[str]) -> None:
    assert kinds(text) == wanted
    assert displayed(text) == []


def test_dollars_that_close_a_formula_open_no_other() -> None:
    assert kinds("a $$\nx\n$$\nb") == ["paragraph"]
    assert inline("a $$\nx\n$$\nb") == ["x"]
