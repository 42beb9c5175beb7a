"""One token, painted by where it came from: in the text and in the legend.

Colour never carries meaning alone: accepted drafts stand on a filled and underlined box, the
target's own choices are plain text, rejected drafts are small and struck through.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen

from app.viewmodels.tokens.token_view import Kind
from app.views.common import fonts
from app.views.common.theme import Theme


def token_font(kind: Kind) -> QFont:
    font = fonts.small() if kind == "rejected" else fonts.reading()
    font.setStrikeOut(kind == "rejected")
    return font


def paint_token(painter: QPainter, theme: Theme, box: QRectF, text: str, kind: Kind) -> None:
    """In the painter's font, in the middle of `box`, which is as wide as the text."""
    if kind == "drafted":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("drafted_soft"))
        painter.drawRect(box)
        painter.setPen(QPen(theme.color("drafted"), 1.5))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
    painter.setPen(theme.color({"drafted": "drafted", "target": "text"}.get(kind, "rejected")))
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, text)
