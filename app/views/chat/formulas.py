"""Formulas inside a text, drawn by Qt from the SVG that `app.render` makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil

from PySide6.QtCore import QByteArray, QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QFont,
    QFontInfo,
    QFontMetrics,
    QFontMetricsF,
    QPainter,
    QPyTextObject,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtSvg import QSvgRenderer

from app.render.formulas import JOINER, Drawn, drawn
from app.render.maths.font import MathFont, math_font
from app.render.maths.formula import COLOUR, Formula, typeset
from mtp_mlx.paths import resources

_X_HEIGHT = 0.467  # em, of the mathematical font
_OBJECT = "\N{OBJECT REPLACEMENT CHARACTER}"
_LEAST, _MOST = 1.0, 1.25
"""The font's letters are small for their size: scaled until an x is as high as the text's."""


@cache
def shipped_font() -> MathFont:
    """Return the font of formulas. Raises FileNotFoundError where the program ships without it."""
    return math_font((resources() / "maths" / "font.json").read_bytes())


@dataclass(frozen=True, slots=True)
class _Found:
    """A formula in a document: what it is, and the size of the text around it."""

    drawn: Drawn
    formula: Formula
    em: float  # pixels
    middle: float  # pixels above the baseline at which Qt centres an image

    @property
    def up(self) -> int:
        return ceil(self.formula.height * self.em)

    @property
    def down(self) -> int:
        return ceil(self.formula.depth * self.em)

    @property
    def reach(self) -> float:
        """Return half the height of a centred image whose baseline is not in the middle."""
        return max(self.up - self.middle, self.down + self.middle)

    @property
    def height(self) -> float:
        heights = {"baseline": self.up, "middle": 2 * self.reach, "block": self.up + self.down}
        return heights[self.drawn.place]

    @property
    def baseline(self) -> float:
        """Below the upper edge."""
        return self.reach + self.middle if self.drawn.place == "middle" else self.up


class FormulaObject(QPyTextObject):
    """Stands in for the images of `app.render.formulas`; any other image has no size."""

    def intrinsicSize(  # noqa: N802
        self, _document: QTextDocument, _position: int, text_format: QTextFormat
    ) -> QSizeF:
        found = _found(text_format)
        return QSizeF(ceil(found.formula.width * found.em), found.height) if found else QSizeF()

    def drawObject(  # noqa: N802
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        _document: QTextDocument,
        _position: int,
        text_format: QTextFormat,
    ) -> None:
        found = _found(text_format)
        if found is None:
            return
        formula, em = found.formula, found.em
        origin = QRectF(rect).topLeft()
        top = round(origin.y() + found.baseline) - formula.height * em
        size = QSizeF(formula.width * em, (formula.height + formula.depth) * em)
        colour = _colour(text_format, painter)
        _renderer(formula.svg, colour).render(painter, QRectF(QPointF(origin.x(), top), size))


def source_of(text_format: QTextFormat) -> str:
    """Return the LaTeX that the clipboard gets in place of a formula."""
    found = drawn(text_format.toImageFormat().name())
    return "" if found is None else found.source


def selected_text(cursor: QTextCursor) -> str:
    """Return the selected text, with formulas as the LaTeX they were written in."""
    text = cursor.selection().toPlainText().replace(JOINER, "")
    if _OBJECT not in text:
        return text
    document, probe = cursor.document(), QTextCursor(cursor.document())
    for position in range(cursor.selectionStart(), cursor.selectionEnd()):
        if document.characterAt(position) == _OBJECT:
            probe.setPosition(position + 1)
            text = text.replace(_OBJECT, source_of(probe.charFormat()), 1)
    return text


def _found(text_format: QTextFormat) -> _Found | None:
    what = drawn(text_format.toImageFormat().name())
    formula = what and typeset(what.latex, shipped_font(), display=what.display)
    if not what or not formula:
        return None
    font = text_format.toCharFormat().font()
    return _Found(what, formula, _em(font.key()), QFontMetrics(font).xHeight() / 4)


@lru_cache(32)
def _em(key: str) -> float:
    """Return the size in which an x of the mathematical font is as high as one of the text."""
    font = QFont()
    font.fromString(key)
    metrics = QFontMetricsF(font)
    size = font.pixelSize() if font.pixelSize() > 0 else QFontInfo(font).pixelSize()
    return size * min(_MOST, max(_LEAST, metrics.xHeight() / size / _X_HEIGHT))


def _colour(text_format: QTextFormat, painter: QPainter) -> str:
    brush = text_format.foreground()
    is_set = brush.style() != Qt.BrushStyle.NoBrush
    return (brush.color() if is_set else painter.pen().color()).name()


@lru_cache(256)
def _renderer(svg: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(svg.replace(COLOUR, colour).encode()))
