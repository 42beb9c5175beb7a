"""Plots with axes, in the theme's colours.

The library behind them takes over a second to import: see `preload`.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.views.common import fonts
from app.views.common.theme import Theme


def style_plot(plot: Any, theme: Theme, left: str, bottom: str) -> None:
    """Style `plot`, a pyqtgraph.PlotItem, and turn dragging and its menu off."""
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.setMenuEnabled(False)
    for side, label in (("left", left), ("bottom", bottom)):
        axis = plot.getAxis(side)
        axis.setPen(pen(theme, "chart_grid"))
        axis.setTextPen(pen(theme, "text_muted"))
        axis.setStyle(tickFont=fonts.small(), tickLength=-4)
        axis.enableAutoSIPrefix(enable=False)
        axis.setLabel(label, color=theme.tokens["text_muted"])
        axis.label.setFont(fonts.small())
        axis.setGrid(0)


def pen(theme: Theme, token: str, width: float = 1.0, style: Qt.PenStyle | None = None) -> QPen:
    """Return a cosmetic pen: its width on the screen does not depend on the plot's scale."""
    drawn = QPen(QColor(theme.color(token)), width)
    drawn.setCosmetic(True)
    if style is not None:
        drawn.setStyle(style)
    return drawn
