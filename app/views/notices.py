"""What the window tells: a banner over trouble, a toast with what was done, a reply's end aloud."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QEnterEvent,
    QFocusEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app import strings
from app.domain.conversation import Chat, ChatMessage
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.footer import finish_text
from app.viewmodels.common.engine import Banner, EngineViewModel
from app.viewmodels.common.format import one_line
from app.viewmodels.common.undo import Offer, Undo
from app.views.commands import UNDO_KEYS
from app.views.common.controls import IconButton, push_button
from app.views.common.theme import ThemeController


class BannerView(QFrame):
    def __init__(
        self, engine: EngineViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)  # banners quote files and errors
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.restart = push_button(strings.RESTART, "outline")
        self.restart.clicked.connect(engine.restart)
        self._dismiss = IconButton("close", strings.DISMISS, theme)
        self._dismiss.clicked.connect(engine.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 10, 10)
        row.setSpacing(12)
        row.addWidget(self.text, 1)
        row.addWidget(self.restart)
        row.addWidget(self._dismiss)
        engine.banner_changed.connect(self._show)
        self._show(engine.banner)

    def _show(self, banner: Banner | None) -> None:
        self.setVisible(banner is not None)
        if banner is not None:
            self.text.setText(banner.message)
            self.setAccessibleName(banner.message)
            self.restart.setVisible(banner.can_restart)
            self._dismiss.setVisible(banner.can_dismiss)
            self.setProperty("tone", "quiet" if banner.about == "model" else "")
            self.style().unpolish(self)
            self.style().polish(self)


_GAP = 12


class Toast(QFrame):
    """One line above `below` that says what was done, with a button that undoes it or leads on.

    It takes no focus, and stays while the pointer or the focus is on it.
    """

    def __init__(self, undo: Undo, theme: ThemeController, below: QWidget) -> None:
        super().__init__(below.parentWidget())
        self.setObjectName("toast")
        self._undo = undo
        self._below = below
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = _Holding(undo)
        self.button.clicked.connect(undo.accept)
        self.close_button = IconButton("close", strings.DISMISS, theme)
        self.close_button.clicked.connect(undo.forget)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self.text)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        below.installEventFilter(self)
        undo.changed.connect(self._show)
        self._show(undo.current)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() in {QEvent.Type.Resize, QEvent.Type.Move}:
            self._place()
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        super().enterEvent(event)
        self._undo.hold()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._undo.release()

    def _show(self, offer: Offer | None) -> None:
        self.setVisible(offer is not None)
        if offer is None:
            return
        self.text.setText(offer.text)
        self.button.show_offer(offer)
        self.setAccessibleName(offer.text)
        self._place()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, offer.text))

    def _place(self) -> None:
        self.adjustSize()
        base = self._below.geometry()
        self.move(
            max(0, base.center().x() - self.width() // 2),
            max(0, base.top() - _GAP - self.height()),
        )
        self.raise_()


class _Holding(QPushButton):
    """A button that stops the toast's time while it has the focus."""

    def __init__(self, undo: Undo) -> None:
        super().__init__(strings.UNDO)
        self.setProperty("shape", "link")
        self._undo = undo

    def show_offer(self, offer: Offer) -> None:
        keys = QKeySequence(UNDO_KEYS).toString(QKeySequence.SequenceFormat.NativeText)
        self.setText(offer.label)
        self.setToolTip(strings.UNDO_HELP.format(shortcut=keys) if offer.undoes else "")

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self._undo.hold()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._undo.release()


class Announcer:
    """Has a screen reader say when a reply begins and how it ended."""

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
