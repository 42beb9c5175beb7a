"""The composer: the message being written, its files, and how many tokens it takes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.composing import ComposingViewModel
from app.viewmodels.chat.queueing import Unsent
from app.viewmodels.common import format as fmt
from app.viewmodels.models.switching import PairSwitching
from app.viewmodels.settings.reply_settings import differences, short
from app.views.chat.attached_files import ChipRow, ask_for_files
from app.views.chat.message_text import MessageText
from app.views.common import fonts
from app.views.common.controls import ElidedLabel, IconButton, plain_tip, push_button
from app.views.common.theme import ThemeController
from mtp_mlx.api import Sampling


class Offer(QWidget):
    """A line above the text with what can be done: words, and buttons as links."""

    def __init__(self, *buttons: QPushButton) -> None:
        super().__init__()
        self.words = ElidedLabel()
        self.words.setFont(fonts.small())
        self.words.setProperty("tone", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.words, 1)
        for button in buttons:
            button.setFont(fonts.small())
            row.addWidget(button)
        self.hide()

    def show_words(self, words: str) -> None:
        """Show the line with these words; "" hides it."""
        self.words.set_text(words)
        self.setVisible(bool(words))


class Composer(QFrame):
    settings_asked = Signal()

    def __init__(
        self,
        chat: ChatViewModel,
        composing: ComposingViewModel,
        pairs: PairSwitching,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self._chat = chat
        self._composing = composing
        self._pairs = pairs
        self._longer: int | None = None  # the context that is offered
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
        self.take_back = push_button(strings.TAKE_BACK, "link")
        self.queued = Offer(self.take_back)
        self.queued.setToolTip(strings.QUEUED_HELP)
        self.attach_pasted = push_button(strings.PASTED_ATTACH, "link")
        self.pasted = Offer(self.attach_pasted)
        self._pasted = ""
        self.full = QLabel()
        self.full.setFont(fonts.small())
        self.full.setProperty("tone", "warning")
        self.full.setWordWrap(True)
        self.leave_out = push_button(strings.LEAVE_OUT, "outline")
        self.leave_out.setToolTip(strings.LEAVE_OUT_HELP)
        self.lengthen = push_button("", "outline")
        self.go_on = push_button(strings.GO_ON_ELSEWHERE, "outline")
        self.go_on.setToolTip(strings.GO_ON_ELSEWHERE_HELP)
        self.send = push_button(strings.SEND, "filled")
        self.stop = push_button(strings.STOP, "outline")
        self.stop.setToolTip(strings.STOP_HELP)
        self.differs = push_button("", "link")
        self.differs.setFont(fonts.small())
        self.differs.setToolTip(strings.DIFFERS_HELP)
        self.as_before = push_button(strings.AS_BEFORE, "link")
        self.as_before.setFont(fonts.small())
        self._lay_out()
        self._connect()
        self.refresh()

    def _connect(self) -> None:
        chat, composing = self._chat, self._composing
        self.text.submitted.connect(self.submit)
        self.text.textChanged.connect(self._on_typed)
        self.text.focus_changed.connect(self.show_focus)
        self.text.files_given.connect(composing.attach)
        self.text.long_pasted.connect(self._offer_file)
        self.attach_pasted.clicked.connect(self._attach_pasted)
        self.take_back.clicked.connect(composing.take_back)
        self.leave_out.clicked.connect(composing.leave_out_oldest)
        self.go_on.clicked.connect(composing.go_on_elsewhere)
        self.lengthen.clicked.connect(self._lengthen)
        for button in (
            self.attach_pasted,
            self.take_back,
            self.leave_out,
            self.go_on,
            self.lengthen,
        ):
            button.clicked.connect(self.write)
        self.files.removed.connect(composing.remove)
        self.attach.clicked.connect(self.ask_for_files)
        self.settings.clicked.connect(self.settings_asked)
        self.differs.clicked.connect(self.settings_asked)
        self.as_before.clicked.connect(chat.take_settings_along)
        self.as_before.clicked.connect(self.write)
        self.send.clicked.connect(self.submit)
        self.stop.clicked.connect(chat.stop)
        self.stop.clicked.connect(self.write)
        self.show_written.clicked.connect(chat.open_written)
        composing.changed.connect(self.refresh)
        composing.sent.connect(self.text.clear)
        composing.returned.connect(self._write_on)
        chat.opened.connect(self._on_opened)

    def submit(self) -> None:
        self._composing.send()
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)  # the button goes with the sending

    def write(self) -> None:
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def ask_for_files(self) -> None:
        self._composing.attach(ask_for_files(self))

    def refresh(self) -> None:
        """Enable what can be done; where sending cannot, its note says why."""
        composing = self._composing
        writing, typed = self._chat.writing, bool(self.text.toPlainText().strip())
        self.send.setVisible(not writing or typed or bool(composing.attachments))
        self.send.setText(strings.QUEUE if writing else strings.SEND)
        self.stop.setVisible(writing)
        self.queued.show_words(_queued(composing.queue.here))
        self.full.setVisible(composing.is_full and not writing)
        for button in (self.leave_out, self.go_on):
            button.setVisible(composing.offers_ways and not writing)
        self._offer_context()
        self.full.setText(composing.obstacle if composing.is_full else "")
        self.show_written.setVisible(self._chat.background.chat is not None)
        self.send.setEnabled(composing.can_send)
        help_text = strings.QUEUE_HELP if writing else strings.SEND_HELP
        self.send.setToolTip(plain_tip(composing.obstacle or help_text))
        self.files.show_files(composing.attachments)
        self._show_settings()
        note = composing.note
        self.note.set_text(note.text if self.full.isHidden() else "")
        self.note.setProperty("tone", "warning" if note.warns else "muted")
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)

    def _offer_context(self) -> None:
        """Offer a longer context where the message needs one and the model and memory allow it."""
        composing, pairs = self._composing, self._pairs
        offers = composing.offers_ways and not self._chat.writing
        self._longer = pairs.longer_context(composing.used) if offers else None
        self.lengthen.setVisible(self._longer is not None)
        if self._longer is not None:
            tokens = fmt.count(self._longer)
            self.lengthen.setText(strings.LONGER_CONTEXT.format(tokens=tokens))
            self.lengthen.setToolTip(strings.LONGER_CONTEXT_HELP.format(tokens=tokens))

    def _lengthen(self) -> None:
        if self._longer is not None:
            self._pairs.lengthen(self._longer)

    def _show_settings(self) -> None:
        """Say what differs from the model's own settings, and what could be taken along."""
        pair = self._chat.pair
        own = Sampling() if pair is None else pair.recommended
        words = differences(self._chat.chat.settings, own)
        self.differs.setText(short(words))
        self.differs.setAccessibleName(strings.DIFFERS.format(settings=", ".join(words)))
        self.differs.setVisible(bool(words))
        before = self._chat.earlier_settings
        words = () if before is None else differences(before, own)
        self.as_before.setVisible(bool(words))
        self.as_before.setToolTip(strings.DIFFERS.format(settings=", ".join(words)))

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
        self._composing.write(text)
        if self._pasted not in text:
            self._offer_file("")
        if self._chat.writing:
            self.refresh()

    def _offer_file(self, pasted: str) -> None:
        """Offer to make a file of a text that was pasted; "" takes the offer back."""
        self._pasted = pasted
        lines = fmt.count(pasted.count("\n") + 1)
        self.pasted.show_words(strings.PASTED.format(lines=lines) if pasted else "")

    def _attach_pasted(self) -> None:
        pasted, text = self._pasted, self.text.toPlainText()
        at = text.rfind(pasted)
        if not pasted or at < 0:
            return
        self.text.setPlainText(text[:at] + text[at + len(pasted) :])
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self._composing.attach_text(pasted)

    def _write_on(self, text: str) -> None:
        self.text.setPlainText(text)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.write()

    def _on_opened(self) -> None:
        """Show the draft of the chat that was opened."""
        self.text.setPlainText(self._composing.draft.text)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.text.setFocus()
        self.refresh()

    def _lay_out(self) -> None:
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self.attach)
        bottom.addWidget(self.settings)
        bottom.addWidget(self.differs)
        bottom.addWidget(self.as_before)
        bottom.addWidget(self.note, 1)
        bottom.addWidget(self.show_written)
        bottom.addWidget(self.stop)
        bottom.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 12, 10)
        column.setSpacing(8)
        ways = QHBoxLayout()
        ways.setSpacing(6)
        ways.addWidget(self.lengthen)
        ways.addWidget(self.leave_out)
        ways.addWidget(self.go_on)
        ways.addStretch(1)
        column.addWidget(self.queued)
        column.addWidget(self.files)
        column.addWidget(self.pasted)
        column.addWidget(self.text)
        column.addWidget(self.full)
        column.addLayout(ways)
        column.addLayout(bottom)


def _queued(message: Unsent | None) -> str:
    if message is None:
        return ""
    files = strings.QUEUED_FILES.format(count=len(message.files)) if message.files else ""
    return strings.QUEUED.format(text=" ".join(message.text.split()) or files)
