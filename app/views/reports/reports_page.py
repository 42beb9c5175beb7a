"""The speed reports' page: start a benchmark, watch it, and read past reports."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.common.undo import Undo
from app.viewmodels.reports.reports import ReportsState, ReportsViewModel
from app.views.common import fonts
from app.views.common.controls import IconButton, push_button
from app.views.common.theme import ThemeController
from app.views.notices import Toast
from app.views.reports.bench_view import BenchProgressView, BenchSetup
from app.views.reports.report_list import ReportList
from app.views.reports.report_reader import ReportReader

_EDGE = 24


class ReportsPage(QWidget):
    leave_asked = Signal()
    export_asked = Signal(bool)  # the open report, with prompts and replies

    def __init__(
        self,
        reports: ReportsViewModel,
        undo: Undo,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._reports = reports
        self.leave = push_button(strings.REPORTS_LEAVE, "outline")
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.dismiss = IconButton("close", strings.DISMISS, theme)
        self.setup = BenchSetup()
        self.progress = BenchProgressView()
        self.list = ReportList(theme)
        self.reader = ReportReader(reports, theme)
        self._is_empty = False
        self._lay_out()
        self.toast = Toast(undo, theme, self._floor)
        self._connect()
        self._show(reports.state)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Read the folder again: other windows may have written into it."""
        super().showEvent(event)
        self._reports.arrive()
        if not event.spontaneous():
            (self.list.tree if self._reports.state.entries else self.setup.start).setFocus()
            self._is_empty = not self._reports.state.entries

    def _connect(self) -> None:
        reports = self._reports
        self.leave.clicked.connect(self.leave_asked)
        self.dismiss.clicked.connect(reports.dismiss)
        self.setup.start_asked.connect(reports.begin)
        self.progress.stop_asked.connect(reports.stop)
        self.list.open_asked.connect(reports.open)
        self.list.compare_asked.connect(reports.compare)
        self.list.delete_asked.connect(reports.delete)
        self.reader.back_asked.connect(reports.close)
        self.reader.delete_asked.connect(reports.delete)
        self.reader.export_asked.connect(self.export_asked)
        reports.changed.connect(self._show)
        reports.availability_changed.connect(self._refresh)

    def _show(self, state: ReportsState) -> None:
        self._note_row.setVisible(bool(state.note))
        self.note.setText(state.note)
        self.setup.setVisible(state.running is None)
        self.progress.setVisible(state.running is not None)
        if state.running is not None:
            self.progress.show_state(state.running)
        self.list.show_entries(state.entries)
        if self._is_empty and state.entries:  # the first ones have come
            self._is_empty = False
            if self.window().focusWidget() is self.setup.start:
                self.list.tree.setFocus()
        self.reader.show_state(state)
        self._stack.setCurrentWidget(self._home if state.shown is None else self.reader)
        self._refresh()

    def _refresh(self) -> None:
        self.setup.set_obstacle(self._reports.obstacle)

    def _lay_out(self) -> None:
        title = QLabel(strings.REPORTS)
        title.setFont(fonts.title())
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self.leave)
        self._note_row = QWidget()
        note = QHBoxLayout(self._note_row)
        note.setContentsMargins(0, 0, 0, 0)
        note.addWidget(self.note, 1)
        note.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self._home = QWidget()
        home = QVBoxLayout(self._home)
        home.setContentsMargins(0, 0, 0, 0)
        home.setSpacing(14)
        home.addWidget(self.setup)
        home.addWidget(self.progress)
        home.addWidget(self.list, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._home)
        self._stack.addWidget(self.reader)
        self._floor = QWidget()  # the toast floats above it
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, 16, _EDGE, 0)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self._note_row)
        column.addWidget(self._stack, 1)
        self._floor.setFixedHeight(16)
        column.addWidget(self._floor)
