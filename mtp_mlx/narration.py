"""Rounds as events: token ids become text, and rounds are counted."""

from __future__ import annotations

import time

from mtp_mlx.api import TokenSource
from mtp_mlx.decode.loop import Emitted
from mtp_mlx.events import Rejected, Round, Token
from mtp_mlx.numbers import Counts
from mtp_mlx.text.reply import ReplyText


class Narrator:
    """One reply's events, in order, and everything emitted so far."""

    def __init__(self, text: ReplyText, requested: float) -> None:
        """`requested` is the time of the request on `time.perf_counter`."""
        self._requested = requested
        self._rounds = 0
        self._text = text
        self.tokens: list[int] = []
        self.counts = Counts()

    def first(self, token: int, seconds: float, *, last: bool) -> Round:
        """Return round 0: the token that prefill yields, `seconds` after the request."""
        event = Round(
            index=0,
            tokens=self._tell([token], accepted=0, last=last),
            depth=0,
            accepted=0,
            rejected=[],
            ms=seconds * 1e3,
        )
        self.counts.add(event, seconds)
        return event

    def round(self, emitted: Emitted) -> Round:
        came = time.perf_counter() - self._requested
        result, plan, laps = emitted.round, emitted.plan, emitted.round.laps
        depth = len(result.drafted)
        self._rounds += 1
        tokens = self._tell(
            list(result.tokens), accepted=result.accepted, last=emitted.finish is not None
        )
        rejected = result.drafted[result.accepted :]
        event = Round(
            index=self._rounds,
            tokens=tokens,
            depth=depth,
            accepted=result.accepted,
            rejected=[Rejected(id=i, text=self._text.peek(i)) for i in rejected],
            ms=emitted.ms,
            draft_ms=laps.draft_build + laps.draft_wait if laps else None,
            verify_ms=laps.verify_build + laps.verify_wait if laps else None,
            state=plan.state if depth > 0 or plan.depth == 0 else "plain",
            reason=plan.reason,
        )
        self.counts.add(event, came)
        return event

    def _tell(self, ids: list[int], *, accepted: int, last: bool) -> list[Token]:
        """Texts of `ids`, the first `accepted` of them drafted; the last token of all flushes."""
        told = []
        for i, token in enumerate(ids):
            piece = self._text.push(token)
            source: TokenSource = "draft" if i < accepted else "target"
            told.append(Token(id=token, text=piece.text, source=source, thought=piece.thought))
        if last:
            tail, end = self._text.flush(), told[-1]
            thought = end.thought if end.text else tail.thought
            told[-1] = Token(
                id=end.id, text=end.text + tail.text, source=end.source, thought=thought
            )
        self.tokens.extend(ids)
        return told
