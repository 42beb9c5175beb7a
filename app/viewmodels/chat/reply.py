"""A reply being written: collects its rounds, and emits its text to be painted and saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import QObject, Signal

from app.domain.continued import Seam, joined, seam_after, tally_after
from app.domain.conversation import (
    FINISHES,
    ChatMessage,
    Died,
    EngineRecord,
    Failed,
    Finish,
    ReplyPiece,
    ReplyRecord,
    RoundRecord,
    SwitchRecord,
    recorded,
)
from app.domain.numbers import Numbers, Plain, Tally, begun, numbers
from app.engine.ticket import Failure, ReplyTicket
from app.viewmodels.chat.asking import whole
from app.viewmodels.common.throttle import Throttle
from app.viewmodels.overlay.plain_speed import PlainSpeed
from mtp_mlx.api import Generate, Mtp, PairInfo
from mtp_mlx.events import Finished, PromptProgress, Round


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The text that one round adds to a reply."""

    answer: str
    thought: str
    thought_seconds: float | None = None  # how long the reply has thought so far


class Reply:
    """Collects the rounds of a request, which is sent now. Times are seconds since then."""

    def __init__(
        self, request: Generate, pair: PairInfo, engine: EngineRecord, clock: Callable[[], float]
    ) -> None:
        self._request = request
        self._clock = clock
        self._asked_at = clock()
        self.pair = pair
        self.engine = engine
        self.rounds: list[RoundRecord] = []
        self.tally = begun(request.mtp)
        self._switches: list[SwitchRecord] = []
        self._answer: list[str] = []
        self._thought: list[str] = []
        self._thinking_since: float | None = None
        self.thought_seconds: float | None = None

    @property
    def text(self) -> str:
        """Return the answer without the empty lines that models put before it."""
        return self.raw_text.lstrip("\n")

    @property
    def raw_text(self) -> str:
        return "".join(self._answer)

    @property
    def thought(self) -> str:
        return "".join(self._thought).strip("\n")

    @property
    def so_far(self) -> Piece:
        """Return all pieces so far as one."""
        return Piece(
            answer=self.raw_text,
            thought="".join(self._thought),
            thought_seconds=self.thought_seconds,
        )

    def add(self, event: Round) -> Piece:
        """Add a round, which has come now. Return the text it adds."""
        at = self._clock() - self._asked_at
        record = recorded(event, at)
        self.rounds.append(record)
        self.tally.add(record)
        answer = "".join(token.text for token in event.tokens if not token.thought)
        thought = "".join(token.text for token in event.tokens if token.thought)
        self._answer.append(answer)
        self._thought.append(thought)
        if thought:
            if self._thinking_since is None:
                self._thinking_since = at
            self.thought_seconds = at - self._thinking_since
        return Piece(answer=answer, thought=thought, thought_seconds=self.thought_seconds)

    def switched(self, mtp: Mtp) -> None:
        """Note that the MTP switch was turned now."""
        self._switches.append(SwitchRecord(self._clock() - self._asked_at, mtp))
        self.tally.switch(mtp)

    def record(
        self, finish: Finish, finished: Finished | None = None, plain: Plain | None = None
    ) -> ReplyRecord:
        """Return the reply so far; `finished` is None where the engine sent no last event."""
        wished = self._request.sampling or self.pair.recommended
        return ReplyRecord(
            rounds=tuple(self.rounds),
            stats=None if finished is None else finished.stats,
            seed=self._request.seed if finished is None else finished.seed,
            sampling=wished if finished is None else finished.sampling,
            max_tokens=self._request.max_tokens,
            mtp=self._request.mtp,
            switches=tuple(self._switches),
            finish=finish,
            prompt_tokens=0 if finished is None else finished.prompt_tokens,
            reused_tokens=0 if finished is None else finished.reused_tokens,
            engine=self.engine,
            pair=self.pair,
            plain_tps=None if plain is None else plain.tps,
            plain_day=None if plain is None else plain.day,
            plain_noise=None if plain is None else plain.noise,
            verify=self._request.verify,
        )


