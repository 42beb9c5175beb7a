"""The speed reports' page: starting a benchmark, watching it, and the list of past reports."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.services.report_files import ReportEntry
from app.viewmodels.common.undo import Undo
from app.viewmodels.reports.bench_run import BenchState
from app.viewmodels.reports.report_line import ReportLine, report_line
from app.viewmodels.reports.reports import ReportsState, ReportsViewModel
from app.views.common import fonts
from app.views.common.controls import IconButton, push_button
from app.views.common.theme import ThemeController
from app.views.notices import Toast
from app.views.reports.bench_view import BenchProgressView, BenchSetup
from app.views.reports.report_reader import ReportReader

_NAME = Qt.ItemDataRole.UserRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_DELETES = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class ReportList(QWidget):
    open_asked = Signal(str)
    compare_asked = Signal(str, str)
    delete_asked = Signal(str)

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._entries: tuple[ReportEntry, ...] = ()
        self.tree = _Tree()
        self.open = push_button(strings.REPORT_OPEN, "outline")
        self.compare = push_button(strings.REPORT_COMPARE, "outline")
        self.compare.setToolTip(strings.REPORT_COMPARE_HELP)
        self.delete = push_button(strings.REPORT_DELETE, "outline")
        self.empty = QLabel(strings.REPORTS_NONE)
        self.empty.setProperty("tone", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self._lay_out()
        self.tree.itemSelectionChanged.connect(self._refresh)
        self.tree.itemActivated.connect(lambda item: self.open_asked.emit(item.data(0, _NAME)))
        self.tree.delete_asked.connect(self._delete)
        self.open.clicked.connect(lambda: self._with_one(self.open_asked.emit))
        self.delete.clicked.connect(self._delete)
        self.compare.clicked.connect(self._compare)
        theme.changed.connect(self._fill)
        self._fill()

    def show_entries(self, entries: Sequence[ReportEntry]) -> None:
        if tuple(entries) != self._entries:
            self._entries = tuple(entries)
            self._fill()

    def selected(self) -> list[str]:
        return [item.data(0, _NAME) for item in self.tree.selectedItems()]

    def _fill(self) -> None:
        kept = set(self.selected())
        self.tree.clear()
        for entry in self._entries:
            item = self._item(report_line(entry))
            item.setData(0, _NAME, entry.name)
            self.tree.addTopLevelItem(item)
            item.setSelected(entry.name in kept)
        self._stack.setCurrentWidget(self.tree if self._entries else self.empty)
        self._refresh()

    def _item(self, line: ReportLine) -> QTreeWidgetItem:
        item = QTreeWidgetItem([line.title, line.pair, line.day, line.figure])
        token = "warning" if line.slower or not line.pair else "text"
        item.setForeground(3, self._theme.current.color(token))
        item.setTextAlignment(3, _RIGHT)
        for column in range(4):
            item.setToolTip(column, f"<p>{escape(line.help).replace(chr(10), '<br>')}</p>")
        return item

    def _refresh(self) -> None:
        count = len(self.selected())
        self.open.setEnabled(count == 1)
        self.delete.setEnabled(count > 0)
        self.compare.setEnabled(count == 2)

    def _with_one(self, ask: object) -> None:
        names = self.selected()
        if len(names) == 1 and callable(ask):
            ask(names[0])

    def _delete(self) -> None:
        for name in self.selected():
            self.delete_asked.emit(name)

    def _compare(self) -> None:
        names = self.selected()
        if len(names) == 2:
            self.compare_asked.emit(*names)

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self.empty)
        title = QLabel(strings.REPORTS_PAST)
        title.setFont(fonts.strong())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(title, 1)
        for button in (self.delete, self.compare, self.open):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._stack, 1)


class _Tree(QTreeWidget):
    """A list in which several reports can be selected: two to compare, any number to delete."""

    delete_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("reportList")
        self.setAccessibleName(strings.REPORTS_LIST)
        self.setHeaderLabels(list(strings.REPORT_HEADS))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setMinimumHeight(120)
        head = self.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        head.resizeSection(1, _PAIR_WIDTH)
        for column in (2, 3):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.headerItem().setTextAlignment(3, _RIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in _DELETES:
            self.delete_asked.emit()
        else:
            super().keyPressEvent(event)


_EDGE = 24
_PAIR_WIDTH = 180


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
        self._show_running(state.running)
        self.list.show_entries(state.entries)
        if self._is_empty and state.entries:  # the first ones have come
            self._is_empty = False
            if self.window().focusWidget() is self.setup.start:
                self.list.tree.setFocus()
        self.reader.show_state(state)
        self._stack.setCurrentWidget(self._home if state.shown is None else self.reader)
        self._refresh()

    def _show_running(self, running: BenchState | None) -> None:
        """Show the setup or the progress; the focus goes from the one that leaves to the other."""
        focus = QApplication.focusWidget()
        if running is None:
            self.setup.show()
            if focus is self.progress.stop:
                self.setup.start.setFocus()
            self.progress.hide()
            return
        self.progress.show_state(running)
        self.progress.show()
        if focus is not None and self.setup.isAncestorOf(focus):
            self.progress.stop.setFocus()
        self.setup.hide()

    def _refresh(self) -> None:
        self.setup.set_obstacle(self._reports.obstacle)
        self.setup.set_context_length(self._reports.context_length)

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
