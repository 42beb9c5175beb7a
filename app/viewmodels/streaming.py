"""The reply being written: rounds come in, text goes out to be painted and saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.continued import joined
from app.domain.conversation import ChatMessage, EngineRecord, ReplyRecord, RoundRecord
from app.domain.numbers import Numbers, Plain, numbers
from app.viewmodels.asking import whole
from app.viewmodels.reply import Piece, Reply
from app.viewmodels.throttle import Throttle
from mtp_mlx.wire import Error, Event, Finished, Generate, Mtp, PairInfo, Round

PAINT_MS = 34  # at most 30 a second


class Streaming(QObject):
    """One reply at a time. A continued one keeps the text and the rounds it had."""

    streamed = Signal(object)  # Piece: what the reply has gained since the last one
    recorded = Signal(object)  # RoundRecord
    grown = Signal()  # there is something to save
    ended = Signal(object)  # ChatMessage, whole

    def __init__(self, clock: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._reply: Reply | None = None
        self._begun = ChatMessage(id="", role="assistant", text="")
        self._asked_at = 0.0
        self._unseen: list[Piece] = []
        self._paint = Throttle(PAINT_MS, self._hand_out, self)
        self.plain: Callable[[Reply], Plain | None] = lambda _reply: None

    @property
    def running(self) -> bool:
        return self._reply is not None

    @property
    def rounds(self) -> Sequence[RoundRecord]:
        """So far."""
        return () if self._reply is None else self._reply.rounds

    @property
    def numbers(self) -> Numbers:
        """So far."""
        reply = self._reply
        return Numbers() if reply is None else numbers(reply.tally, self.plain(reply))

    def begin(
        self, message: ChatMessage, request: Generate, pair: PairInfo, engine: EngineRecord
    ) -> None:
        """`message` holds what was written before; its id is the request's."""
        self._begun = msgspec.structs.replace(message, text=whole(message.text))
        self._reply = Reply(request, pair, engine)
        self._asked_at = self._clock()

    def take(self, event: Event) -> None:
        """Events of other replies are not this one's business."""
        reply = self._reply
        match event:
            case Round() if reply and event.id == reply.id:
                self._unseen.append(reply.add(event, self._clock() - self._asked_at))
                self._paint.request()
                self.recorded.emit(reply.rounds[-1])
                self.grown.emit()
            case Finished() if reply and event.id == reply.id:
                self.end(event.reason, event)
            case Error() if reply and event.id == reply.id:
                self.end(strings.FINISH_ERROR.format(message=event.message))
            case _:
                pass

    def switched(self, mtp: Mtp) -> None:
        if self._reply is not None:
            self._reply.switched(mtp, self._clock() - self._asked_at)

    def part(self) -> ChatMessage | None:
        """What is written so far, as it would be found if the program ended now."""
        return None if self._reply is None else self._message(self._reply)

    def end(self, finish: str, finished: Finished | None = None) -> None:
        """`finished` is None where the engine could not say how it ended."""
        if self._reply is None:
            return
        self._paint.flush()
        self._paint.cancel()
        message = self._message(self._reply, finish, finished)
        self._reply = None
        self.ended.emit(message)

    def flush(self) -> None:
        """Paint now what waits for its turn."""
        self._paint.flush()

    def _message(
        self,
        reply: Reply,
        finish: str = strings.FINISH_INTERRUPTED,
        finished: Finished | None = None,
    ) -> ChatMessage:
        begun = self._begun
        thoughts = (begun.thought, reply.thought)
        times = [t for t in (begun.thought_seconds, reply.thought_seconds) if t is not None]
        return msgspec.structs.replace(
            begun,
            text=begun.text + (reply.raw_text if begun.text else reply.text),
            thought="\n\n".join(thought for thought in thoughts if thought),
            thought_seconds=sum(times) if times else None,
            reply=self._record(reply.record(finish, finished, self.plain(reply))),
        )

    def _record(self, record: ReplyRecord) -> ReplyRecord:
        before = self._begun.reply
        return record if before is None else joined(before, record)

    def _hand_out(self) -> None:
        pieces, self._unseen = self._unseen, []
        self.streamed.emit(
            Piece(
                answer="".join(piece.answer for piece in pieces),
                thought="".join(piece.thought for piece in pieces),
                thought_seconds=pieces[-1].thought_seconds,
            )
        )
