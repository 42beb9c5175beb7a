"""The overlay's charts: the rate over time, and acceptance by position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import strings
from app.viewmodels.common import format as fmt
from app.viewmodels.overlay.overlay import SPAN_S, Sample
from app.views.common import fonts
from app.views.common.theme import Theme, ThemeController
from mtp_mlx.api import MAX_DEPTH

_PLOT_HEIGHT = 78
_LEAST_S = 1.0
"""The least seconds that the plot's width stands for."""
_GAP_S = 0.5
_HEADROOM = 1.05
_LINE = 1.8


class RatePlot(QWidget):
    """The rate over time: drafting and plain decoding in two colours, with gaps for pauses."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme.current
        self._samples: Sequence[Sample] = ()
        self._painted_to = 0.0
        self.setAccessibleName(strings.RATE_PLOT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_PLOT_HEIGHT)
        theme.changed.connect(self._on_theme)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, _PLOT_HEIGHT)

    def show_samples(self, samples: Sequence[Sample]) -> None:
        moved = samples[-1].at - self._painted_to if samples else 0.0
        self._samples = samples
        if not samples or moved < 0 or moved >= self._step_s():
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(fonts.small())
        below = painter.fontMetrics().height() + 1
        area = QRectF(self.rect()).adjusted(1, 4, -1, -below)
        painter.setPen(QPen(self._theme.color("chart_grid"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if len(self._samples) < 2:
            return
        self._painted_to = self._samples[-1].at
        start, end = self._span()
        shown = [sample for sample in self._samples if sample.at >= start]
        most = max(sample.tps for sample in shown)
        across, up = area.width() / (end - start), area.height() / (_HEADROOM * most)
        for line in lines(shown):
            token = "chart_mtp" if line[-1].drafting else "chart_plain"
            painter.setPen(QPen(self._theme.color(token), _LINE, c=Qt.PenCapStyle.RoundCap))
            points = [
                QPointF(area.left() + (at - start) * across, area.bottom() - tps * up)
                for at, tps in thinned(line, self._step_s())
            ]
            # Twice as fast as the polyline, which Qt fills as one outline that crosses itself.
            painter.drawLines([QLineF(a, b) for a, b in pairwise(points)])
        painter.setPen(self._theme.color("text_muted"))
        bottom = Qt.AlignmentFlag.AlignBottom
        painter.drawText(self.rect(), bottom, strings.RATE_PEAK.format(rate=fmt.rate(most)))
        right = bottom | Qt.AlignmentFlag.AlignRight
        painter.drawText(self.rect(), right, strings.RATE_SPAN.format(span=_seconds(end - start)))

    def _span(self) -> tuple[float, float]:
        """Return the seconds from the left edge to the right one: the reply's own, at most 60."""
        if not self._samples:
            return 0.0, _LEAST_S
        end = self._samples[-1].at
        start = max(self._samples[0].at, end - SPAN_S)
        return start, max(end, start + _LEAST_S)

    def _step_s(self) -> float:
        """Return the seconds that the line's width stands for: closer samples look like one."""
        start, end = self._span()
        return (end - start) * _LINE / self.width()

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()


def _seconds(span: float) -> str:
    return f"{span:.1f} s" if span < 10 else f"{span:.0f} s"


def lines(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    """Return the curve in pieces of one colour, that of their last sample; none over a pause."""
    line: list[Sample] = []
    for before, after in pairwise(samples):
        goes_on = after.at - before.at <= _GAP_S
        if line and not (goes_on and after.drafting == before.drafting):
            yield line
            line = []
        if goes_on:
            line += [after] if line else [before, after]
    if line:
        yield line


def thinned(line: Sequence[Sample], step: float) -> Iterator[tuple[float, float]]:
    """Return time and rate of the first and the last sample, and of one a `step` between."""
    last = -step
    for sample in line:
        if sample.at - last >= step or sample is line[-1]:
            last = sample.at
            yield sample.at, sample.tps


_GAP = 6
_BARS_HEIGHT = 34


class PositionBars(QWidget):
    """Acceptance by position: a bar for each position of a draft."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme.current
        self._shares: tuple[float, ...] = ()
        self.setFixedHeight(_BARS_HEIGHT + self._label_height())
        self.setAccessibleName(strings.BY_POSITION)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self._on_theme)

    def show_shares(self, shares: tuple[float, ...]) -> None:
        if shares != self._shares:
            self._shares = shares
            self.setAccessibleDescription(", ".join(fmt.percent(share) for share in shares))
            self.setToolTip(
                strings.MEANS_BY_POSITION
                + "\n"
                + "\n".join(
                    strings.POSITION.format(position=i, percent=fmt.percent(share))
                    for i, share in enumerate(shares, 1)
                )
            )
            self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Tell what the bars mean to who reaches them by keyboard."""
        super().focusInEvent(event)
        QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), self.toolTip(), self)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        if not self._shares:
            return
        painter = QPainter(self)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(fonts.small())
        count = MAX_DEPTH  # a bar keeps its place and width whatever K does
        width = (self.width() - _GAP * (count - 1)) / count
        for i, share in enumerate(self._shares):
            self._draw(painter, QRectF(i * (width + _GAP), 0, width, _BARS_HEIGHT), share)

    def _draw(self, painter: QPainter, slot: QRectF, share: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("chart_grid"))
        painter.drawRoundedRect(slot, 4, 4)
        bar = slot.adjusted(0, slot.height() * (1 - share), 0, 0)
        painter.setBrush(self._theme.color("chart_mtp"))
        painter.drawRoundedRect(bar, 4, 4)
        painter.setPen(self._theme.color("text_muted"))
        label = QRectF(slot.left(), slot.bottom() + 2, slot.width(), self._label_height())
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, f"{share * 100:.0f}")

    def _label_height(self) -> int:
        return self.fontMetrics().height() + 2

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()
