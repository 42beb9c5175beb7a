"""Questions being edited: how much of the context each would take, and asking them again."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain import context
from app.domain.conversation import ChatMessage, with_files
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.composing import COUNT_MS, Note
from app.viewmodels.chat.token_counter import TokenCounter
from app.viewmodels.common import format as fmt
from app.viewmodels.common.throttle import Throttle

_KEY = "edit "  # before the message's id: the counter's key of its text


@dataclass(slots=True)
class _Edited:
    """`before` are the tokens of what the question follows; the text is as the model reads it."""

    message: ChatMessage
    before: int
    text: str
    tokens: int | None = None  # None: not counted yet
    asked: str | None = None  # what is to be asked once it is known that the context holds it


class RewritingViewModel(QObject):
    """Counts an edited question as the composer's text is counted: before it is asked."""

    changed = Signal()

    def __init__(
        self, chat: ChatViewModel, counter: TokenCounter, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._chat = chat
        self._counter = counter
        self._edited: dict[str, _Edited] = {}  # by message
        self._count = Throttle(COUNT_MS, self._count_texts, self)
        counter.counted.connect(self._on_counted)
        counter.refused.connect(lambda key: self._on_counted(key, 0))
        chat.opened.connect(self._forget_all)
        chat.changed.connect(self.changed)

    def write(self, message_id: str, text: str) -> None:
        """Count the text that the editor of a question holds now."""
        edited = self._edited.get(message_id) or self._begun(message_id)
        if edited is None:
            return
        edited.text = with_files(text, edited.message.attachments)
        edited.tokens = None if edited.text else 0
        edited.asked = None
        self._count.request()
        self.changed.emit()

    def forget(self, message_id: str) -> None:
        """Stop counting a question: its editor was closed."""
        if self._edited.pop(message_id, None) is not None:
            self._counter.forget(_KEY + message_id)

    def obstacle(self, message_id: str) -> str:
        """Return why the question cannot be asked as it stands; "" where it can."""
        edited = self._edited.get(message_id)
        if self._chat.obstacle or edited is None:
            return self._chat.obstacle
        if edited.asked is not None:
            return strings.OBSTACLE_COUNTING
        return self._of_context(strings.EDIT_FULL, edited) if self._is_full(edited) else ""

    def note(self, message_id: str) -> Note:
        """Return an obstacle, or how much of the context is used and what the keys do."""
        edited = self._edited.get(message_id)
        if obstacle := self.obstacle(message_id):
            return Note(text=obstacle, warns=edited is not None and self._is_full(edited))
        if edited is None or self._length is None:
            return Note(text=strings.EDIT_HINT)
        used = self._of_context(strings.CONTEXT, edited)
        return Note(text=strings.SEPARATOR.join((strings.EDIT_HINT, used)))

    def ask(self, message_id: str, text: str) -> None:
        """Ask the question with another text, once it is known that the context holds it."""
        edited = self._edited.get(message_id)
        if self.obstacle(message_id):
            return
        if edited is None or self._surely_fits(edited):
            if self._chat.edit(message_id, text):
                self.forget(message_id)
            return
        edited.asked = text
        self._count.flush()
        self.changed.emit()

    @property
    def _length(self) -> int | None:
        return None if self._chat.pair is None else self._chat.pair.context_length

    def _begun(self, message_id: str) -> _Edited | None:
        message = self._chat.message(message_id)
        if message is None:
            return None
        path = self._chat.history.path(message.parent)
        before = context.tokens(path, self._chat.chat.sent_from)
        edited = self._edited[message_id] = _Edited(message, before, "")
        return edited

    def _is_full(self, edited: _Edited) -> bool:
        used = edited.before + (edited.tokens or 0)
        return self._length is not None and used >= self._length

    def _surely_fits(self, edited: _Edited) -> bool:
        """Whether it is counted, or short enough whatever its count: a token is a byte or more."""
        if self._length is None or edited.tokens is not None:
            return True
        return edited.before + len(edited.text.encode(errors="replace")) < self._length

    def _of_context(self, words: str, edited: _Edited) -> str:
        used, length = edited.before + (edited.tokens or 0), self._length or 0
        return words.format(used=fmt.count(used), length=fmt.count(length))

    def _count_texts(self) -> None:
        for message_id, edited in self._edited.items():
            if edited.tokens is None:
                self._counter.ask(_KEY + message_id, edited.text)

    def _on_counted(self, key: str, tokens: int) -> None:
        message_id = key.removeprefix(_KEY)
        edited = self._edited.get(message_id)
        if edited is None or not key.startswith(_KEY):
            return
        edited.tokens = tokens
        text, edited.asked = edited.asked, None
        self.changed.emit()
        if text is not None:
            self.ask(message_id, text)

    def _forget_all(self) -> None:
        for message_id in list(self._edited):
            self.forget(message_id)
