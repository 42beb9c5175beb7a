"""The chat, or in its place the speed reports; their row in the sidebar."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app import strings
from app.viewmodels.common.undo import Undo
from app.viewmodels.reports.reports import ReportsViewModel
from app.views.common.place_button import PlaceButton
from app.views.common.theme import ThemeController

SHORTCUT = "Ctrl+Shift+R"


class Places(QStackedWidget):
    """The reports' page is made when it is first asked for: the window opens without it."""

    export_asked = Signal(bool)  # the open report, with prompts and replies

    def __init__(
        self, chat: QWidget, reports: ReportsViewModel, undo: Undo, theme: ThemeController
    ) -> None:
        super().__init__()
        self._chat = chat
        self._reports = reports
        self._undo = undo
        self._theme = theme
        self._page: QWidget | None = None
        self.addWidget(chat)
        self.button = PlaceButton("gauge", strings.REPORTS, strings.REPORTS_HELP, SHORTCUT, theme)
        self.button.clicked.connect(self.toggle)
        self.currentChanged.connect(self._on_changed)

    @property
    def shows_reports(self) -> bool:
        return self.currentWidget() is not self._chat

    def toggle(self) -> None:
        if self.shows_reports:
            self.show_chat()
        else:
            self.show_reports()

    def show_chat(self) -> None:
        self.setCurrentWidget(self._chat)

    def show_reports(self) -> None:
        if self._page is None:
            from app.views.reports.reports_page import ReportsPage

            page = ReportsPage(self._reports, self._undo, self._theme)
            page.leave_asked.connect(self.show_chat)
            page.export_asked.connect(self.export_asked)
            self.addWidget(page)
            self._page = page
        self.setCurrentWidget(self._page)

    def _on_changed(self) -> None:
        self.button.setChecked(self.shows_reports)
