"""A reply while it is being written: text for the transcript, rounds for the record."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.conversation import (
    EngineRecord,
    RejectedRecord,
    ReplyRecord,
    RoundRecord,
    SwitchRecord,
    TokenRecord,
)
from app.domain.numbers import Plain
from app.domain.tally import begun
from mtp_mlx.wire import Finished, Generate, Mtp, PairInfo, Round


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one round adds to the text."""

    answer: str
    thought: str
    thought_seconds: float | None = None  # so far


class Reply:
    """Collects rounds; `record` may be taken at any time. Times are seconds since the request."""

    def __init__(self, request: Generate, pair: PairInfo, engine: EngineRecord) -> None:
        self._request = request
        self.pair = pair
        self.engine = engine
        self.rounds: list[RoundRecord] = []
        self.tally = begun(request.mtp)
        self._switches: list[SwitchRecord] = []
        self._answer: list[str] = []
        self._thought: list[str] = []
        self._thinking_since: float | None = None
        self.thought_seconds: float | None = None
        self.id = request.id

    @property
    def text(self) -> str:
        """The answer; the empty lines that models put before it are not part of it."""
        return self.raw_text.lstrip("\n")

    @property
    def raw_text(self) -> str:
        return "".join(self._answer)

    @property
    def thought(self) -> str:
        return "".join(self._thought).strip("\n")

    @property
    def so_far(self) -> Piece:
        """What all of its rounds have added."""
        return Piece(
            answer=self.raw_text,
            thought="".join(self._thought),
            thought_seconds=self.thought_seconds,
        )

    def add(self, event: Round, at: float) -> Piece:
        record = _record(event, at)
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

    def switched(self, mtp: Mtp, at: float) -> None:
        self._switches.append(SwitchRecord(at, mtp))
        self.tally.switch(mtp)

    def record(
        self, finish: str, finished: Finished | None = None, plain: Plain | None = None
    ) -> ReplyRecord:
        """`finished` is None where the engine could not say how it ended."""
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
            verify=self._request.verify,
        )


def _record(event: Round, at: float) -> RoundRecord:
    return RoundRecord(
        index=event.index,
        depth=event.depth,
        drafted=event.drafted,
        accepted=event.accepted,
        ms=event.ms,
        state=event.state,
        at=round(at, 4),
        tokens=tuple(TokenRecord(t.id, t.text, t.source, t.thought) for t in event.tokens),
        rejected=tuple(RejectedRecord(r.id, r.text) for r in event.rejected),
        reason=event.reason,
    )
