"""What the bars of a timeline mean; each state has a pattern or a height of its own as well."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app import strings
from app.viewmodels.tokens.timeline import Timeline
from app.views.common import fonts
from app.views.common.theme import Theme, ThemeController
from mtp_mlx.wire import RoundState

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
    """Only of the states that are there."""

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
