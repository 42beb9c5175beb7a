"""One reply from request to end: it reads the prompt, decodes rounds and makes events of them."""

from __future__ import annotations

import time
from collections import abc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.api import FinishReason, TokenSource
from mtp_mlx.decode.loop import Batch, Emitted, decode, first_token, prefill
from mtp_mlx.decode.prompt_pool import PromptPool
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control, Sequence
from mtp_mlx.decode.watch import Starting, Watch
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.errors import OutOfMemory
from mtp_mlx.events import Finished, PromptProgress, Rejected, ReplyEvent, Round, Token
from mtp_mlx.loading import LoadedPair
from mtp_mlx.loading.memory import memory, rows_to_read
from mtp_mlx.numbers import Counts
from mtp_mlx.protocols import Anchor, Rule
from mtp_mlx.request import check_request, prompt_ids
from mtp_mlx.sampling.constraints import Bounds, Constrained, constrained
from mtp_mlx.text.codec import Cancelled, ReadingCancelledError, Texts, never
from mtp_mlx.text.reply import Piece, Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The parts of a reply that a measurement may replace."""

    wrap: Callable[[Rule], Rule] = lambda rule: rule  # returns a rule around the reply's own
    watch: Watch = field(default_factory=Starting)
    clock: Callable[[], float] = time.perf_counter  # seconds; what auto takes costs by
    cancelled: Cancelled = never  # asked while the prompt is read, beside the reply's own flag


BARE = Instruments()
Ids = abc.Sequence[int]


class Reply:
    """One reply to be written. `events` writes it and is called once."""

    def __init__(
        self,
        pair: LoadedPair,
        pool: PromptPool,
        depth: DepthControl,
        request: api.Generate,
        control: Control,
        instruments: Instruments,
    ) -> None:
        self._requested = time.perf_counter()
        self._pair = pair
        self._pool = pool
        self._cache = pool.last  # of the conversation that this reply goes on
        self._depth = depth
        self._request = request
        self._control = control
        self._instruments = instruments
        self._sampling = request.sampling or pair.info.recommended
        check_request(request, self._sampling, pair.target.vocabulary)
        self._prompt: tuple[int, ...] = ()
        self._narrator = Narrator(None, self._requested)

    def events(self) -> Iterator[ReplyEvent]:
        """Write the reply. Raises UsageError, PromptTooLong or DamagedModel, of its text."""
        try:
            self._prompt = prompt_ids(self._pair, self._request, self._is_cancelled)
            self._narrator = Narrator(self._text(), self._requested)
        except ReadingCancelledError:
            yield self._finished("cancelled", 0, time.perf_counter())
            return
        try:
            yield from self._read_and_written()
        except ReadingCancelledError:
            yield self._finished("cancelled", 0, time.perf_counter())

    def _is_cancelled(self) -> bool:
        return self._control.cancelled or self._instruments.cancelled()

    def _text(self) -> Texts | None:
        codec = self._pair.codec
        if codec is None:
            return None
        return codec.reply(codec.facts.opened(self._prompt), self._is_cancelled)

    def _read_and_written(self) -> Iterator[ReplyEvent]:
        cache = self._cache = self._pool.take(self._prompt)
        mx.reset_peak_memory()
        reused = cache.claim(self._prompt)
        state = cache.state
        unread = self._prompt[reused:]
        try:
            cache.mark()
            yield self._progress(reused, reused)
            for last_row in prefill(
                self._pair.target, state, unread, cache.draft_state, self._rows
            ):
                yield self._progress(state.length, reused)
                if last_row is not None:
                    cache.mark()
                    yield from self._decoded(last_row, reused)
                elif self._control.cancelled:
                    yield self._finished("cancelled", reused, time.perf_counter())
                    return
        finally:
            cache.keep((*self._prompt, *self._narrator.tokens))

    def _rows(self, most: int) -> int:
        """Return how many rows to read next; other conversations give way before reading stops."""
        pair, held = self._pair, self._cache.state.length
        try:
            return rows_to_read(pair.size, held, most, anyway=pair.anyway)
        except OutOfMemory:
            if not self._pool.release_others():
                raise
        mx.clear_cache()
        return rows_to_read(pair.size, held, most, anyway=pair.anyway)

    def _decoded(self, hidden: mx.array, reused: int) -> Iterator[ReplyEvent]:
        target = self._pair.target
        request = self._request
        rule = rule_of(
            request.verify,
            self._sampling,
            request.seed,
            self._prompt,
            target.vocabulary,
            self._constraints(),
        )
        rule = self._instruments.wrap(rule)
        anchor = first_token(target, rule, hidden, len(self._prompt))
        token = int(anchor.token.item())  # type: ignore[arg-type]  # an integer array
        rule.commit([token])
        prefilled = time.perf_counter()
        tokens_left = self._tokens_allowed() - 1
        finish = self._first_finish(token, tokens_left)
        yield self._narrator.first(token, prefilled - self._requested, last=finish is not None)
        if finish is None:
            sequence = self._sequence(rule, anchor, tokens_left)
            with closing(decode(self._batch(), [sequence])) as rounds:
                for emitted in rounds:
                    finish = emitted.finish
                    yield self._narrator.round(emitted)
        assert finish is not None
        yield self._finished(finish, reused, prefilled)

    def _constraints(self) -> Constrained | None:
        bounds = Bounds(
            prompt=self._prompt,
            end_tokens=self._end_tokens(),
            length=len(self._prompt) + self._tokens_allowed(),
        )
        return constrained(self._pair.constraints, bounds, self._pair.target.vocabulary)

    def _sequence(self, rule: Rule, anchor: Anchor, tokens_left: int) -> Sequence:
        return Sequence(
            state=self._cache.state,
            draft_state=self._cache.draft_state,
            rule=rule,
            anchor=anchor,
            tokens_left=tokens_left,
            end_tokens=self._end_tokens(),
            control=self._control,
            depth=self._depth,
        )

    def _batch(self) -> Batch:
        return Batch(
            target=self._pair.target,
            drafter=self._pair.drafter,
            watch=self._instruments.watch,
            clock=self._instruments.clock,
        )

    def _end_tokens(self) -> frozenset[int]:
        return frozenset() if self._request.ignore_eos else self._pair.end_tokens

    def _tokens_allowed(self) -> int:
        """Return the most tokens the reply may have: by its request, and by the context."""
        return min(self._request.max_tokens, self._pair.info.context_length - len(self._prompt))

    def _first_finish(self, token: int, tokens_left: int) -> FinishReason | None:
        if token in self._end_tokens():
            return "stop"
        if tokens_left == 0:
            return "length"
        return "cancelled" if self._control.cancelled else None

    def _progress(self, done: int, reused: int) -> PromptProgress:
        total = len(self._prompt)
        return PromptProgress(done=done, total=total, reused=reused)

    def _finished(self, reason: FinishReason, reused: int, prefilled: float) -> Finished:
        computed = min(self._cache.state.length, len(self._prompt)) - reused
        stats = self._narrator.counts.stats(
            prefill_tps=computed / (prefilled - self._requested) if computed else None,
            peak_memory_bytes=memory().peak,
        )
        return Finished(
            reason=reason,
            prompt_tokens=len(self._prompt),
            reused_tokens=reused,
            seed=self._request.seed,
            sampling=self._sampling,
            stats=stats,
        )


class Narrator:
    """Makes a reply's rounds into events: token ids become text, and rounds are counted."""

    def __init__(self, text: Texts | None, requested: float) -> None:
        """`text` is None for a pair that writes ids; `requested` on `time.perf_counter`."""
        self._requested = requested
        self._rounds = 0
        self._text = text
        self.tokens: list[int] = []
        self.counts = Counts()

    def first(self, token: int, seconds: float, *, last: bool) -> Round:
        """Return round 0: the token that prefill yields, `seconds` after the request."""
        read = self._read([token], [], last=last)
        event = Round(
            index=0,
            tokens=_with_text([token], read.pieces, accepted=0),
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
        rejected = result.drafted[result.accepted :]
        read = self._read(result.tokens, rejected, last=emitted.finish is not None)
        event = Round(
            index=self._rounds,
            tokens=_with_text(result.tokens, read.pieces, accepted=result.accepted),
            depth=depth,
            accepted=result.accepted,
            rejected=[
                Rejected(id=i, text=ghost) for i, ghost in zip(rejected, read.ghosts, strict=True)
            ],
            ms=emitted.ms,
            draft_ms=laps.draft_build + laps.draft_wait if laps else None,
            verify_ms=laps.verify_build + laps.verify_wait if laps else None,
            state=plan.state if depth > 0 or plan.depth == 0 else "plain",
            reason=plan.reason,
        )
        self.counts.add(event, came)
        return event

    def _read(self, ids: Ids, rejected: Ids, *, last: bool) -> Read:
        """Return the texts of `ids`, which are emitted: the cache has them, come what may."""
        self.tokens.extend(ids)
        if self._text is None:
            return Read([Piece("", thought=False)] * len(ids), [""] * len(rejected))
        return self._text.read(ids, rejected, last=last)


def _with_text(ids: Ids, pieces: list[Piece], *, accepted: int) -> list[Token]:
    """Return `ids` with their texts, the first `accepted` as drafts."""
    tokens = []
    for i, (token, piece) in enumerate(zip(ids, pieces, strict=True)):
        source: TokenSource = "draft" if i < accepted else "target"
        tokens.append(Token(id=token, text=piece.text, source=source, thought=piece.thought))
    return tokens
