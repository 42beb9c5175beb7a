"""A reply's rounds as bars over time. States differ by pattern or height, not by colour alone."""

from __future__ import annotations

from typing import Any, get_args

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.tokens.timeline import Timeline
from app.views.common import fonts
from app.views.common.plots import pen, style_plot
from app.views.common.theme import Theme, ThemeController
from mtp_mlx.api import RoundState

_TOKENS: dict[RoundState, str] = {
    "drafting": "chart_mtp",
    "probe": "chart_mtp",
    "parked": "chart_plain",
    "plain": "chart_plain",
}
_PATTERNS: dict[RoundState, Qt.BrushStyle] = {
    "probe": Qt.BrushStyle.BDiagPattern,
    "parked": Qt.BrushStyle.Dense4Pattern,
}


def bar_brush(theme: Theme, state: RoundState) -> QBrush:
    pattern = _PATTERNS.get(state, Qt.BrushStyle.SolidPattern)
    return QBrush(theme.color(_TOKENS[state]), pattern)


class StateLegend(QWidget):
    """A legend of the states that the timeline has."""

    def __init__(
        self, shown: Timeline, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for state in dict.fromkeys(bar.state for bar in shown.bars):
            label = QLabel(strings.ROUND_STATES[state])
            label.setFont(fonts.small())
            label.setProperty("tone", "muted")
            row.addWidget(_Swatch(state, theme))
            row.addWidget(label)
            row.addSpacing(12)
        row.addStretch(1)


class _Swatch(QWidget):
    def __init__(self, state: RoundState, theme: ThemeController) -> None:
        super().__init__()
        self._state = state
        self._theme = theme.current
        self.setFixedSize(14, 12)
        theme.changed.connect(self._on_theme)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(QRectF(self.rect()), bar_brush(self._theme, self._state))

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()


_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_AXIS = 58


class TimelinePlot(QWidget):
    selected = Signal(int)  # a bar

    def __init__(
        self, shown: Timeline, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._shown = shown
        self._theme = theme.current
        self._chosen = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(strings.TIMELINE)
        self.setToolTip(strings.TIMELINE_HINT)
        self._area = pg.GraphicsLayoutWidget()
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.ci.layout.setContentsMargins(0, 0, 0, 0)
        self._rate = self._area.addPlot(row=0, col=0)
        self._rounds = self._area.addPlot(row=1, col=0)
        self._rounds.setXLink(self._rate)
        self._area.scene().sigMouseClicked.connect(self._on_click)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._area)
        theme.changed.connect(self._paint)
        self._paint(theme.current)

    def choose(self, bar: int) -> None:
        if 0 <= bar < len(self._shown.bars) and bar != self._chosen:
            self._chosen = bar
            self._mark()
            self.selected.emit(bar)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.choose(max(0, self._chosen + step))

    def _on_click(self, event: Any) -> None:
        place: QPointF = self._rounds.vb.mapSceneToView(event.scenePos())
        bar = self._shown.bar_at(place.x())
        if bar is not None:
            self.setFocus()
            self.choose(bar)

    def _paint(self, theme: Theme) -> None:
        self._theme = theme
        self._area.setBackground(theme.color("window"))
        for plot in (self._rate, self._rounds):
            plot.clear()
        style_plot(self._rate, theme, strings.TIMELINE_RATE, "")
        style_plot(self._rounds, theme, strings.TIMELINE_TOKENS, strings.TIMELINE_TIME)
        self._rate.getAxis("bottom").setStyle(showValues=False)
        self._rate.showLabel("bottom", show=False)
        for plot in (self._rate, self._rounds):
            plot.getAxis("left").setWidth(_AXIS)
        self._paint_rate()
        self._paint_bars()
        self._paint_turns()
        self._mark_at = pg.LinearRegionItem(
            movable=False, brush=_faint(theme), pen=pen(theme, "accent")
        )
        self._rounds.addItem(self._mark_at, ignoreBounds=True)
        self._mark()

    def _paint_rate(self) -> None:
        times = [rate.at for rate in self._shown.rate]
        tps = [rate.tps for rate in self._shown.rate]
        curve = pg.PlotDataItem(times, tps, pen=pen(self._theme, "chart_mtp", 1.8), antialias=True)
        self._rate.addItem(curve)
        self._rate.setYRange(0, 1.08 * max(tps, default=1.0), padding=0)

    def _paint_bars(self) -> None:
        """Draw one item a state: each has one brush."""
        for state in get_args(RoundState):
            bars = [bar for bar in self._shown.bars if bar.state == state]
            if not bars:
                continue
            item = pg.BarGraphItem(
                x0=[bar.start for bar in bars],
                x1=[bar.end for bar in bars],
                y0=0,
                height=[bar.tokens for bar in bars],
                brush=bar_brush(self._theme, state),
                pen=pen(self._theme, "window", 0.6),
            )
            self._rounds.addItem(item)
        most = max((bar.tokens for bar in self._shown.bars), default=1.0)
        self._rounds.setYRange(0, 1.08 * most, padding=0)
        self._rounds.getAxis("left").setTickSpacing(2 if most > 4 else 1, 1)
        if self._shown.bars:
            first, last = self._shown.bars[0], self._shown.bars[-1]
            self._rounds.setXRange(first.start, last.end, padding=0.01)

    def _paint_turns(self) -> None:
        for turn in self._shown.turns:
            line = pen(self._theme, "text_muted", 1.2, Qt.PenStyle.DashLine)
            for plot, label in ((self._rate, f"{strings.MTP}: {turn.label}"), (self._rounds, None)):
                options = {"position": 0.92, "color": self._theme.color("text")}
                marker = pg.InfiniteLine(turn.at, pen=line, label=label, labelOpts=options)
                plot.addItem(marker, ignoreBounds=True)

    def _mark(self) -> None:
        self._mark_at.setVisible(self._chosen >= 0)
        if self._chosen >= 0:
            bar = self._shown.bars[self._chosen]
            self._mark_at.setRegion((bar.start, bar.end))


def _faint(theme: Theme) -> Any:
    color = theme.color("accent")
    color.setAlphaF(0.18)
    return color
