"""One reply from request to end: the prompt is read, rounds are decoded and become events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.api import FinishReason
from mtp_mlx.decode.loop import Batch, decode
from mtp_mlx.decode.prefill import prefill
from mtp_mlx.decode.prompt_reuse import PromptCache
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control, Sequence
from mtp_mlx.decode.watch import Starting, Watch
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.events import Finished, PromptProgress, ReplyEvent
from mtp_mlx.loading import LoadedPair
from mtp_mlx.loading.device import memory
from mtp_mlx.narration import Narrator
from mtp_mlx.protocols import Anchor, Rule
from mtp_mlx.request import check_request, prompt_ids
from mtp_mlx.text.reply import ReplyText


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What a measurement attaches to a reply."""

    wrap: Callable[[Rule], Rule] = lambda rule: rule  # another rule around the reply's own
    watch: Watch = field(default_factory=Starting)
    clock: Callable[[], float] = time.perf_counter  # seconds; what auto takes costs by


BARE = Instruments()


class Reply:
    """Written once: `events` is its whole life."""

    def __init__(
        self,
        pair: LoadedPair,
        cache: PromptCache,
        depth: DepthControl,
        request: api.Generate,
        control: Control,
        instruments: Instruments,
    ) -> None:
        self._requested = time.perf_counter()
        self._pair = pair
        self._cache = cache
        self._depth = depth
        self._request = request
        self._control = control
        self._instruments = instruments
        self._sampling = request.sampling or pair.info.recommended
        check_request(request, self._sampling, pair.target.vocabulary)
        self._prompt = prompt_ids(pair, request)
        text = ReplyText(pair.tokenizer, pair.thinking)
        self._narrator = Narrator(text, self._requested)

    def events(self) -> Iterator[ReplyEvent]:
        cache = self._cache
        mx.reset_peak_memory()
        reused = cache.claim(self._prompt)
        state = cache.state
        unread = self._prompt[reused:]
        try:
            cache.mark()
            yield self._progress(reused, reused)
            for last_row in prefill(self._pair.target, state, unread, cache.draft_state):
                yield self._progress(state.length, reused)
                if last_row is not None:
                    cache.mark()
                    yield from self._decoded(last_row, reused)
                elif self._control.cancelled:
                    yield self._finished("cancelled", reused, time.perf_counter())
                    return
        finally:
            cache.keep((*self._prompt, *self._narrator.tokens))

    def _decoded(self, hidden: mx.array, reused: int) -> Iterator[ReplyEvent]:
        target = self._pair.target
        request = self._request
        rule = rule_of(
            request.verify, self._sampling, request.seed, self._prompt, target.vocabulary
        )
        rule = self._instruments.wrap(rule)
        first = rule.choose(target.logits(hidden), len(self._prompt))
        token = int(first.item())  # type: ignore[arg-type]  # an integer array
        rule.commit([token])
        prefilled = time.perf_counter()
        tokens_left = self._tokens_allowed() - 1
        finish = self._first_finish(token, tokens_left)
        yield self._narrator.first(token, prefilled - self._requested, last=finish is not None)
        if finish is None:
            sequence = self._sequence(rule, Anchor(first, hidden), tokens_left)
            with closing(decode(self._batch(), [sequence])) as rounds:
                for emitted in rounds:
                    finish = emitted.finish
                    yield self._narrator.round(emitted)
        assert finish is not None
        yield self._finished(finish, reused, prefilled)

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
        """Return how many tokens the reply may have: those asked for that the context holds."""
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
            prefill_tps=computed / (prefilled - self._requested),
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
