"""The engine: a loaded pair that answers requests with events.

One thread owns it, and MLX with it; only plain values go in and out. `Control` may be changed
from any thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import mlx.core as mx
import msgspec

from mtp_mlx import wire
from mtp_mlx.calibration import Calibration
from mtp_mlx.errors import OutOfMemory
from mtp_mlx.gemma4.target import TargetSnapshot
from mtp_mlx.generation.control import Control
from mtp_mlx.generation.depth import DepthControl
from mtp_mlx.generation.loop import Decoding, decode
from mtp_mlx.generation.prefill import prefill
from mtp_mlx.generation.prompt_reuse import PromptCache
from mtp_mlx.generation.stats import Clock, summarize
from mtp_mlx.learned import Known, recall, remember, start_from, subject_of
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.loading.device import describe, is_out_of_memory, memory, versions
from mtp_mlx.narration import Narrator
from mtp_mlx.request import check_request, prompt_ids
from mtp_mlx.speculative.round import Anchor, Cast
from mtp_mlx.speculative.rule import Rule
from mtp_mlx.speculative.verification import rule_of
from mtp_mlx.speculative.watch import Starting, Watch
from mtp_mlx.text.tokenizer import Tokenizer
from mtp_mlx.values import FinishReason, PairInfo

__all__ = ["Control", "Engine", "Instruments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What a measurement attaches to a reply."""

    wrap: Callable[[Rule], Rule] = lambda rule: rule  # another rule around the reply's own
    watch: Watch = field(default_factory=Starting)


BARE = Instruments()
ReplyEvent = wire.PromptProgress | wire.Round | wire.Finished


class Engine:
    """Writes one reply at a time; keeps the cache between replies."""

    def __init__(self, pair: LoadedPair, known: Known | None = None) -> None:
        """`known` of the pair on this machine, which the engine adds to; None keeps nothing."""
        self._pair = pair
        self._cache = PromptCache(pair.target)
        self._known = known
        self._depth = DepthControl(
            None if pair.drafter else _no_drafter(pair.info), known.auto if known else None
        )

    @classmethod
    def load(
        cls,
        request: wire.Load,
        progress: Callable[[wire.LoadProgress], None] = lambda _: None,
    ) -> Engine:
        """Raises a LoadError whose one sentence names the remedy."""
        pair = load_pair(request, progress)
        device = describe()
        known = recall(subject_of(pair.info, device.name, device.backend, versions()["mlx"]))
        measured = known.calibration.draft_position if known.calibration else None
        if request.draft_position is None and measured is not None:
            info = replace(pair.info, draft_position=measured)
            pair = replace(pair, draft_position=measured, info=info)
        progress(wire.LoadProgress(phase="warm-up", done=3, total=3))
        engine = cls(pair, known)
        engine.warm_up()
        return engine

    def warm_up(self) -> None:
        """Build the kernels of plain steps and rounds, or the first reply would wait for them.

        What they take says nothing of later rounds, so auto does not see it.
        """
        for mtp in ("off", 3):
            request = wire.Generate(
                id="warm-up", prompt_ids=[0], mtp=mtp, max_tokens=8, ignore_eos=True
            )
            depth = DepthControl(None if self._pair.drafter else "")
            reply = Reply(self._pair, self._cache, depth, request, Control(mtp=mtp), BARE)
            for _ in reply.events():
                pass
        self._cache.empty()

    def remember(self, calibration: Calibration) -> None:
        """Let auto start from `calibration`, now and in processes to come."""
        self._depth = DepthControl(
            None if self._pair.drafter else _no_drafter(self._pair.info), start_from(calibration)
        )
        if self._known is not None:
            self._known = msgspec.structs.replace(self._known, calibration=calibration)
            self._keep()

    def _keep(self) -> None:
        assert self._known is not None
        self._known = msgspec.structs.replace(self._known, auto=self._depth.learned())
        remember(self._known)

    @property
    def pair(self) -> PairInfo:
        return self._pair.info

    @property
    def loaded(self) -> LoadedPair:
        """The pair itself, for what measures it."""
        return self._pair

    @property
    def tokenizer(self) -> Tokenizer | None:
        return self._pair.tokenizer

    @property
    def vocabulary(self) -> int:
        """The number of token ids."""
        return self._pair.target.config.vocab_size

    def prompt_ids(self, request: wire.Generate) -> tuple[int, ...]:
        """The request's prompt as the model reads it. Raises UsageError or PromptTooLong."""
        return prompt_ids(self._pair, request)

    def forget(self) -> None:
        """Empty the cache: the next reply reads its whole prompt."""
        self._cache.empty()

    def generate(
        self, request: wire.Generate, control: Control, instruments: Instruments = BARE
    ) -> Iterator[ReplyEvent]:
        """Progress of the prompt, one event a round, and a `Finished` with the statistics.


        Raises UsageError or PromptTooLong before the first event, OutOfMemory at any time; the
        engine can go on after each of them, and after a consumer that stops listening.
        """
        reply = Reply(self._pair, self._cache, self._depth, request, control, instruments)
        try:
            yield from reply.events()
            if instruments is BARE and self._known is not None:
                self._keep()
        except RuntimeError as error:
            self._cache.empty()
            if not is_out_of_memory(error):
                raise
            mx.clear_cache()
            raise OutOfMemory(
                "The device ran out of memory.",
                "Shorten the conversation, or choose a smaller model.",
            ) from error