def reply_end(failure: Failure) -> Finish:
    """Return how a reply ended whose ticket failed."""
    if failure.died_of:
        return Died(text=failure.died_of)
    return Failed(code=failure.code, text=failure.message)


PAINT_MS = 34  # between two paints: at most 30 a second
SPARING_MS = 67  # the same where the model runs on the CPU, which painting takes away from it


class Streaming(QObject):
    """Writes one reply at a time; a continued one keeps the text and rounds it has already."""

    streamed = Signal(object)  # Piece: the text that has come since the last piece
    prompt = Signal(object)  # PromptProgress
    recorded = Signal(object)  # RoundRecord, with its time since this request
    measured = Signal(object, object)  # ReplyRecord, Tally: of this request alone
    grown = Signal()  # there is something to save
    ended = Signal(object)  # ChatMessage, the whole reply
    trouble = Signal(str)  # why the reply failed, and the remedy

    def __init__(
        self, plain: PlainSpeed, clock: Callable[[], float], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._plain = plain
        self._clock = clock
        self._ticket: ReplyTicket | None = None
        self._reply: Reply | None = None
        self._begun = ChatMessage(id="", role="assistant", text="")
        self._seam = Seam()
        self._prompt_tokens = 0
        self._rounds: list[RoundRecord] = []
        self._tally = Tally()
        self._unseen: list[Piece] = []
        self._stored: ReplyPiece | None = None  # all that `unstored` has returned, as one
        self._paint = Throttle(PAINT_MS, self._hand_out, self)

    @property
    def running(self) -> bool:
        return self._reply is not None

    @property
    def message_id(self) -> str:
        """Return the id of the reply's message, also after its end."""
        return self._begun.id

    @property
    def rounds(self) -> Sequence[RoundRecord]:
        """Return the rounds of the whole reply so far; none where no reply is being written."""
        return () if self._reply is None else self._rounds

    @property
    def numbers(self) -> Numbers:
        """Return the numbers of the whole reply so far."""
        reply = self._reply
        return Numbers() if reply is None else numbers(self._tally, self._plain_of(reply))

    def begin(
        self, message: ChatMessage, request: Generate, pair: PairInfo, engine: EngineRecord
    ) -> None:
        """Begin to write into `message`, which may hold the first part of the reply."""
        self._begun = msgspec.structs.replace(message, text=whole(message.text))
        self._reply = Reply(request, pair, engine, self._clock)
        self._seam = seam_after(message.reply)
        self._rounds = [] if message.reply is None else list(message.reply.rounds)
        self._tally = tally_after(message.reply, request.mtp)
        self._prompt_tokens = 0
        self._stored = None
        sparing = engine.device.get("backend") == "cpu"
        self._paint.set_interval(SPARING_MS if sparing else PAINT_MS)

    def follow(self, ticket: ReplyTicket) -> None:
        """Take the events of `ticket` as those of the reply that has begun."""
        self._ticket = ticket
        ticket.prompt.connect(self._on_prompt)
        ticket.round.connect(self._on_round)
        ticket.switched.connect(self._on_switch)
        ticket.finished.connect(self._on_finished)
        ticket.failed.connect(self._on_failed)

    def stop(self) -> None:
        """Ask the engine to end the reply early."""
        if self._ticket is not None:
            self._ticket.cancel()

    def abandon(self, finish: Finish) -> None:
        """End the reply now, without the engine's last event."""
        if self._ticket is not None:
            self._ticket.drop()
        self._end(finish)

    def _on_switch(self, mtp: Mtp) -> None:
        if self._reply is not None:
            self._reply.switched(mtp)
            self._tally.switch(mtp)
            self._stored = None

    def unstored(self) -> ChatMessage | ReplyPiece | None:
        """Return what is not stored yet, and count it as stored.

        The first time, and after the switch was turned, that is the whole message. Otherwise it is
        what has come since: saving a long reply costs no more than a short one.
        """
        reply, stored = self._reply, self._stored
        if reply is None:
            return None
        text, thought, seconds = self._text(reply), self._thought(reply), self._seconds(reply)
        self._stored = ReplyPiece(
            first=len(self._rounds), rounds=(), text=text, thought=thought, thought_seconds=seconds
        )
        if stored is None:
            return self.part()
        return ReplyPiece(
            first=stored.first,
            rounds=tuple(self._rounds[stored.first :]),
            text=text[len(stored.text) :],
            thought=thought[len(stored.thought) :],
            thought_seconds=seconds,
        )

    def part(self) -> ChatMessage | None:
        """Return the reply so far, as the store would hold it if the program ended now."""
        reply = self._reply
        if reply is None:
            return None
        return self._message(reply, reply.record("interrupted", plain=self._plain_of(reply)))

    def _on_finished(self, event: Finished) -> None:
        self._end(FINISHES[event.reason], event)

    def _on_failed(self, failure: Failure) -> None:
        if not failure.died_of:  # a death is told with the engine's state
            self.trouble.emit(failure.text)
        self._end(reply_end(failure))

    def _end(self, finish: Finish, finished: Finished | None = None) -> None:
        """End the reply; `finished` is None where the engine sent no last event."""
        if self._reply is None:
            return
        self._paint.flush()
        self._paint.cancel()
        if finished is not None:
            self._prompt_tokens = finished.prompt_tokens
        part = self._reply.record(finish, finished, self._plain_of(self._reply))
        message = self._message(self._reply, part)
        tally = self._reply.tally
        self._reply = None
        self._ticket = None
        self.measured.emit(part, tally)
        self.ended.emit(message)

    def catch_up(self) -> Piece:
        """Return all text so far, for a view that is made now; no part of it is emitted again."""
        self._unseen = []
        self._paint.cancel()
        return Piece(answer="", thought="") if self._reply is None else self._reply.so_far

    def flush(self) -> None:
        """Emit now the text that waits for the next paint."""
        self._paint.flush()

    def _plain_of(self, reply: Reply) -> Plain | None:
        context = self._prompt_tokens + reply.tally.counts.generated_tokens // 2
        return self._plain.of(reply.pair, reply.engine, reply.tally, context)

    def _on_prompt(self, progress: PromptProgress) -> None:
        self._prompt_tokens = progress.total
        self.prompt.emit(progress)

    def _on_round(self, event: Round) -> None:
        reply = self._reply
        if reply is None:
            return
        self._unseen.append(reply.add(event))
        record = reply.rounds[-1]
        self._rounds.append(self._seam.placed(record))
        self._tally.add(self._rounds[-1])
        self._paint.request()
        self.recorded.emit(record)
        self.grown.emit()

    def _message(self, reply: Reply, part: ReplyRecord) -> ChatMessage:
        begun = self._begun
        return msgspec.structs.replace(
            begun,
            text=self._text(reply),
            thought=self._thought(reply),
            thought_seconds=self._seconds(reply),
            reply=part if begun.reply is None else joined(begun.reply, part),
        )

    def _text(self, reply: Reply) -> str:
        begun = self._begun.text
        return begun + (reply.raw_text if begun else reply.text)

    def _thought(self, reply: Reply) -> str:
        thoughts = (self._begun.thought, reply.thought)
        return "\n\n".join(thought for thought in thoughts if thought)

    def _seconds(self, reply: Reply) -> float | None:
        times = (self._begun.thought_seconds, reply.thought_seconds)
        measured = [seconds for seconds in times if seconds is not None]
        return sum(measured) if measured else None

    def _hand_out(self) -> None:
        pieces, self._unseen = self._unseen, []
        self.streamed.emit(
            Piece(
                answer="".join(piece.answer for piece in pieces),
                thought="".join(piece.thought for piece in pieces),
                thought_seconds=pieces[-1].thought_seconds,
            )
        )
