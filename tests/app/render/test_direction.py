from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor, QTextDocument

from app.render.direction import Direction, direction
from tests.app.render.support import patient

LETTERS = "aZ\u00e9\u0416\u4f60\u05d0\u05e9\u0627\u06cc\U0001e900"
OTHERS = " .,-1\u0660\u0301\u02b9\U0001f680\u2067\u2068\u2069\u200e\u200f"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("12 ... \N{ROCKET}", None),
        ("12 a \u05d0", "ltr"),
        ("12 \u05d0 a", "rtl"),
        ("\N{ARABIC-INDIC DIGIT ONE}\u0627", "rtl"),
        ("\N{RIGHT-TO-LEFT MARK}a", "rtl"),
    ],
)
def test_the_first_strong_character_decides(text: str, expected: Direction | None) -> None:
    assert direction(text) == expected


@pytest.mark.usefixtures("qapp")
@patient
@given(st.text(st.sampled_from(LETTERS + OTHERS)))
@example("\N{LEFT-TO-RIGHT ISOLATE}a\N{POP DIRECTIONAL ISOLATE} \u05d0")
def test_qt_begins_a_paragraph_on_the_same_side(text: str) -> None:
    document = QTextDocument()
    QTextCursor(document).insertText(text)
    from_right = document.firstBlock().textDirection() == Qt.LayoutDirection.RightToLeft
    assert (direction(text) == "rtl") == from_right
