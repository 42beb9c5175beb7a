"""What a benchmark is to measure, and the button that starts it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.reports.bench_run import Choice, Suite, mode_text
from app.views.common import fonts
from app.views.common.buttons import push_button
from app.views.common.tips import plain_tip
from mtp_mlx.wire import MAX_DEPTH, Mtp

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
        self.texts = QCheckBox(strings.REPORT_TEXTS)
        self.start = push_button(strings.BENCH_START, "filled")
        self.note = QLabel(strings.BENCH_EXPLAINED)
        self.note.setProperty("tone", "muted")
        self.note.setFont(fonts.small())
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
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
        )

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
        grid.addWidget(QLabel(strings.BENCH_MODES_LABEL), 2, 0)
        grid.addLayout(modes, 2, 1, 1, 4)
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
    button.setCheckable(True)
    button.setChecked(on)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    told = strings.BENCH_MODE_HELP.get(str(mode)) or strings.BENCH_DEPTH_HELP.format(depth=mode)
    button.setToolTip(told)
    button.setAccessibleName(f"{strings.BENCH_MODES_LABEL} {mode_text(mode)}")
    return button
