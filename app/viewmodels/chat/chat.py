"""The open chat: its messages and their versions, its reply being written, and asking for more."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain import tree
from app.domain.context import sent
from app.domain.conversation import Attachment, Chat, ChatMessage, ChatSummary, ReplyRecord
from app.domain.numbers import Plain
from app.domain.settings import MtpChoice, ReplySettings
from app.engine.state import Ready
from app.viewmodels.chat.asking import (
    Asking,
    Variant,
    asked_mtp,
    continuation,
    copied_chat,
    new_chat,
    new_question,
    new_reply,
    request_for,
    title,
)
from app.viewmodels.chat.branches import Branches
from app.viewmodels.chat.history import History, MessageList
from app.viewmodels.chat.reply import Streaming
from app.viewmodels.chat.saving import Drafts, Saver
from app.viewmodels.chat.writing import Background, Writing
from app.viewmodels.common.engine import loaded_pair, obstacle
from app.viewmodels.common.format import one_line
from mtp_mlx.api import Generate, PairInfo


class ChatViewModel(QObject):
    """`messages` is the shown branch; its last message is the reply being written, if any is.

    When another chat is opened the reply goes on; its own chat is then in the `background`.
    """

    opened = Signal()  # another chat, which may be a new one
    streamed = Signal(object)  # Piece of this chat: the text since the last one
    reply_started = Signal(object)  # Generate, in the open chat
    started_elsewhere = Signal(object)  # Chat
    reply_ended = Signal(object)  # ChatMessage, in the open chat
    ended_elsewhere = Signal(object, object)  # Chat, ChatMessage
    trouble = Signal(str, str)  # chat id, and why a reply in it could not be written
    renumbered = Signal(object)  # ChatMessage: a plain speed was measured beside its reply
    changed = Signal()  # what can be asked next may have changed

    def __init__(
        self,
        asking: Asking,
        saver: Saver,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._asking = asking
        self._engine = asking.engine
        self._mtp = asking.mtp
        self._saver = saver
        self._earlier: ReplySettings | None = None
        self.messages = MessageList(self)
        self.history = History(new_chat(ReplySettings(mtp=asking.mtp.wish)), self.messages)
        self.drafts = Drafts(self.history, saver, self)
        self.streaming = Streaming(asking.plain, asking.clock, self)
        self.streaming.measured.connect(asking.plain.learn)
        self._writing = Writing(self.streaming, self.history, saver, self)
        self.branches = Branches(self.history, self._writing, saver, self)
        self.streaming.trouble.connect(self._on_trouble)
        self._writing.streamed.connect(self.streamed)
        self._writing.ended.connect(self.reply_ended)
        self._writing.ended_elsewhere.connect(self.ended_elsewhere)
        changes = (self.drafts.changed, self.branches.changed, asking.engine.state_changed)
        for signal in (*changes, self._writing.ended, self._writing.ended_elsewhere):
            signal.connect(self.changed)
        asking.mtp.wish_changed.connect(self._on_wish)

    # The open chat, and the reply that is being written

    @property
    def chat(self) -> Chat:
        """Return the open chat with the messages of all branches."""
        return self.history.chat

    @property
    def writing(self) -> bool:
        """Return whether a reply is being written in the open chat."""
        return self._writing.here

    @property
    def written(self) -> Chat | None:
        """Return the chat in which a reply is being written, open or not; None: there is none."""
        return self._writing.chat

    @property
    def background(self) -> Background:
        """Return the reply being written in a chat that is not open, and those that ended there."""
        return self._writing.background

    @property
    def obstacle(self) -> str:
        """Return why nothing can be sent now; "" where it can."""
        state = self._engine.state
        if isinstance(state, Ready) and state.busy == "reply":
            if self.writing:
                return strings.OBSTACLE_WRITING
            if self.background.chat is not None:
                return strings.OBSTACLE_ELSEWHERE.format(title=one_line(self.background.chat.title))
        return obstacle(state)

    @property
    def blank(self) -> bool:
        return self.history.blank

    @property
    def pair(self) -> PairInfo | None:
        return loaded_pair(self._engine.state)

    @property
    def can_regenerate(self) -> bool:
        return not self.obstacle and len(self.messages) > 0

    @property
    def last_reply(self) -> ReplyRecord | None:
        replies = (m.reply for m in reversed(self.messages.messages))
        return next((reply for reply in replies if reply is not None), None)

    def message(self, message_id: str) -> ChatMessage | None:
        """Return the message with this id, on any branch; None where there is none."""
        return self.history.message(message_id)

    def can_continue(self, message: ChatMessage) -> bool:
        """Return whether `message` is the last one and a reply that the model did not end."""
        if message.role != "assistant" or not message.text or message.id != self.chat.tip:
            return False
        return message.reply is None or message.reply.finish != "finished"

    # Opening

    def open(self, chat: Chat) -> None:
        """Open `chat`; a reply being written in the chat that is left goes on."""
        self.drafts.flush()
        self._writing.open(chat)
        elsewhere = self.background.chat is not None
        self._mtp.show(self.chat.settings.mtp, elsewhere=elsewhere)
        self.opened.emit()
        self.changed.emit()

    def open_written(self) -> None:
        """Open the chat in which a reply is being written, if that is another one."""
        if self.background.chat is not None:
            self.open(self.background.chat)

    def new_chat(self) -> None:
        """With the model's own settings: those of the last chat are taken along when asked for.

        The MTP switch stays as it is: it changes the speed, not the text.
        """
        earlier = self.chat.settings
        self.open(new_chat(ReplySettings(mtp=earlier.mtp)))
        self.remember_settings(earlier)

    @property
    def earlier_settings(self) -> ReplySettings | None:
        """Those of the chat before; None where they are none to be taken along to this one."""
        earlier = self._earlier
        usual = ReplySettings(mtp=self.chat.settings.mtp)
        if earlier is None or self.chat.messages or self.chat.settings != usual:
            return None
        return msgspec.structs.replace(earlier, mtp=usual.mtp)

    def remember_settings(self, settings: ReplySettings) -> None:
        """Offer them for the open chat, as long as nothing was said in it."""
        self._earlier = settings
        self.changed.emit()

    def take_settings_along(self) -> None:
        if self.earlier_settings is not None:
            self.set_settings(self.earlier_settings)

    def leave(self) -> None:
        """Save what was written, as the program ends."""
        self.streaming.abandon("interrupted")
        self.drafts.flush()

    def label(self, stored: ChatSummary) -> None:
        """Take title and pin of the open chat, or of the one in the background, as stored."""
        if self.history.label(stored) or self.background.label(stored):
            self.changed.emit()

    def set_plain(self, message_id: str, plain: Plain | None) -> None:
        """Keep a plain speed that was measured beside a reply once it had ended."""
        message = self.message(message_id)
        if message is None or message.reply is None or plain is None or self.writing:
            return
        reply = msgspec.structs.replace(
            message.reply, plain_tps=plain.tps, plain_day=plain.day, plain_noise=plain.noise
        )
        message = msgspec.structs.replace(message, reply=reply)
        self.history.put(message)
        self._saver.save_message(self.chat, message)
        self.renumbered.emit(message)

    def set_settings(self, settings: ReplySettings) -> None:
        if settings != self.chat.settings:
            self.history.change(settings=settings)
            self._mtp.wish_for(settings.mtp)
            self._saver.save_begun(self.chat)
            self.changed.emit()

    def send_from(self, message_id: str | None) -> None:
        """Leave what comes before this message out of prompts; None: leave out nothing."""
        self.history.change(sent_from=message_id)
        self._saver.save_begun(self.chat)
        self.changed.emit()

    def fork(self, first: str | None) -> None:
        """Open a new chat, with this one's settings, that begins with its turns from `first` on."""
        old = self.chat
        chat = copied_chat(old, sent(self.messages.messages, first) if first else ())
        self.open(chat)
        for message in chat.messages:
            self._saver.save_message(chat, message)

    # Asking

    def send(self, text: str, attachments: Sequence[Attachment] = ()) -> bool:
        """Ask a question. Return whether it could be asked, as all methods of asking do."""
        text = text.strip()
        if self.obstacle or not (text or attachments):
            return False
        if not self.chat.messages and self.chat.title is None:
            self.history.change(title=title(text, attachments))
        return self._ask_with(text, tuple(attachments), self.chat.tip)

    def send_elsewhere(self, chat: Chat, text: str, attachments: Sequence[Attachment]) -> bool:
        """Ask a question in a chat that is not open, in the background."""
        ready = self._engine.idle
        if self.obstacle or ready is None:
            return False
        question = new_question(text, tuple(attachments), chat.tip)
        reply = new_reply(question.id)
        path = (*tree.path(chat.messages, chat.tip), question)
        request = request_for(chat.settings, sent(path, chat.sent_from))
        messages = (*chat.messages, question, reply)
        chat = msgspec.structs.replace(chat, messages=messages, tip=reply.id)
        self._saver.save_message(chat, question)
        self.background.take(chat)
        self.streaming.begin(reply, request, ready.pair, self._engine.identity)
        self._writing.save()
        self.started_elsewhere.emit(chat)
        self.streaming.follow(self._asking.submit(request, chat.settings.mtp))
        self._mtp.show(self._mtp.wish, elsewhere=True)
        return True

    def edit(self, message_id: str, text: str) -> bool:
        """Ask another question in place of this one, which stays on a branch of its own."""
        message = self.message(message_id)
        text = text.strip()
        if message is None or message.role != "user" or self.obstacle:
            return False
        if not (text or message.attachments):
            return False
        return self._ask_with(text, message.attachments, message.parent)

    def regenerate(self, message_id: str | None = None, variant: Variant = "plain") -> bool:
        """Regenerate a reply, by default the last one; the one there is stays beside it."""
        wanted = self.chat.tip if message_id is None else message_id
        message = None if wanted is None else self.message(wanted)
        if message is None:
            return False
        asks = message.role == "user"
        return self._ask(message.id if asks else message.parent, variant, message.reply)

    def continue_reply(self) -> bool:
        """Let the last reply go on from where it was stopped."""
        last = self.message(self.chat.tip or "")
        ready = self._engine.idle
        if last is None or ready is None or not self.can_continue(last):
            return False
        path = sent(self.messages.messages, self.chat.sent_from)
        request = continuation(self.chat.settings, path)
        self.streaming.begin(last, request, ready.pair, self._engine.identity)
        return self._begin(request, self.chat.settings.mtp)

    def stop(self) -> None:
        """Stop the reply of the open chat; one that is not in sight goes on."""
        if self.writing:
            self.streaming.stop()

    def abandon(self, chat_id: str) -> None:
        """End a reply being written in this chat now; what was written stays."""
        if self.written is not None and self.written.id == chat_id:
            self.streaming.abandon("cancelled")

    # How it goes on

    def _ask_with(self, text: str, files: tuple[Attachment, ...], parent: str | None) -> bool:
        message = new_question(text, files, parent)
        self.history.append(message)
        self._saver.save_message(self.chat, message)
        return self._ask(message.id)

    def _ask(
        self, parent: str | None, variant: Variant = "plain", before: ReplyRecord | None = None
    ) -> bool:
        ready = self._engine.idle
        if ready is None:
            return False
        settings = self.chat.settings
        path = sent(self.history.path(parent), self.chat.sent_from)
        request = request_for(settings, path, variant, before)
        reply = new_reply(parent)
        self.streaming.begin(reply, request, ready.pair, self._engine.identity)
        self.history.append(reply)
        return self._begin(request, asked_mtp(settings.mtp, variant))

    def _begin(self, request: Generate, mtp: MtpChoice) -> bool:
        self._writing.save()
        self.reply_started.emit(request)
        self.streaming.follow(self._asking.submit(request, mtp))
        return True

    def _on_trouble(self, message: str) -> None:
        if self.written is not None:
            self.trouble.emit(self.written.id, message)

    def _on_wish(self, wish: MtpChoice) -> None:
        self.set_settings(msgspec.structs.replace(self.chat.settings, mtp=wish))
