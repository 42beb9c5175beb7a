"""Where one writes: grows with the text, Enter sends, Shift+Enter begins a line."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.chat import ChatViewModel
from app.views import fonts
from app.views.buttons import IconButton, push_button
from app.views.theme import ThemeController

_MOST_LINES = 9
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ComposerText(QPlainTextEdit):
    submitted = Signal()
    focus_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composerText")
        self.setFont(fonts.reading())
        self.setPlaceholderText(strings.MESSAGE_HINT)
        self.setAccessibleName(strings.MESSAGE)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in _ENTER and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Its document counts in lines, wrapped ones included."""
        lines = self.document().documentLayout().documentSize().height()
        shown = min(max(1, ceil(lines)), _MOST_LINES)
        scrolls = lines > _MOST_LINES
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if scrolls
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self.setFixedHeight(shown * self.fontMetrics().lineSpacing() + 4)


class Composer(QFrame):
    settings_asked = Signal()

    def __init__(
        self, chat: ChatViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self._chat = chat
        self.text = ComposerText()
        self.settings = IconButton("sliders", strings.REPLY_SETTINGS, theme)
        self.note = QLabel()
        self.note.setFont(fonts.small())
        self.note.setProperty("tone", "muted")
        self.send = push_button(strings.SEND, "filled")
        self.stop = push_button(strings.STOP, "outline")
        self.stop.setToolTip(strings.STOP_HELP)
        self._lay_out()
        self.text.submitted.connect(self.submit)
        self.text.textChanged.connect(self._on_typed)
        self.text.focus_changed.connect(self._show_focus)
        self.settings.clicked.connect(self.settings_asked)
        self.send.clicked.connect(self.submit)
        self.stop.clicked.connect(chat.stop)
        chat.changed.connect(self.refresh)
        chat.opened.connect(self._on_opened)
        self.refresh()

    def submit(self) -> None:
        if self._chat.send(self.text.toPlainText()):
            self.text.clear()

    def write(self) -> None:
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def refresh(self) -> None:
        """What cannot be done says why."""
        obstacle = self._chat.obstacle
        has_text = bool(self.text.toPlainText().strip())
        self.send.setVisible(not self._chat.writing)
        self.stop.setVisible(self._chat.writing)
        self.send.setEnabled(has_text and not obstacle)
        self.send.setToolTip(obstacle or strings.SEND_HELP)
        self.note.setText(obstacle or self._chat.context_text)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(640, super().sizeHint().height())

    def _on_typed(self) -> None:
        self._chat.set_draft(self.text.toPlainText())
        self.refresh()

    def _on_opened(self) -> None:
        """What was not sent is where it was left: with its chat."""
        self.text.setPlainText(self._chat.chat.draft)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.text.setFocus()
        self.refresh()

    def _show_focus(self, focused: bool) -> None:
        self.setProperty("focused", focused)
        self.style().unpolish(self)
        self.style().polish(self)

    def _lay_out(self) -> None:
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self.settings)
        bottom.addWidget(self.note, 1)
        bottom.addWidget(self.stop)
        bottom.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.text)
        column.addLayout(bottom)
