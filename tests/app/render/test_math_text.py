from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.render.blocks import render
from app.render.math_text import math_html
from tests.app.render.sample import STYLE
from tests.app.render.strategies import patient
from tests.app.render.test_html import read

PIECES = [*r"\{}^_&x1 <", r"\frac", r"\sqrt", r"\\", r"\text", r"\mathbb"]


def html(text: str) -> str:
    (block,) = render(text, STYLE)
    return re.sub("</?p[^>]*>", "", block.html)


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        ("x^2", "<i>x</i><sup>2</sup>"),
        ("a_{ij}", "<i>a</i><sub><i>ij</i></sub>"),
        ("x^ab", "<i>x</i><sup><i>a</i></sup><i>b</i>"),
        (r"\frac{1}{2}", "1/2"),
        (r"\frac{a+b}{10}", "(<i>a</i>+<i>b</i>)/10"),
        (r"\sqrt{x}", "√<i>x</i>"),
        (r"\sqrt{xy}", "√(<i>xy</i>)"),
        (r"\alpha \leq \Omega", "\N{GREEK SMALL LETTER ALPHA} ≤ Ω"),
        (r"\sin\theta", "sinθ"),
        (r"\text{if } n", "if  <i>n</i>"),
        (r"\mathbb{R}", "\N{DOUBLE-STRUCK CAPITAL R}"),
        (r"\left( a \right)", "( <i>a</i> )"),
        (r"\begin{aligned} a &= b \\ c \end{aligned}", " <i>a</i> = <i>b</i> <br> <i>c</i> "),
        (r"\{1\}", "{1}"),
        (r"\unknown{x}", r"\unknown<i>x</i>"),
        ("a < b", "<i>a</i> &lt; <i>b</i>"),
        ("{", "{"),
        ("x^", "<i>x</i><sup></sup>"),
    ],
)
def test_what_is_shown(latex: str, shown: str) -> None:
    assert math_html(latex) == shown


@pytest.mark.parametrize("marks", ["${}$", "$${}$$", r"\({}\)", r"\[{}\]", "$$\n{}\n$$"])
def test_every_pair_of_marks(marks: str) -> None:
    assert html("a " + marks.replace("{}", r"x_1 \cdot y_1")) == (
        "a <i>x</i><sub>1</sub> ⋅ <i>y</i><sub>1</sub>"
    )


@pytest.mark.parametrize(
    "text",
    ["$5 and $10", "from $5-$10", "5$ or 6$", "$5 or 6$", "a $ b $ c", "$x", "`$x^2$`", r"\$x^2\$"],
)
def test_what_is_no_formula(text: str) -> None:
    assert "<sup>" not in html(text)
    assert "$" in html(text)


def test_a_formula_is_no_emphasis() -> None:
    assert "<em>" not in html("$a*b*c$ and $a_b_c$")


def test_nesting_without_end_is_shown_or_dropped() -> None:
    assert math_html("{" * 40 + "}" * 40) == "{" * 40 + "}" * 40
    assert math_html(r"\sqrt" * 400).startswith("√")


@patient
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_formula_is_well_formed(latex: str) -> None:
    read(math_html(latex))
