"""For those who listen to the window: the start and the end of a reply are said aloud."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from app import strings
from app.domain.conversation import ChatMessage
from app.viewmodels.chat import ChatViewModel
from app.viewmodels.footer import finish_text


class Announcer:
    def __init__(self, chat: ChatViewModel, speaker: QWidget) -> None:
        self._speaker = speaker
        chat.reply_started.connect(self._on_started)
        chat.reply_ended.connect(self._on_ended)

    def say(self, text: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._speaker, text))

    def _on_started(self) -> None:
        self.say(strings.REPLY_STARTED)

    def _on_ended(self, message: ChatMessage) -> None:
        finish = "" if message.reply is None else finish_text(message.reply)
        self.say(strings.REPLY_ENDED.format(finish=finish))
