"""A benchmark: what it is to measure, and how far it is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.reports.bench_run import (
    BenchState,
    Choice,
    Suite,
    contexts_text,
    contexts_within,
    group_cells,
    headings,
    mode_text,
    overall,
    progress_text,
    run_text,
)
from app.views.common import fonts
from app.views.common.controls import plain_tip, push_button
from mtp_mlx.api import MAX_DEPTH, Mtp

_MOST_REPEATS = 50
_MOST_TOKENS = 8192
_INSET = (6, 0, 6, 0)


class BenchSetup(QFrame):
    start_asked = Signal(object)  # Choice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lane")
        usual = Choice()
        self._obstacle = ""
        self.suite = QComboBox()
        for suite, text in strings.BENCH_SUITES.items():
            self.suite.addItem(text, suite)
        self.modes: dict[Mtp, QToolButton] = {
            mode: _mode(mode, on=mode in usual.modes)
            for mode in ("off", "auto", *range(1, MAX_DEPTH + 1))
        }
        self.modes["off"].setEnabled(False)
        self.repeats = _number(1, _MOST_REPEATS, usual.repeats)
        self.tokens = _number(8, _MOST_TOKENS, usual.max_tokens)
        self.temperature = QComboBox()
        self.temperature.addItem(strings.BENCH_GREEDY, userData=False)
        self.temperature.addItem(strings.BENCH_OWN, userData=True)
        self.context = QComboBox()
        self.context.setToolTip(plain_tip(strings.BENCH_CONTEXT_HELP))
        self._contexts = contexts_within(0, 0)
        self._context_length = 0  # of the loaded pair; 0 without one
        self.texts = QCheckBox(strings.REPORT_TEXTS)
        self.start = push_button(strings.BENCH_START, "filled")
        self.note = QLabel(strings.BENCH_EXPLAINED)
        self.note.setProperty("tone", "muted")
        self.note.setFont(fonts.small())
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        self._offer_contexts()
        self.tokens.valueChanged.connect(self._offer_contexts)
        for button in self.modes.values():
            button.toggled.connect(self._refresh)
        self.start.clicked.connect(lambda: self.start_asked.emit(self.choice()))
        self._refresh()

    def choice(self) -> Choice:
        suite: Suite = "full" if self.suite.currentData() == "full" else "quick"
        return Choice(
            suite=suite,
            modes=tuple(mode for mode, button in self.modes.items() if button.isChecked()),
            repeats=self.repeats.value(),
            max_tokens=self.tokens.value(),
            own_sampling=bool(self.temperature.currentData()),
            include_text=self.texts.isChecked(),
            context_tokens=self._contexts[max(self.context.currentIndex(), 0)],
        )

    def set_context_length(self, tokens: int) -> None:
        """Offer the contexts that a model of so long a context holds."""
        self._context_length = tokens
        self._offer_contexts()

    def _offer_contexts(self) -> None:
        """Offer what fits; what was chosen stays chosen as long as it does."""
        chosen = self.choice().context_tokens
        within = contexts_within(self._context_length, self.tokens.value())
        if within == self._contexts and self.context.count():
            return
        self._contexts = within
        self.context.clear()
        self.context.addItems(list(map(contexts_text, within)))
        self.context.setCurrentIndex(within.index(chosen) if chosen in within else 0)

    def set_obstacle(self, obstacle: str) -> None:
        self._obstacle = obstacle
        self._refresh()

    def _refresh(self) -> None:
        missing = "" if self.choice().compares else strings.BENCH_NO_MODE
        why = self._obstacle or missing
        self.start.setEnabled(not why)
        self.start.setToolTip(plain_tip(why))
        self.note.setText(why or strings.BENCH_EXPLAINED)

    def _lay_out(self) -> None:
        title = QLabel(strings.BENCH_NEW)
        title.setFont(fonts.strong())
        modes = QHBoxLayout()
        modes.setSpacing(4)
        for button in self.modes.values():
            modes.addWidget(button)
        modes.addStretch(1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.addWidget(_named(strings.BENCH_SUITE, self.suite), 0, 0)
        grid.addWidget(self.suite, 0, 1)
        grid.addWidget(_named(strings.BENCH_REPEATS, self.repeats), 0, 2)
        grid.addWidget(self.repeats, 0, 3)
        grid.addWidget(_named(strings.BENCH_TEMPERATURE, self.temperature), 1, 0)
        grid.addWidget(self.temperature, 1, 1)
        grid.addWidget(_named(strings.BENCH_TOKENS, self.tokens), 1, 2)
        grid.addWidget(self.tokens, 1, 3)
        grid.addWidget(_named(strings.BENCH_CONTEXT, self.context), 2, 0)
        grid.addWidget(self.context, 2, 1)
        grid.addWidget(QLabel(strings.BENCH_MODES_LABEL), 3, 0)
        grid.addLayout(modes, 3, 1, 1, 4)
        grid.setColumnStretch(4, 1)
        last = QHBoxLayout()
        last.addWidget(self.texts)
        last.addStretch(1)
        last.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(self.note)
        column.addLayout(grid)
        column.addLayout(last)


def _named(name: str, widget: QWidget) -> QLabel:
    widget.setAccessibleName(name)
    return QLabel(name)


def _number(least: int, most: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setValue(value)
    box.setMinimumWidth(72)
    box.lineEdit().setTextMargins(*_INSET)
    return box


def _mode(mode: Mtp, *, on: bool) -> QToolButton:
    button = QToolButton()
    button.setText(str(mode) if isinstance(mode, int) else mode_text(mode))
    button.setProperty("shape", "chip")
    button.setCheckable(True)
    button.setChecked(on)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    tip = strings.BENCH_MODE_HELP.get(str(mode)) or strings.BENCH_DEPTH_HELP.format(depth=mode)
    button.setToolTip(tip)
    button.setAccessibleName(f"{strings.BENCH_MODES_LABEL} {mode_text(mode)}")
    return button


_STEPS = 1000
_HEIGHT = 5


class BenchProgressView(QFrame):
    stop_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lane")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setFont(fonts.strong())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(_HEIGHT)
        self.bar.setAccessibleName(strings.BENCH_PROGRESS)
        self.stop = push_button(strings.BENCH_STOP, "outline")
        self.stop.setToolTip(strings.BENCH_STOP_HELP)
        self.runs = QLabel()
        self.runs.setProperty("tone", "muted")
        self.runs.setFont(fonts.small())
        self.runs.setTextFormat(Qt.TextFormat.PlainText)
        self._last = QLabel(strings.BENCH_LAST)
        self._last.setFont(fonts.small())
        self._cells: list[list[QLabel]] = []
        self._table = QGridLayout()
        self._table.setHorizontalSpacing(24)
        self._table.setVerticalSpacing(4)
        self._lay_out()
        self.stop.clicked.connect(self.stop_asked)

    def show_state(self, state: BenchState) -> None:
        self.text.setText(progress_text(state))
        share = state.share
        self.bar.setRange(0, 0 if share is None else _STEPS)  # without a range: activity only
        self.bar.setValue(0 if share is None else round(share * _STEPS))
        self.stop.setEnabled(not state.stopping)
        groups = overall(state)
        self._show_rows([headings(), *map(group_cells, groups)] if groups else [])
        self.runs.setText("\n".join(map(run_text, reversed(state.runs))))
        self._last.setVisible(bool(state.runs))

    def cells(self) -> list[list[str]]:
        return [[cell.text() for cell in row if not cell.isHidden()] for row in self._cells]

    def _show_rows(self, rows: list[tuple[str, ...]]) -> None:
        """Make the labels once: a table built anew at every run would flicker."""
        while len(self._cells) < len(rows):
            self._cells.append(self._row(len(self._cells)))
        for i, cells in enumerate(self._cells):
            for j, cell in enumerate(cells):
                cell.setVisible(i < len(rows))
                cell.setText(rows[i][j] if i < len(rows) else "")

    def _row(self, index: int) -> list[QLabel]:
        labels = [QLabel() for _ in headings()]
        for column, cell in enumerate(labels):
            if index == 0:
                cell.setProperty("tone", "muted")
                cell.setFont(fonts.small())
            self._table.addWidget(cell, index, column)
        return labels

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.text, 1)
        head.addWidget(self.stop)
        self._table.setColumnStretch(len(headings()), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addLayout(self._table)
        column.addWidget(self._last)
        column.addWidget(self.runs)
