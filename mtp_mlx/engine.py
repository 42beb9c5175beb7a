"""The engine: a loaded pair that answers requests with events.

One thread owns it, and MLX with it; only plain values go in and out. `Control` may be changed
from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import mlx.core as mx
import msgspec

from mtp_mlx import api
from mtp_mlx.api import PairInfo, TokenIds
from mtp_mlx.calibration import Calibration
from mtp_mlx.decode.prompt_reuse import PromptCache
from mtp_mlx.decode.sequence import Control
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.errors import OutOfMemory
from mtp_mlx.events import LoadProgress, ReplyEvent, Round
from mtp_mlx.learned import Known, recall, remember, start_from, subject_of
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.loading.device import describe, is_out_of_memory, versions
from mtp_mlx.protocols import State
from mtp_mlx.reply import BARE, Instruments, Reply
from mtp_mlx.request import prompt_ids
from mtp_mlx.text.tokenizer import Tokenizer

__all__ = ["BARE", "Control", "Engine", "Instruments"]


class Engine:
    """Writes one reply at a time; keeps the cache between replies."""

    def __init__(self, pair: LoadedPair, known: Known | None = None) -> None:
        """`known` of the pair on this machine, which the engine adds to; None keeps nothing."""
        self._pair = pair
        self._cache = PromptCache(pair.target, pair.drafter)
        self._subject = known.subject if known else None
        self._depth = DepthControl(
            None if pair.drafter else _no_drafter(pair.info), known.auto if known else None
        )

    @classmethod
    def load(
        cls,
        request: api.Load,
        progress: Callable[[LoadProgress], None] = lambda _: None,
    ) -> Engine:
        """Raises a LoadError whose one sentence names the remedy."""
        pair = load_pair(request, progress)
        device = describe()
        known = recall(subject_of(pair.info, device.name, device.backend, versions()["mlx"]))
        measured = known.calibration.draft_position if known.calibration else None
        if request.draft_position is None and measured is not None:
            pair = pair.with_draft_position(measured)
        progress(LoadProgress(phase="warm-up", done=3, total=3))
        engine = cls(pair, known)
        engine.warm_up()
        return engine

    @classmethod
    def load_random(
        cls, request: api.LoadRandom, progress: Callable[[LoadProgress], None] = lambda _: None
    ) -> Engine:
        """Make the pair; nothing learned of it is kept. Raises UsageError, OutOfMemory."""
        from mtp_mlx.loading import random_pair

        return cls(
            random_pair.random_pair(
                request.shape,
                layers=request.layers,
                bits=request.bits,
                drafter_bits=request.drafter_bits,
                dtype=request.dtype,
                progress=progress,
            )
        )

    def warm_up(self) -> None:
        """Build the kernels of a plain step and of a round, or the first reply would wait for them.

        What they take says nothing of later rounds, so auto does not see it.
        """
        for mtp in ("off", 3):
            request = api.Generate(prompt=(TokenIds((0,)),), mtp=mtp, max_tokens=8, ignore_eos=True)
            depth = DepthControl(None if self._pair.drafter else "")
            reply = Reply(self._pair, self._cache, depth, request, Control(mtp=mtp), BARE)
            with closing(self._survived(reply.events())) as events:
                next((e for e in events if isinstance(e, Round) and e.index > 0), None)
        self.forget()

    def remember(self, calibration: Calibration) -> None:
        """Let auto start from `calibration`, now and in processes to come."""
        self._depth = DepthControl(
            None if self._pair.drafter else _no_drafter(self._pair.info), start_from(calibration)
        )
        self._keep(calibration)

    def _keep(self, calibration: Calibration | None = None) -> None:
        if self._subject is None:
            return
        known = recall(self._subject)  # another process may have calibrated meanwhile
        remember(
            msgspec.structs.replace(
                known,
                auto=self._depth.learned(),
                calibration=calibration or known.calibration,
            )
        )

    @property
    def pair(self) -> PairInfo:
        return self._pair.info

    @property
    def loaded(self) -> LoadedPair:
        """Return the pair itself, for measurements."""
        return self._pair

    @property
    def tokenizer(self) -> Tokenizer | None:
        return self._pair.tokenizer

    @property
    def vocabulary(self) -> int:
        """The number of token ids."""
        return self._pair.target.vocabulary

    def prompt_ids(self, request: api.Generate) -> tuple[int, ...]:
        """Return the request's prompt as token ids. Raises UsageError or PromptTooLong."""
        return prompt_ids(self._pair, request)

    def count_tokens(self, text: str) -> int | None:
        """Count the tokens of `text` by itself; None where the model came without a tokenizer."""
        tokenizer = self._pair.tokenizer
        return None if tokenizer is None else len(tokenizer.encode(text, special=False))

    @property
    def state(self) -> State:
        """The cache of the conversation that was written last."""
        return self._cache.state

    def forget(self) -> None:
        """Empty the cache: the next reply reads its whole prompt."""
        self._cache.empty()

    def generate(
        self, request: api.Generate, control: Control, instruments: Instruments = BARE
    ) -> Iterator[ReplyEvent]:
        """Progress of the prompt, one event a round, and a `Finished` with the statistics.

        Raises UsageError or PromptTooLong before the first event, OutOfMemory at any time; the
        engine can go on after each of them, and after a consumer that stops listening.
        """
        reply = Reply(
            self._pair, self._cache, self._depth.for_sequence(), request, control, instruments
        )
        yield from self._survived(reply.events())
        if instruments is BARE:  # a measured reply says nothing of others
            self._keep()

    def _survived(self, events: Iterator[ReplyEvent]) -> Generator[ReplyEvent]:
        """`events`, and a device out of memory as an error that the engine outlives."""
        try:
            yield from events
        except RuntimeError as error:
            self._cache.empty()
            if not is_out_of_memory(error):
                raise
            mx.clear_cache()
            raise OutOfMemory(
                "The device ran out of memory.",
                "Shorten the conversation, or choose a smaller model.",
            ) from error


def _no_drafter(info: PairInfo) -> str:
    return info.no_drafter_reason or "this target has no drafter"
