"""For those who listen to the window: the start and the end of a reply are said aloud."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from app import strings
from app.domain.conversation import Chat, ChatMessage
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.footer import finish_text
from app.viewmodels.common.format import one_line


class Announcer:
    def __init__(self, chat: ChatViewModel, speaker: QWidget) -> None:
        self._speaker = speaker
        chat.reply_started.connect(self._on_started)
        chat.reply_ended.connect(self._on_ended)
        chat.ended_elsewhere.connect(self._on_ended_elsewhere)

    def say(self, text: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._speaker, text))

    def _on_started(self) -> None:
        self.say(strings.REPLY_STARTED)

    def _on_ended(self, message: ChatMessage) -> None:
        self.say(strings.REPLY_ENDED.format(finish=_finish(message)))

    def _on_ended_elsewhere(self, chat: Chat, message: ChatMessage) -> None:
        title = one_line(chat.title)
        self.say(strings.REPLY_ENDED_ELSEWHERE.format(title=title, finish=_finish(message)))


def _finish(message: ChatMessage) -> str:
    return "" if message.reply is None else finish_text(message.reply)
