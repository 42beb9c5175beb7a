"""The dialog behind a reply's info button: its numbers, its rounds over time, and its report."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.domain.conversation import ReplyRecord
from app.domain.numbers import numbers_of
from app.viewmodels.chat.footer import facts
from app.viewmodels.tokens.timeline import Timeline, bar_text, timeline
from app.views.common import fonts
from app.views.common.controls import push_button
from app.views.common.theme import ThemeController
from app.views.overlay.charts import PositionBars
from app.views.tokens.token_canvas import TokenCanvas

_SIZE = (940, 560)
_FACTS_WIDTH = 370
_TOKENS_HEIGHT = 72


class Details(QDialog):
    save_asked = Signal(bool)  # with the prompt and the reply

    def __init__(
        self, reply: ReplyRecord, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(strings.REPLY_NUMBERS)
        self.resize(*_SIZE)
        self._reply = reply
        self._theme = theme
        self._timeline: Timeline = timeline(reply)
        self.round = QLabel(strings.TIMELINE_HINT)
        self.round.setFont(fonts.small())
        self.round.setProperty("tone", "muted")
        self.round.setWordWrap(True)
        self.tokens = TokenCanvas(theme)
        self.save = push_button(strings.SAVE_REPORT, "outline")
        self.texts = QCheckBox(strings.REPORT_REPLY_TEXTS)
        self.save.clicked.connect(lambda: self.save_asked.emit(self.texts.isChecked()))
        self.save.setAutoDefault(False)
        self._lay_out()

    def choose(self, bar: int) -> None:
        """Say what round a bar is, and show its tokens."""
        chosen = self._timeline.bars[bar]
        self.round.setText(bar_text(chosen, self._reply.rounds))
        self.tokens.show_others(self._reply.rounds[chosen.first : chosen.last + 1])

    def _lay_out(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(24)
        columns.addLayout(self._facts())
        columns.addLayout(self._rounds(), 1)
        buttons = QDialogButtonBox()
        close = push_button(strings.CLOSE, "filled")
        buttons.addButton(self.texts, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(close, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        close.setDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(16)
        column.addLayout(columns, 1)
        column.addWidget(buttons)

    def _facts(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(10)
        title = QLabel(strings.REPLY_NUMBERS)
        title.setFont(fonts.strong())
        column.addWidget(title)
        column.addLayout(_grid(self._reply))
        column.addStretch(1)
        shares = numbers_of(self._reply).acceptance_by_position
        if shares:
            label = QLabel(strings.BY_POSITION)
            label.setFont(fonts.small())
            label.setProperty("tone", "muted")
            bars = PositionBars(self._theme)
            bars.show_shares(shares)
            bars.setFixedWidth(_FACTS_WIDTH)
            column.addWidget(label)
            column.addWidget(bars)
        return column

    def _rounds(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        title = QLabel(strings.TIMELINE)
        title.setFont(fonts.strong())
        column.addWidget(title)
        if not self._timeline.bars:
            column.addWidget(QLabel(strings.NO_ROUNDS))
            column.addStretch(1)
            return column
        from app.views.tokens.timeline_plot import StateLegend, TimelinePlot

        self.plot = TimelinePlot(self._timeline, self._theme)
        self.plot.selected.connect(self.choose)
        column.addWidget(self.plot, 1)
        column.addWidget(StateLegend(self._timeline, self._theme))
        column.addWidget(self.round)
        column.addWidget(_scrolled(self.tokens))
        return column


def _scrolled(tokens: TokenCanvas) -> QScrollArea:
    area = QScrollArea()
    area.setObjectName("transcriptArea")
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFixedHeight(_TOKENS_HEIGHT)
    area.setWidget(tokens)
    return area


def _grid(reply: ReplyRecord) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(6)
    for row, fact in enumerate(facts(reply)):
        label = QLabel(fact.label)
        label.setProperty("tone", "muted")
        label.setFont(fonts.small())
        value = QLabel(fact.value)
        value.setFont(fonts.small())
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(value, row, 1)
    grid.setColumnStretch(1, 1)
    grid.setColumnMinimumWidth(1, _FACTS_WIDTH - 140)
    return grid
