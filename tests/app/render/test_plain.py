from __future__ import annotations

import re

import pytest
from hypothesis import given

from app.render.plain import plain_text, spoken_text
from tests.app.render.support import markdown, patient


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("# A *title*", "A title"),
        ("a\nb  \nc", "a b\nc"),
        ("**bold** `code` [link](https://x.y) ![cat](c.png)", "bold code link cat"),
        ("- a\n- b\n  1. c\n  2. d\n", "• a\n• b\n  1. c\n  2. d"),
        ("3. c\n4. d", "3. c\n4. d"),
        ("```py\nx  = 1\n```", "x  = 1"),
        ("|a|b|\n|-|-|\n|1|2|\n", "a\tb\n1\t2"),
        ("a\n\n***\n\nb", "a\n\nb"),
        ("> q", "q"),
        ("- [x] t", "• ☑ t"),
        ("&amp; \\*", "& *"),
        ("$x^2$ and\n$$\ny\n$$", "x^2 and\n\ny"),
        ("", ""),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        (
            r"Let $x_1^2 \le \alpha$.",
            "Let x_1^2 \N{LESS-THAN OR EQUAL TO} \N{GREEK SMALL LETTER ALPHA}.",
        ),
        ("$$a < b \\\\ c$$", "a < b ; c"),
        (r"$\frac{1}{2}$ **b**", "1/2 b"),
    ],
)
def test_formulas_are_read_aloud(text: str, spoken: str) -> None:
    assert re.sub(" +", " ", spoken_text(text)) == spoken


@patient
@given(markdown)
def test_any_text_has_a_plain_one(text: str) -> None:
    assert plain_text(text) == plain_text(text).strip("\n")
