"""Watches of a round: called when a part of it has been built, they start the part or time it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, Protocol

import mlx.core as mx

Part = Literal["draft", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Laps:
    """Milliseconds of one round."""

    draft_build: float  # the host builds the drafter's steps
    draft_wait: float  # the device runs them
    verify_build: float
    verify_wait: float


class Watch(Protocol):
    def begin(self) -> None:
        """Prepare for a new round."""
        ...

    def built(self, part: Part, *results: mx.array) -> None:
        """Start or time `part` of the round, which has been built and computes `results`."""
        ...

    def laps(self) -> Laps | None:
        """Return the times of the round that has just ended; None where it was not timed."""
        ...


class Starting:
    """Starts the device on a part at once, while the host builds the next."""

    def begin(self) -> None:
        pass

    def built(self, part: Part, *results: mx.array) -> None:
        del part
        mx.async_eval(results)

    def laps(self) -> None:
        return None


class Timing:
    """Waits for each part before the next is built, so that each has a time of its own.

    The parts no longer overlap, so a timed round is slower than an untimed one.
    """

    def __init__(self) -> None:
        self._since = time.perf_counter()
        self._times: list[float] = []

    def begin(self) -> None:
        self._since = time.perf_counter()
        self._times = []

    def built(self, part: Part, *results: mx.array) -> None:
        del part  # they come in the order of `Laps`
        self._lap()
        mx.eval(results)
        self._lap()

    def _lap(self) -> None:
        now = time.perf_counter()
        self._times.append((now - self._since) * 1e3)
        self._since = now

    def laps(self) -> Laps:
        draft_build, draft_wait, verify_build, verify_wait = self._times
        return Laps(
            draft_build=draft_build,
            draft_wait=draft_wait,
            verify_build=verify_build,
            verify_wait=verify_wait,
        )
