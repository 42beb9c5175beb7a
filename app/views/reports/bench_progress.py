"""A benchmark under way: how far it is, what it comes to so far, and the button that stops it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.reports.bench_run import (
    BenchState,
    group_cells,
    headings,
    overall,
    progress_text,
    run_text,
)
from app.views.common import fonts
from app.views.common.buttons import push_button

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
        self.bar.setRange(0, 0 if share is None else _STEPS)  # without a range it runs to and fro
        self.bar.setValue(0 if share is None else round(share * _STEPS))
        self.stop.setEnabled(not state.stopping)
        groups = overall(state)
        self._show_rows([headings(), *map(group_cells, groups)] if groups else [])
        self.runs.setText("\n".join(map(run_text, reversed(state.runs))))
        self._last.setVisible(bool(state.runs))

    def cells(self) -> list[list[str]]:
        return [[cell.text() for cell in row if not cell.isHidden()] for row in self._cells]

    def _show_rows(self, rows: list[tuple[str, ...]]) -> None:
        """Labels are made once: a table built anew at every run would flicker."""
        while len(self._cells) < len(rows):
            self._cells.append(self._row(len(self._cells)))
        for i, cells in enumerate(self._cells):
            for j, cell in enumerate(cells):
                cell.setVisible(i < len(rows))
                cell.setText(rows[i][j] if i < len(rows) else "")

    def _row(self, index: int) -> list[QLabel]:
        found = [QLabel() for _ in headings()]
        for column, cell in enumerate(found):
            if index == 0:
                cell.setProperty("tone", "muted")
                cell.setFont(fonts.small())
            self._table.addWidget(cell, index, column)
        return found

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
