"""The HTML of a formula, with a font to draw it in and without one."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.render.blocks import render
from app.render.formulas import JOINER, Drawn, drawn, formula_html, math_html
from tests.app.render.maths.support import FONT
from tests.app.render.support import STYLE, patient, text_of

DRAWN = replace(STYLE, maths=FONT)
LATEX = [*r"\{}^_&x1 <", r"\frac", r"\sqrt", r"\\", r"\text", r"\mathbb"]


def html(text: str) -> str:
    return "".join(block.html for block in render(text, DRAWN))


def images(text: str) -> list[Drawn | None]:
    return [drawn(unescape(name)) for name in re.findall('<img src="([^"]*)"', html(text))]


def test_without_a_font_formulas_are_text() -> None:
    assert formula_html("x^2", "$", STYLE) == "<i>x</i><sup>2</sup>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x^2$", Drawn("baseline", display=False, latex="x^2")),
        (r"\(\frac{1}{2}\)", Drawn("middle", display=False, latex=r"\frac{1}{2}")),
        ("a $$x$$", Drawn("baseline", display=True, latex="x")),
        ("$$x$$", Drawn("block", display=True, latex="x")),
        ('$x="y"<z:%41$', Drawn("baseline", display=False, latex='x="y"<z:%41')),
    ],
)
def test_images_name_what_is_to_be_drawn(text: str, expected: Drawn) -> None:
    assert images(text) == [expected]


def test_what_follows_a_formula_stays_with_it() -> None:
    assert re.search(f"<img [^>]*>{JOINER},", html("$x$, y"))


@pytest.mark.parametrize("marks", ["${}$", r"\({}\)", "a $${}$$", "$${}$$", r"\[{}\]"])
def test_what_cannot_be_read_shows_its_source(marks: str) -> None:
    source = marks.replace("{}", r"\foo{x<y}")
    assert "<img" not in html(source)
    assert text_of(html(source)) == source


def test_the_clipboard_gets_the_source() -> None:
    assert Drawn("middle", display=False, latex="x").source == "$x$"
    assert Drawn("block", display=True, latex="x").source == "$$x$$"


@pytest.mark.parametrize("name", ["https://x.y/a.png", "file:///etc/passwd", "data:image/png,"])
def test_other_images_are_none(name: str) -> None:
    assert drawn(name) is None


@patient
@given(st.text(max_size=30), st.sampled_from(["$", "$$"]))
def test_any_formula_comes_back_from_its_image(latex: str, mark: str) -> None:
    for name in re.findall('<img src="([^"]*)"', formula_html(latex, mark, DRAWN)):
        formula = drawn(unescape(name))
        assert formula is not None
        assert formula.latex == latex


def running_text(text: str) -> str:
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
def test_latex_as_running_text(latex: str, shown: str) -> None:
    assert math_html(latex) == shown


@pytest.mark.parametrize("marks", ["${}$", "$${}$$", r"\({}\)", r"\[{}\]", "$$\n{}\n$$"])
def test_every_pair_of_marks(marks: str) -> None:
    assert running_text("a " + marks.replace("{}", r"x_1 \cdot y_1")) == (
        "a <i>x</i><sub>1</sub> ⋅ <i>y</i><sub>1</sub>"
    )


@pytest.mark.parametrize(
    "text",
    ["$5 and $10", "from $5-$10", "5$ or 6$", "$5 or 6$", "a $ b $ c", "$x", "`$x^2$`", r"\$x^2\$"],
)
def test_prices_and_code_are_no_formulas(text: str) -> None:
    assert "<sup>" not in running_text(text)
    assert "$" in running_text(text)


def test_a_formula_is_no_emphasis() -> None:
    assert "<em>" not in running_text("$a*b*c$ and $a_b_c$")


def test_nesting_without_end_is_shown_or_dropped() -> None:
    assert math_html("{" * 40 + "}" * 40) == "{" * 40 + "}" * 40
    assert math_html(r"\sqrt" * 400).startswith("√")


@patient
@given(st.lists(st.sampled_from(LATEX)).map("".join))
def test_running_text_is_well_formed(latex: str) -> None:
    text_of(math_html(latex))
