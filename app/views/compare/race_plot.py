"""Tokens over time, MTP off against on, with a line at the moment that is shown.

Imported only where it is shown: pyqtgraph is slow to import.
"""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import strings
from app.domain.comparison import Side
from app.viewmodels.compare.race import Lane, Race
from app.views.common import fonts
from app.views.common.plots import pen, style_plot
from app.views.common.theme import Theme, ThemeController

_CURVES: dict[Side, tuple[str, Qt.PenStyle]] = {
    "off": ("chart_plain", Qt.PenStyle.DashLine),
    "on": ("chart_mtp", Qt.PenStyle.SolidLine),
}
_NAMES: dict[Side, str] = {"off": strings.LANE_OFF, "on": strings.LANE_ON_SHORT}
_HEIGHT = 140
_AXIS = 54


class RacePlot(QWidget):
    def __init__(self, race: Race, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._race = race
        self._theme = theme.current
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(strings.RACE_PLOT)
        self._widget = pg.PlotWidget()
        self._widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot = self._widget.getPlotItem()
        self._curves = {side: pg.PlotDataItem(antialias=True) for side in _CURVES}
        self._names = {side: pg.TextItem() for side in _CURVES}
        self._now = pg.InfiniteLine(0)
        for item in (*self._curves.values(), *self._names.values(), self._now):
            self._plot.addItem(item)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._widget)
        theme.changed.connect(self._paint)
        race.moved.connect(self._move)
        self._paint(theme.current)

    def show_runs(self) -> None:
        """Draw the curves of new runs."""
        most = 1
        for side, curve in self._curves.items():
            lane = self._race.lane(side)
            curve.setData(lane.times, lane.tokens)
            most = max(most, *lane.tokens, 1)
            self._place_name(side, lane)
        self._plot.setXRange(0, max(self._race.duration, 0.1), padding=0.01)
        self._plot.setYRange(0, 1.12 * most, padding=0)
        self._move()

    def _place_name(self, side: Side, lane: Lane) -> None:
        """Beside the end of its curve; the longer one's has no room there, and stands below."""
        name = self._names[side]
        last = lane.duration >= self._race.duration
        name.setAnchor((1, -0.15) if last else (0, 0.5))
        name.setPos(lane.duration, lane.tokens[-1] if lane.tokens else 0)

    def _move(self) -> None:
        self._now.setPos(self._race.position)

    def _paint(self, theme: Theme) -> None:
        self._theme = theme
        self._widget.setBackground(theme.color("window"))
        style_plot(self._plot, theme, strings.RACE_TOKENS, strings.RACE_TIME)
        self._plot.getAxis("left").setWidth(_AXIS)
        for side, (token, style) in _CURVES.items():
            self._curves[side].setPen(pen(theme, token, 2.0, style))
            self._names[side].setText(_NAMES[side], theme.color("text_muted"))
            self._names[side].setFont(fonts.small())
        self._now.setPen(pen(theme, "text_muted", 1.0))
