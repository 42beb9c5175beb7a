"""Tokens a second over the last minute, drawn by hand.

A plotting library takes over a second to import, in the moment the first reply is awaited; two
polylines need none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import strings
from app.viewmodels import format as fmt
from app.viewmodels.live import Sample
from app.views import fonts
from app.views.theme import Theme, ThemeController

_HEIGHT = 78
_SPAN_S = 60.0
_LEAST_S = 8.0
_GAP_S = 0.5
_HEADROOM = 1.05


class RatePlot(QWidget):
    """Drafting and plain decoding in two colours; a pause is a gap, not a line."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme.current
        self._samples: Sequence[Sample] = ()
        self.setAccessibleName(strings.RATE_PLOT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)
        theme.changed.connect(self._on_theme)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, _HEIGHT)

    def show_samples(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(fonts.small())
        area = QRectF(self.rect()).adjusted(1, painter.fontMetrics().height(), -1, -2)
        painter.setPen(QPen(self._theme.color("chart_grid"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if len(self._samples) < 2:
            return
        end = max(self._samples[-1].at, _LEAST_S)
        start = max(0.0, end - _SPAN_S)
        shown = [sample for sample in self._samples if sample.at >= start]
        top = _HEADROOM * max(sample.tps for sample in shown)

        def place(sample: Sample) -> QPointF:
            across = (sample.at - start) / (end - start)
            return QPointF(
                area.left() + across * area.width(),
                area.bottom() - sample.tps / top * area.height(),
            )

        for before, after in pairwise(shown):
            if after.at - before.at <= _GAP_S:
                token = "chart_mtp" if after.drafting else "chart_plain"
                painter.setPen(QPen(self._theme.color(token), 1.8, c=Qt.PenCapStyle.RoundCap))
                painter.drawLine(place(before), place(after))
        painter.setPen(self._theme.color("text_muted"))
        most = fmt.rate(max(sample.tps for sample in shown))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignTop, most)

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()
