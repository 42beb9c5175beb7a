"""An open report: back, export and copy above, the report below."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from app import strings
from app.services.report import has_texts, without_texts
from app.viewmodels.reports.reports import ReportsState
from app.views.common.buttons import push_button
from app.views.common.theme import ThemeController
from app.views.reports.report_browser import ReportBrowser
from mtp_mlx.report.model import Report
from mtp_mlx.report.writer import markdown

_SAID_MS = 1500


class ReportReader(QWidget):
    back_asked = Signal()
    export_asked = Signal(bool)  # with prompts and replies
    delete_asked = Signal(str)  # its file

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ReportsState()
        self.back = push_button(strings.REPORTS_BACK, "outline")
        self.export = push_button(strings.REPORT_EXPORT, "filled")
        self.markdown = push_button(strings.REPORT_COPY_MARKDOWN, "outline")
        self.card = push_button(strings.REPORT_COPY_CARD, "outline")
        self.delete = push_button(strings.REPORT_DELETE, "outline")
        self.texts = QCheckBox(strings.REPORT_TEXTS)
        self.texts.setToolTip(strings.REPORT_TEXTS_HELP)
        self.browser = ReportBrowser(theme)
        self._copied = QTimer(self, singleShot=True, interval=_SAID_MS)
        self._copied.timeout.connect(self._name_copies)
        self._lay_out()
        self.back.clicked.connect(self.back_asked)
        self.export.clicked.connect(lambda: self.export_asked.emit(self.texts.isChecked()))
        self.markdown.clicked.connect(self._copy_markdown)
        self.card.clicked.connect(self._copy_card)
        self.delete.clicked.connect(self._ask_to_delete)

    def show_state(self, state: ReportsState) -> None:
        """Of two, nothing is exported or deleted: each is opened for that."""
        if state.shown is None:
            return
        if state.shown != self._state.shown:
            self.texts.setChecked(False)  # private again for every report
        self._state = state
        alone = state.beside is None
        for button in (self.export, self.markdown, self.card):
            button.setVisible(alone)
        self.delete.setVisible(alone and state.shown.name is not None)
        self.texts.setVisible(alone and has_texts(state.shown.report))
        self.browser.show_report(state.shown, state.beside)

    def _told(self) -> Report | None:
        """What may be copied."""
        shown = self._state.shown
        if shown is None:
            return None
        return shown.report if self.texts.isChecked() else without_texts(shown.report)

    def _copy_markdown(self) -> None:
        report = self._told()
        if report is not None:
            QGuiApplication.clipboard().setText(markdown(report))
            self._say_copied(self.markdown)

    def _copy_card(self) -> None:
        """Imported where it is asked for: the window opens without it."""
        from mtp_mlx.report import painter

        report = self._told()
        if report is not None:
            QGuiApplication.clipboard().setImage(QImage.fromData(painter.png(report)))
            self._say_copied(self.card)

    def _say_copied(self, button: QWidget) -> None:
        self._name_copies()
        button.setProperty("text", strings.REPORT_COPIED)
        self._copied.start()

    def _name_copies(self) -> None:
        self.markdown.setText(strings.REPORT_COPY_MARKDOWN)
        self.card.setText(strings.REPORT_COPY_CARD)

    def _ask_to_delete(self) -> None:
        shown = self._state.shown
        if shown is not None and shown.name is not None:
            self.delete_asked.emit(shown.name)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.back)
        row.addStretch(1)
        for button in (self.markdown, self.card, self.delete, self.export):
            row.addWidget(button)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(self.texts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addLayout(below)
        column.addWidget(self.browser, 1)
