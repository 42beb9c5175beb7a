"""The token view of one reply: a legend with counts, the round pointed at, and the tokens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import RoundRecord
from app.viewmodels.tokens.token_view import Counts, Kind, legend, round_text, rounds_text
from app.views.common import fonts
from app.views.common.flow_layout import FlowLayout
from app.views.common.theme import Theme, ThemeController
from app.views.tokens.token_canvas import TokenCanvas, paint_token, token_font

_GAP = 14


class TokenView(QWidget):
    """Shows a reply as it grows; what is shown is not laid out again."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rounds: Sequence[RoundRecord] = ()
        self._counts = Counts()
        self._labels: dict[Kind, QLabel] = {}
        self._total = _small()
        self.round = _small()
        self.round.setWordWrap(True)
        self.canvas = TokenCanvas(theme)
        self.canvas.pointed.connect(self._show_round)
        self._lay_out(theme)
        self._show_round(None)

    @property
    def legend_text(self) -> str:
        return strings.SEPARATOR.join(label.text() for label in self._labels.values())

    def show_rounds(self, rounds: Sequence[RoundRecord]) -> None:
        """Show `rounds`, which begin with those shown before."""
        for record in rounds[self._counts.rounds :]:
            self._counts = self._counts.plus(record)
        self.rounds = rounds
        for entry in legend(self._counts):
            self._labels[entry.kind].setText(entry.text)
        self._total.setText(rounds_text(self._counts))
        self.canvas.show_rounds(rounds)

    def _show_round(self, place: int | None) -> None:
        text = strings.TOKENS_HINT if place is None else round_text(self.rounds[place])
        self.round.setText(text)

    def _lay_out(self, theme: ThemeController) -> None:
        entries = FlowLayout()
        for entry in legend(self._counts):
            self._labels[entry.kind] = _small()
            entries.addWidget(_pair(TokenSample(entry.kind, theme), self._labels[entry.kind]))
        entries.addWidget(_pair(self._total))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(8)
        column.addLayout(entries)
        column.addWidget(self.round)
        column.addWidget(self.canvas)


class TokenSample(QWidget):
    """One token as the view paints it, for the legend."""

    def __init__(self, kind: Kind, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = kind
        self._theme = theme.current
        theme.changed.connect(self._on_theme)
        metrics = QFontMetricsF(token_font(kind))
        width = metrics.horizontalAdvance(strings.LEGEND_SAMPLE)
        self.setFixedSize(QSize(round(width) + 2, round(metrics.height()) + 2))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setFont(token_font(self._kind))
        box = QRectF(self.rect()).adjusted(0, 0, 0, -2)
        paint_token(painter, self._theme, box, strings.LEGEND_SAMPLE, self._kind)

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()


def _pair(*views: QWidget) -> QWidget:
    """Return a part of the legend that stays on one line."""
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, _GAP, 0)
    row.setSpacing(8)
    for view in views:
        row.addWidget(view)
    return both


def _small() -> QLabel:
    label = QLabel()
    label.setFont(fonts.small())
    label.setProperty("tone", "muted")
    return label
