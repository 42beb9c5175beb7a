"""One chat: what was said, what is being said, and what may be asked next."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import Chat, ChatMessage, ReplyRecord, RoundRecord
from app.domain.numbers import Numbers, Plain, numbers
from app.domain.settings import MtpChoice, ReplySettings
from app.domain.tree import path
from app.engine.state import Failed, Generating, Ready, Restarting, Starting
from app.engine.supervisor import Supervisor
from app.viewmodels import format as fmt
from app.viewmodels.message_list import MessageList
from app.viewmodels.mtp import MtpViewModel
from app.viewmodels.reply import Piece, Reply
from app.viewmodels.saving import Saver
from app.viewmodels.throttle import Throttle
from mtp_mlx.wire import Error, Event, Finished, Generate, Message, Round

PAINT_MS = 34  # at most 30 a second
DRAFT_MS = 1000
_SEEDS = 2**31
_TITLE_LENGTH = 60


class ChatViewModel(QObject):
    """Owns the list of messages; the last one is the reply being written, if any is."""

    opened = Signal()  # another chat, or an emptied one
    streamed = Signal(object)  # Piece: what the reply has gained since the last one
    reply_started = Signal(object)  # Generate
    round_recorded = Signal(object)  # RoundRecord, of the reply being written
    reply_ended = Signal(object)  # ChatMessage
    changed = Signal()  # what may be asked next

    def __init__(
        self,
        supervisor: Supervisor,
        mtp: MtpViewModel,
        saver: Saver,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._mtp = mtp
        self._saver = saver
        self._clock = clock
        self._reply: Reply | None = None
        self._asked_at = 0.0
        self._unseen: list[Piece] = []
        self._paint = Throttle(PAINT_MS, self._hand_out, self)
        self._keep_draft = Throttle(DRAFT_MS, self._save_draft, self)
        self.messages = MessageList(self)
        self.chat = _new_chat(ReplySettings())
        self.plain: Callable[[Reply], Plain | None] = lambda _reply: None
        self.other_work: Callable[[], str] = lambda: ""  # what else keeps the engine busy
        supervisor.state_changed.connect(self.changed)
        supervisor.received.connect(self._on_event)
        supervisor.reply_lost.connect(self._on_lost)
        mtp.wish_changed.connect(self._on_switch)

    # What may be asked

    @property
    def writing(self) -> bool:
        return self._reply is not None

    @property
    def obstacle(self) -> str:
        """Why nothing can be sent now; "" where it can."""
        match self._supervisor.state:
            case Ready():
                return ""
            case Generating():
                return strings.OBSTACLE_WRITING if self.writing else self._busy
            case Starting() | Restarting():
                return strings.OBSTACLE_STARTING
            case Failed():
                return strings.OBSTACLE_FAILED
            case _:
                return strings.OBSTACLE_LOADING

    @property
    def blank(self) -> bool:
        """Nothing was said in it, and nothing begun."""
        return not len(self.messages) and not self.chat.draft.strip()

    @property
    def _busy(self) -> str:
        return self.other_work() or strings.OBSTACLE_STOPPING

    @property
    def can_regenerate(self) -> bool:
        return not self.obstacle and len(self.messages) > 0

    @property
    def last_reply(self) -> ReplyRecord | None:
        replies = (m.reply for m in reversed(self.messages.messages))
        return next((reply for reply in replies if reply is not None), None)

    @property
    def context_text(self) -> str:
        """How much of the context the conversation took up, as of the last reply."""
        reply = self.last_reply
        if reply is None or reply.stats is None:
            return ""
        return strings.CONTEXT.format(
            used=fmt.count(reply.prompt_tokens + reply.stats.generated_tokens),
            length=fmt.count(reply.pair.context_length),
        )

    def message(self, message_id: str) -> ChatMessage | None:
        return next((m for m in self.messages.messages if m.id == message_id), None)

    # What is being measured

    @property
    def rounds(self) -> Sequence[RoundRecord]:
        """Of the reply being written, so far."""
        return () if self._reply is None else self._reply.rounds

    @property
    def numbers(self) -> Numbers:
        """Of the reply being written, so far."""
        reply = self._reply
        return Numbers() if reply is None else numbers(reply.tally, self.plain(reply))

    def turns_to_last_question(self) -> list[Message]:
        """The conversation as a model is asked it, up to the last thing the user said."""
        messages = self.messages.messages
        while messages and messages[-1].role != "user":
            messages = messages[:-1]
        return _turns(self.chat.settings.system, messages) if messages else []

    # What is asked

    def open(self, chat: Chat) -> None:
        self._abandon("cancelled")
        self._keep_draft.flush()
        self.chat = msgspec.structs.replace(chat, messages=())
        self.messages.reset(path(chat.messages, chat.tip))
        self.opened.emit()
        self.changed.emit()

    def new_chat(self) -> None:
        """The settings are taken along: they belong to how one works, not to what was said."""
        self.open(_new_chat(self.chat.settings))

    def send(self, text: str) -> bool:
        text = text.strip()
        if not text or self.obstacle:
            return False
        first = not len(self.messages) and self.chat.title == strings.UNTITLED
        if first:
            self.chat = msgspec.structs.replace(self.chat, title=_title(text))
        self._add(ChatMessage(id=_id(), role="user", text=text, created=time.time()))
        self._saver.save_message(self.chat, self.messages.at(len(self.messages) - 1))
        return self._ask()

    def regenerate(self) -> bool:
        """Write the last reply again, with a new seed where none is fixed."""
        if not self.can_regenerate:
            return False
        if self.messages.at(len(self.messages) - 1).role == "assistant":
            last = len(self.messages) - 1
            replaced = self.messages.at(last).id
            self.messages.cut(last)
            self._saver.delete_messages(self.chat.id, (replaced,))
        return self._ask()

    def stop(self) -> None:
        if self.writing:
            self._supervisor.cancel()

    def leave(self) -> None:
        """The program ends: keep what was written."""
        self._abandon(strings.FINISH_INTERRUPTED)
        self._keep_draft.flush()

    def set_draft(self, text: str) -> None:
        """What is written and not sent: with its chat within a second, and when that is left."""
        if text == self.chat.draft:
            return
        was_blank = self.blank
        self.chat = msgspec.structs.replace(self.chat, draft=text)
        self._keep_draft.request()
        if self.blank != was_blank:
            self.changed.emit()

    def label(self, title: str, *, pinned: bool) -> None:
        """What the list of chats says of this one; stored already."""
        if (title, pinned) != (self.chat.title, self.chat.pinned):
            self.chat = msgspec.structs.replace(self.chat, title=title, pinned=pinned)
            self.changed.emit()

    def set_settings(self, settings: ReplySettings) -> None:
        if settings != self.chat.settings:
            self.chat = msgspec.structs.replace(self.chat, settings=settings)
            if len(self.messages):
                self._saver.save_chat(self.chat)

    # How it goes on

    def _ask(self) -> bool:
        state = self._supervisor.state
        if not isinstance(state, Ready):
            return False
        settings = self.chat.settings
        request = Generate(
            id=_id(),
            messages=_turns(settings.system, self.messages.messages),
            thinking=settings.thinking,
            sampling=settings.sampling,
            mtp=self._mtp.wish.wire(),
            max_tokens=settings.max_tokens,
            seed=secrets.randbelow(_SEEDS) if settings.seed is None else settings.seed,
        )
        self._reply = Reply(request, state.pair, self._supervisor.identity)
        self._asked_at = self._clock()
        self._add(ChatMessage(id=request.id, role="assistant", text="", created=time.time()))
        self._save_part()
        self.reply_started.emit(request)
        return self._supervisor.generate(request)

    def _add(self, message: ChatMessage) -> None:
        """After the last one; the branch that is shown ends in it."""
        rows = self.messages.messages
        parent = rows[-1].id if rows else None
        self.messages.append(msgspec.structs.replace(message, parent=parent))
        self.chat = msgspec.structs.replace(self.chat, tip=message.id)

    def _on_event(self, event: Event) -> None:
        reply = self._reply
        match event:
            case Round() if reply and event.id == reply.id:
                self._unseen.append(reply.add(event, self._clock() - self._asked_at))
                self._paint.request()
                self.round_recorded.emit(reply.rounds[-1])
                self._saver.request(self._save_part)
            case Finished() if reply and event.id == reply.id:
                self._end(event.reason, event)
            case Error() if reply and event.id == reply.id:
                self._end(strings.FINISH_ERROR.format(message=event.message))
            case _:
                pass

    def _on_lost(self, reason: str) -> None:
        if self.writing:
            self._end(strings.FINISH_DIED.format(reason=reason))

    def _on_switch(self, wish: MtpChoice) -> None:
        if self._reply is not None:
            self._reply.switched(wish.wire(), self._clock() - self._asked_at)

    def _abandon(self, finish: str) -> None:
        """Leave a running reply: what was written stays with its chat."""
        if self.writing:
            self.stop()
            self._end(finish)

    def _end(self, finish: str, finished: Finished | None = None) -> None:
        if self._reply is None:
            return
        self._paint.flush()
        self._paint.cancel()
        message = self._message(self._reply, finish, finished)
        self._reply = None
        self.messages.replace(len(self.messages) - 1, message)
        self._saver.finish(lambda: self._saver.save_message(self.chat, message))
        self.reply_ended.emit(message)
        self.changed.emit()

    def _message(self, reply: Reply, finish: str, finished: Finished | None = None) -> ChatMessage:
        return msgspec.structs.replace(
            self.messages.at(len(self.messages) - 1),
            text=reply.text,
            thought=reply.thought,
            thought_seconds=reply.thought_seconds,
            reply=reply.record(finish, finished, self.plain(reply)),
        )

    def _save_part(self) -> None:
        if self._reply is not None:
            part = self._message(self._reply, strings.FINISH_INTERRUPTED)
            self._saver.save_message(self.chat, part, ended=False)

    def _save_draft(self) -> None:
        self._saver.save_chat(self.chat)

    def _hand_out(self) -> None:
        pieces, self._unseen = self._unseen, []
        self.streamed.emit(
            Piece(
                answer="".join(piece.answer for piece in pieces),
                thought="".join(piece.thought for piece in pieces),
                thought_seconds=pieces[-1].thought_seconds,
            )
        )


def _turns(system: str, messages: Sequence[ChatMessage]) -> list[Message]:
    """The conversation as the template takes it: thoughts left out, roles alternating.

    Where a reply failed before its first word, the two questions around it become one turn.
    """
    turns = [Message(role="system", content=system.strip())] if system.strip() else []
    for message in messages:
        if not message.text:
            continue
        if turns and turns[-1].role == message.role:
            joined = f"{turns.pop().content}\n\n{message.text}"
            turns.append(Message(role=message.role, content=joined))
        else:
            turns.append(Message(role=message.role, content=message.text))
    return turns


def _new_chat(settings: ReplySettings) -> Chat:
    return Chat(id=_id(), title=strings.UNTITLED, created=time.time(), settings=settings)


def _title(text: str) -> str:
    """The first line, never a secret request to the model."""
    line = text.splitlines()[0].strip()
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1].rstrip()}…"


def _id() -> str:
    return uuid.uuid4().hex
