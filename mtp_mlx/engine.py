"""The engine: a loaded pair, and the caches of the conversations that it wrote last.

One thread owns an engine, and MLX with it; only plain values go in and out. `Control` may be
changed from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress

import mlx.core as mx
import msgspec

from mtp_mlx import api
from mtp_mlx.api import Memory, PairInfo, TokenIds
from mtp_mlx.calibration import Calibration
from mtp_mlx.decode.prompt_pool import PromptPool
from mtp_mlx.decode.sequence import Control, NotFinite
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.errors import DamagedModel, NonFiniteScores, OutOfMemory
from mtp_mlx.events import LoadProgress, ReplyEvent, Round
from mtp_mlx.families import shape
from mtp_mlx.files import brief
from mtp_mlx.learned import Record, recall, remember, start_from, subject_of
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.loading.device import describe, is_out_of_memory, versions
from mtp_mlx.loading.memory import pair_memory, prompt_bytes
from mtp_mlx.loading.pair import not_finite
from mtp_mlx.protocols import State
from mtp_mlx.reply import BARE, Instruments, Reply
from mtp_mlx.request import prompt_ids
from mtp_mlx.text.codec import Cancelled, Codec, never

__all__ = ["BARE", "Control", "Engine", "Instruments"]


class Engine:
    """Writes one reply at a time; keeps the caches of conversations between replies."""

    def __init__(self, pair: LoadedPair, record: Record | None = None) -> None:
        """Start from `record`, the measurements of the pair on this machine, and add to it.

        None: start from nothing and keep nothing.
        """
        self._pair = pair
        self._pool = PromptPool(pair.target, pair.drafter, prompt_bytes())
        self._subject = record.subject if record else None
        self._depth = DepthControl(
            None if pair.drafter else _no_drafter(pair.info), record.auto if record else None
        )

    @classmethod
    def load(
        cls,
        request: api.Load,
        progress: Callable[[LoadProgress], None] = lambda _: None,
    ) -> Engine:
        """Load a pair and warm it up. Raises LoadError, UsageError or OutOfMemory."""
        pair = load_pair(request, progress)
        device = describe()
        record = recall(subject_of(pair.info, device.name, device.backend, versions()["mlx"]))
        measured = record.calibration.draft_position if record.calibration else None
        if request.draft_position is None and measured is not None:
            pair = pair.with_draft_position(measured)
        progress(LoadProgress(phase="warm-up"))
        engine = cls(pair, record)
        try:
            engine.warm_up()
        except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError) as error:
            raise DamagedModel(
                f"{pair.info.target} was loaded and cannot be run: {brief(error)}.",
                "Download the model again, or choose another copy.",
            ) from error
        return engine

    @classmethod
    def load_random(
        cls, request: api.LoadRandom, progress: Callable[[LoadProgress], None] = lambda _: None
    ) -> Engine:
        """Make a pair of random weights, of which no record is kept.

        Raises UsageError, OutOfMemory.
        """
        from mtp_mlx.loading import random_pair

        return cls(
            random_pair.pair_of(
                shape(request.shape, request.layers),
                bits=request.bits,
                drafter_bits=request.drafter_bits,
                dtype=request.dtype,
                anyway=request.anyway,
                progress=progress,
            )
        )

    def warm_up(self) -> None:
        """Build the kernels of a plain step and of a round, so that no reply waits for them.

        Auto learns nothing from these rounds: they take longer than all later ones.
        """
        for mtp in ("off", 3):
            request = api.Generate(prompt=(TokenIds((0,)),), mtp=mtp, max_tokens=8, ignore_eos=True)
            depth = DepthControl(None if self._pair.drafter else "")
            reply = Reply(self._pair, self._pool, depth, request, Control(mtp=mtp), BARE)
            with (
                suppress(NonFiniteScores),  # a reply that somebody asks for says so
                closing(self._guarded(reply.events())) as events,
            ):
                next((e for e in events if isinstance(e, Round) and e.index > 0), None)
        self.forget()

    def remember(self, calibration: Calibration) -> None:
        """Let auto start from `calibration`, in this process and in later ones."""
        self._depth = DepthControl(
            None if self._pair.drafter else _no_drafter(self._pair.info), start_from(calibration)
        )
        self._keep(calibration)

    def _keep(self, calibration: Calibration | None = None) -> None:
        if self._subject is None:
            return
        record = recall(self._subject)  # read anew: another process may have calibrated meanwhile
        remember(
            msgspec.structs.replace(
                record,
                auto=self._depth.learned(),
                calibration=calibration or record.calibration,
            )
        )

    @property
    def pair(self) -> PairInfo:
        return self._pair.info

    @property
    def loaded(self) -> LoadedPair:
        """Return the networks of the pair, for measurements."""
        return self._pair

    @property
    def codec(self) -> Codec | None:
        return self._pair.codec

    @property
    def vocabulary(self) -> int:
        """Return the number of token ids."""
        return self._pair.target.vocabulary

    def prompt_ids(self, request: api.Generate, cancelled: Cancelled = never) -> tuple[int, ...]:
        """Return the request's prompt as token ids. Raises UsageError or PromptTooLong.

        Where `cancelled` says so while it is read, raises ReadingCancelledError.
        """
        return prompt_ids(self._pair, request, cancelled)

    def count_tokens(self, text: str, cancelled: Cancelled = never) -> int | None:
        """Count the tokens of `text` by itself; None where the model came without a tokenizer."""
        codec = self._pair.codec
        if codec is None:
            return None
        return len(codec.encode(text, special=False, cancelled=cancelled))

    def close(self) -> None:
        """End what the pair holds beside memory. The engine is not used again."""
        if self._pair.codec is not None:
            self._pair.codec.close()

    @property
    def state(self) -> State:
        """Return the cache of the conversation that was written last."""
        return self._pool.last.state

    def memory(self) -> Memory:
        """Return what is held and what there is, judged for the longer of context and reply."""
        pair, held = self._pair, self.state.length
        longest = pair.info.longest_context or pair.info.context_length
        return pair_memory(pair.size, max(pair.context, held), longest, anyway=pair.anyway)

    def forget(self) -> None:
        """Empty all caches: the next reply reads its whole prompt."""
        self._pool.empty()

    def generate(
        self, request: api.Generate, control: Control, instruments: Instruments = BARE
    ) -> Iterator[ReplyEvent]:
        """Yield the progress of the prompt, one event a round, and `Finished` with the statistics.

        Raises UsageError or PromptTooLong before the first event, OutOfMemory at any time. After
        each of them, and after a consumer that stops listening, the engine can write again.
        """
        reply = Reply(
            self._pair, self._pool, self._depth.for_sequence(), request, control, instruments
        )
        yield from self._guarded(reply.events())
        if instruments is BARE:  # instruments change how long rounds take, and what is accepted
            self._keep()

    def _guarded(self, events: Iterator[ReplyEvent]) -> Generator[ReplyEvent]:
        """Yield `events`; empty all caches where they fail.

        Raises OutOfMemory where the device ran out of it.
        """
        try:
            yield from events
        except NotFinite as error:
            self._pool.empty()
            raise not_finite(self._pair, error.whose) from error
        except OutOfMemory:
            self._pool.empty()
            mx.clear_cache()
            raise
        except RuntimeError as error:
            self._pool.empty()
            if not is_out_of_memory(error):
                raise
            mx.clear_cache()
            raise OutOfMemory(
                "The device ran out of memory.",
                "Shorten the conversation, or choose a smaller model.",
            ) from error


def _no_drafter(info: PairInfo) -> str:
    return info.no_drafter_reason or "this target has no drafter"