class Reply:
    """One reply from request to end: the prompt is read, rounds are decoded and told."""

    def __init__(
        self,
        pair: LoadedPair,
        cache: PromptCache[TargetSnapshot],
        depth: DepthControl,
        request: wire.Generate,
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
        check_request(request, self._sampling, pair.target.config.vocab_size)
        self._prompt = prompt_ids(pair, request)
        self._narrator = Narrator(request.id, pair.tokenizer)

    def events(self) -> Iterator[ReplyEvent]:
        target = self._pair.target
        mx.reset_peak_memory()
        reused = self._cache.claim(self._prompt)
        try:
            self._cache.mark()
            yield self._progress(reused, reused)
            for last_row in prefill(target, self._prompt[reused:]):
                yield self._progress(target.length, reused)
                if target.length == len(self._prompt):
                    self._cache.mark()
                    yield from self._decoded(last_row, reused)
                elif self._control.cancelled:
                    yield self._finished("cancelled", reused, time.perf_counter())
                    return
        finally:
            self._cache.keep((*self._prompt, *self._narrator.tokens))

    def _decoded(self, hidden: mx.array, reused: int) -> Iterator[ReplyEvent]:
        vocabulary = self._pair.target.config.vocab_size
        request = self._request
        rule = rule_of(request.verify, self._sampling, request.seed, self._prompt, vocabulary)
        rule = self._instruments.wrap(rule)
        first = rule.choose(self._pair.target.scores(hidden), len(self._prompt))
        token = int(first.item())  # type: ignore[arg-type]  # an integer array
        rule.commit([token])
        prefilled = time.perf_counter()
        room = self._room() - 1
        finish = self._first_finish(token, room)
        yield self._narrator.first(token, prefilled - self._requested, last=finish is not None)
        if finish is None:
            decoding = self._decoding(rule)
            with closing(decode(decoding, Anchor(first, hidden), room, self._control)) as rounds:
                for emitted in rounds:
                    finish = emitted.finish
                    yield self._narrator.round(emitted)
        assert finish is not None
        yield self._finished(finish, reused, prefilled)

    def _decoding(self, rule: Rule) -> Decoding:
        pair = self._pair
        cast = None
        if pair.drafter is not None:
            cast = Cast(
                target=pair.target,
                drafter=pair.drafter,
                rule=rule,
                draft_position=pair.draft_position,
                watch=self._instruments.watch,
            )
        return Decoding(
            target=pair.target,
            rule=rule,
            cast=cast,
            end_tokens=self._end_tokens(),
            depth=self._depth,
        )

    def _end_tokens(self) -> frozenset[int]:
        return frozenset() if self._request.ignore_eos else self._pair.end_tokens

    def _room(self) -> int:
        """Tokens this reply may have: what was asked for, as far as the context holds them."""
        return min(self._request.max_tokens, self._pair.info.context_length - len(self._prompt))

    def _first_finish(self, token: int, room: int) -> FinishReason | None:
        if token in self._end_tokens():
            return "stop"
        if room == 0:
            return "length"
        return "cancelled" if self._control.cancelled else None

    def _progress(self, done: int, reused: int) -> wire.PromptProgress:
        total = len(self._prompt)
        return wire.PromptProgress(id=self._request.id, done=done, total=total, reused=reused)

    def _finished(self, reason: FinishReason, reused: int, prefilled: float) -> wire.Finished:
        computed = min(self._pair.target.length, len(self._prompt)) - reused
        stats = summarize(
            self._narrator.records,
            Clock(
                request=self._requested,
                first_token=prefilled,
                last_token=self._narrator.last_at or prefilled,
                prefill_s=prefilled - self._requested,
            ),
            generated_tokens=len(self._narrator.tokens),
            computed_prompt_tokens=computed,
            peak_memory_bytes=memory().peak,
        )
        return wire.Finished(
            id=self._request.id,
            reason=reason,
            prompt_tokens=len(self._prompt),
            reused_tokens=reused,
            seed=self._request.seed,
            sampling=self._sampling,
            stats=stats,
        )


def _no_drafter(info: PairInfo) -> str:
    return info.no_drafter_reason or "this target has no drafter"
