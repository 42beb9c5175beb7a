"""The engine: a loaded pair that answers requests with events.

One thread owns it, and MLX with it; only plain values go in and out. `Control` may be changed
from any thread.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import mlx.core as mx

from mtp_mlx import wire
from mtp_mlx.errors import OutOfMemory, PromptTooLong, UsageError
from mtp_mlx.gemma4.target import TargetSnapshot
from mtp_mlx.generation.control import Control
from mtp_mlx.generation.depth import DepthControl
from mtp_mlx.generation.loop import Decoding, decode
from mtp_mlx.generation.prefill import prefill
from mtp_mlx.generation.prompt_reuse import PromptCache
from mtp_mlx.generation.stats import Clock, summarize
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.loading.device import is_out_of_memory, memory
from mtp_mlx.narration import Narrator
from mtp_mlx.sampling.choice import Chooser, chooser
from mtp_mlx.speculative.round import Anchor
from mtp_mlx.text.tokenizer import Tokenizer
from mtp_mlx.values import FinishReason, Mtp, PairInfo, Sampling

__all__ = ["Control", "Engine"]

ReplyEvent = wire.PromptProgress | wire.Round | wire.Finished


class Engine:
    """Writes one reply at a time; keeps the cache between replies."""

    def __init__(self, pair: LoadedPair) -> None:
        self._pair = pair
        self._cache = PromptCache(pair.target)
        self._depth = DepthControl(None if pair.drafter else _no_drafter(pair.info))

    @classmethod
    def load(
        cls,
        request: wire.Load,
        progress: Callable[[wire.LoadProgress], None] = lambda _: None,
    ) -> Engine:
        """Raises a LoadError whose one sentence names the remedy."""
        return cls(load_pair(request, progress))

    @property
    def pair(self) -> PairInfo:
        return self._pair.info

    @property
    def tokenizer(self) -> Tokenizer | None:
        return self._pair.tokenizer

    def generate(self, request: wire.Generate, control: Control) -> Iterator[ReplyEvent]:
        """Progress of the prompt, one event a round, and a `Finished` with the statistics.

        Raises UsageError or PromptTooLong before the first event, OutOfMemory at any time; the
        engine can go on after each of them, and after a consumer that stops listening.
        """
        reply = Reply(self._pair, self._cache, self._depth, request, control)
        try:
            yield from reply.events()
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
    ) -> None:
        self._requested = time.perf_counter()
        self._pair = pair
        self._cache = cache
        self._depth = depth
        self._request = request
        self._control = control
        self._sampling = request.sampling or pair.info.recommended
        check_request(request, self._sampling)
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
        choose = chooser(self._sampling, self._request.seed, self._prompt, vocabulary)
        first = choose(self._pair.target.scores(hidden), len(self._prompt))
        token = int(first.item())  # type: ignore[arg-type]  # an integer array
        choose.commit([token])
        prefilled = time.perf_counter()
        room = self._room() - 1
        finish = self._first_finish(token, room)
        yield self._narrator.first(token, prefilled - self._requested, last=finish is not None)
        if finish is None:
            decoding = self._decoding(choose)
            with closing(decode(decoding, Anchor(first, hidden), room, self._control)) as rounds:
                for emitted in rounds:
                    finish = emitted.finish
                    yield self._narrator.round(emitted)
        assert finish is not None
        yield self._finished(finish, reused, prefilled)

    def _decoding(self, choose: Chooser) -> Decoding:
        return Decoding(
            target=self._pair.target,
            drafter=self._pair.drafter,
            choose=choose,
            end_tokens=self._end_tokens(),
            draft_position=self._pair.draft_position,
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


def prompt_ids(pair: LoadedPair, request: wire.Generate) -> tuple[int, ...]:
    """The request's prompt as token ids. Raises UsageError or PromptTooLong."""
    ids = tuple(_templated(pair, request) if request.prompt_ids is None else request.prompt_ids)
    if not ids:
        raise UsageError("The prompt is empty.", "Write something first.")
    vocabulary = pair.target.config.vocab_size
    strange = [i for i in ids if not 0 <= i < vocabulary]
    if strange:
        raise UsageError(
            f"Token id {strange[0]} is outside the vocabulary of {vocabulary}.",
            "Use ids made by this model's tokenizer.",
        )
    context = pair.info.context_length
    if len(ids) >= context:
        raise PromptTooLong(
            f"The conversation has {len(ids)} tokens and the model's context holds {context}.",
            "Start a new chat, or shorten this one.",
        )
    return ids


def _templated(pair: LoadedPair, request: wire.Generate) -> Sequence[int]:
    if request.messages is None:
        raise UsageError("There is no prompt.", "Give messages or prompt_ids.")
    if pair.tokenizer is None or pair.template is None:
        if pair.tokenizer is None:
            raise UsageError(
                "The model's folder has no tokenizer.", "Give token ids: --prompt-ids."
            )
        raise UsageError("The model's folder has no chat template.", "Use --raw.")
    text = pair.template.render(request.messages, thinking=request.thinking)
    return pair.tokenizer.encode(text)


def check_request(request: wire.Generate, sampling: Sampling) -> None:
    """Refuse settings that cannot be honoured. Raises UsageError."""
    if request.messages is not None and request.prompt_ids is not None:
        raise UsageError("There are two prompts.", "Give messages or prompt_ids, not both.")
    if request.max_tokens < 1:
        raise UsageError(f"{request.max_tokens} tokens is no reply.", "Ask for at least 1 token.")
    check_mtp(request.mtp)
    if not 0 <= request.seed < 2**64:
        raise UsageError(f"The seed {request.seed} is out of range.", "Use 0 to 2^64 - 1.")
    _check_sampling(sampling)


def check_mtp(mtp: Mtp) -> None:
    """Raises UsageError."""
    if isinstance(mtp, int) and not 0 <= mtp <= wire.MAX_DEPTH:
        raise UsageError(f"K {mtp} is out of range.", f"Use off, auto or 0 to {wire.MAX_DEPTH}.")


def _check_sampling(sampling: Sampling) -> None:
    ranges = (
        ("temperature", sampling.temperature, 0, 100),
        ("top-p", sampling.top_p, 0, 1),
        ("min-p", sampling.min_p, 0, 1),
        ("top-k", sampling.top_k, 0, math.inf),
    )
    for name, value, least, most in ranges:
        if not least <= value <= most:  # false for NaN
            span = f"{least} or more" if most == math.inf else f"{least} to {most:g}"
            raise UsageError(f"{name} {value:g} is out of range.", f"Use {span}, or leave it out.")
    if not 0 < sampling.repetition_penalty < math.inf:
        raise UsageError(
            f"A repetition penalty of {sampling.repetition_penalty:g} makes no sense.",
            "Use a number a little above 1, or 1 for none.",
        )


def _no_drafter(info: PairInfo) -> str:
    return info.no_drafter_reason or "this target has no drafter"
