"""The composer: the message being written, its files, and how many tokens it takes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.composing import ComposingViewModel
from app.views.chat.attached_files import ChipRow, ask_for_files
from app.views.chat.message_text import MessageText
from app.views.common import fonts
from app.views.common.controls import ElidedLabel, IconButton, plain_tip, push_button
from app.views.common.theme import ThemeController


class Composer(QFrame):
    settings_asked = Signal()

    def __init__(
        self,
        chat: ChatViewModel,
        composing: ComposingViewModel,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self._chat = chat
        self._composing = composing
        self.text = MessageText()
        self.text.setPlaceholderText(strings.MESSAGE_HINT)
        self.files = ChipRow(theme, removable=True)
        self.attach = IconButton("attach", strings.ATTACH, theme)
        self.settings = IconButton("sliders", strings.REPLY_SETTINGS, theme)
        self.note = ElidedLabel()
        self.note.setFont(fonts.small())
        self.note.setProperty("tone", "muted")
        self.show_written = push_button(strings.SHOW_WRITTEN, "link")
        self.show_written.setToolTip(strings.SHOW_WRITTEN_HELP)
        self.show_written.setAccessibleName(strings.SHOW_WRITTEN_HELP)
        self.show_written.setFont(fonts.small())
        self.send = push_button(strings.SEND, "filled")
        self.stop = push_button(strings.STOP, "outline")
        self.stop.setToolTip(strings.STOP_HELP)
        self._lay_out()
        self.text.submitted.connect(self.submit)
        self.text.textChanged.connect(self._on_typed)
        self.text.focus_changed.connect(self.show_focus)
        self.text.files_given.connect(composing.attach)
        self.files.removed.connect(composing.remove)
        self.attach.clicked.connect(self.ask_for_files)
        self.settings.clicked.connect(self.settings_asked)
        self.send.clicked.connect(self.submit)
        self.stop.clicked.connect(chat.stop)
        self.show_written.clicked.connect(chat.open_written)
        composing.changed.connect(self.refresh)
        chat.opened.connect(self._on_opened)
        self.refresh()

    def submit(self) -> None:
        if self._composing.send():
            self.text.clear()

    def write(self) -> None:
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def ask_for_files(self) -> None:
        self._composing.attach(ask_for_files(self))

    def refresh(self) -> None:
        """Enable what can be done; where sending cannot, its note says why."""
        composing = self._composing
        self.send.setVisible(not self._chat.writing)
        self.stop.setVisible(self._chat.writing)
        self.show_written.setVisible(self._chat.background.chat is not None)
        self.send.setEnabled(composing.can_send)
        self.send.setToolTip(plain_tip(composing.obstacle or strings.SEND_HELP))
        self.files.show_files(composing.attachments)
        note = composing.note
        self.note.set_text(note.text)
        self.note.setProperty("tone", "warning" if note.warns else "muted")
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(640, super().sizeHint().height())

    def show_drag(self, over: bool) -> None:
        """Highlight the composer while files are dragged over the window."""
        self.show_focus(over or self.text.hasFocus())

    def show_focus(self, focused: bool) -> None:
        self.setProperty("focused", focused)
        self.style().unpolish(self)
        self.style().polish(self)

    def _on_typed(self) -> None:
        text = self.text.toPlainText()
        self._chat.drafts.write(text)
        self._composing.write(text)

    def _on_opened(self) -> None:
        """Show the draft of the chat that was opened."""
        self.text.setPlainText(self._chat.chat.draft)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.text.setFocus()
        self.refresh()

    def _lay_out(self) -> None:
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self.attach)
        bottom.addWidget(self.settings)
        bottom.addWidget(self.note, 1)
        bottom.addWidget(self.show_written)
        bottom.addWidget(self.stop)
        bottom.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.files)
        column.addWidget(self.text)
        column.addLayout(bottom)
