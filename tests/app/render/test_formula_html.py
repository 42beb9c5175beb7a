"""What the HTML of a formula says, with and without a font to draw it in."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.render.blocks import render
from app.render.formula_html import JOINER, Drawn, drawn, formula_html
from tests.app.render.maths.support import FONT
from tests.app.render.sample import STYLE
from tests.app.render.strategies import patient
from tests.app.render.test_html import read

DRAWN = replace(STYLE, maths=FONT)


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
    assert read(html(source)).text == source


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
        found = drawn(unescape(name))
        assert found is not None
        assert found.latex == latex
