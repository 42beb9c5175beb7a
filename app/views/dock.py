"""The program's icon in the Dock: a badge counts the chats with a reply that nobody has seen."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from app.viewmodels.sidebar.chat_list import ChatListViewModel


class Badge(QObject):
    """Qt shows it on a Mac and in Linux docks that know such counts; elsewhere nothing happens."""

    def __init__(self, chats: ChatListViewModel, parent: QObject) -> None:
        super().__init__(parent)
        self._chats = chats
        self._shown = 0
        chats.changed.connect(self._show)

    def _show(self) -> None:
        application = QGuiApplication.instance()
        unseen = self._chats.unseen
        if unseen != self._shown and isinstance(application, QGuiApplication):
            self._shown = unseen
            application.setBadgeNumber(unseen)
