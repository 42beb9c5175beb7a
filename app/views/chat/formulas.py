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

_X_HEIGHT = 0.467  # height of an x of the mathematical font, in em
_OBJECT = "\N{OBJECT REPLACEMENT CHARACTER}"
_LEAST, _MOST = 1.0, 1.25
"""Bounds of the factor that makes an x of the mathematical font as high as one of the text."""


@cache
def shipped_font() -> MathFont:
    """Return the font of formulas. Raises FileNotFoundError where the program ships without it."""
    return math_font((resources() / "maths" / "font.json").read_bytes())


@dataclass(frozen=True, slots=True)
class _InText:
    """A formula in a document, with the size of the text around it."""

    drawn: Drawn
    formula: Formula
    em: float  # pixels
    middle: float  # pixels above the baseline at which Qt centres an image

    @property
    def up(self) -> int:
        """Return the pixels above the baseline."""
        return ceil(self.formula.height * self.em)

    @property
    def down(self) -> int:
        """Return the pixels below the baseline."""
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
        """Return the baseline in pixels below the upper edge."""
        return self.reach + self.middle if self.drawn.place == "middle" else self.up


class FormulaObject(QPyTextObject):
    """Draws formulas where `app.render.formulas` has put images; any other image has no size."""

    def intrinsicSize(  # noqa: N802
        self, _document: QTextDocument, _position: int, text_format: QTextFormat
    ) -> QSizeF:
        shown = _formula_at(text_format)
        return QSizeF(ceil(shown.formula.width * shown.em), shown.height) if shown else QSizeF()

    def drawObject(  # noqa: N802
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        _document: QTextDocument,
        _position: int,
        text_format: QTextFormat,
    ) -> None:
        shown = _formula_at(text_format)
        if shown is None:
            return
        formula, em = shown.formula, shown.em
        origin = QRectF(rect).topLeft()
        top = round(origin.y() + shown.baseline) - formula.height * em
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


def _formula_at(text_format: QTextFormat) -> _InText | None:
    what = drawn(text_format.toImageFormat().name())
    formula = what and typeset(what.latex, shipped_font(), display=what.display)
    if not what or not formula:
        return None
    font = text_format.toCharFormat().font()
    return _InText(what, formula, _em(font.key()), QFontMetrics(font).xHeight() / 4)


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
