"""A benchmark's progress on a terminal: one line, gone in the end."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mtp_mlx.cli.loading import ERASE

if TYPE_CHECKING:
    from mtp_mlx.bench.pace import Progress


class ProgressLine:
    """Shows nothing where nobody looks on; warnings are told all the same."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._erase()

    def show(self, now: Progress) -> None:
        if self._watched:
            print(f"{ERASE}{in_words(now)}", end="", file=sys.stderr, flush=True)

    def warn(self, sentence: str) -> None:
        self._erase()
        print(f"mtp-mlx: {sentence}", file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self._watched:
            print(ERASE, end="", file=sys.stderr, flush=True)


def in_words(now: Progress) -> str:
    """Short enough for a line of 80 characters, whatever the names."""
    from mtp_mlx.report import words

    if now.phase == "hashing":
        return "Hashing the weights, once"
    counted = f"{now.done} of {now.total} runs"
    if now.left_s is not None:
        counted += f", {duration(now.left_s)} left"
    at_hand = f", {now.turn.prompt.id}, {words.mode(now.turn.mode)}" if now.turn else ""
    return f"{counted}: {now.phase}{at_hand}"[:79]


def duration(seconds: float) -> str:
    """Rounded up, for a promise that is kept."""
    whole = int(seconds) + 1
    if whole < 100:
        return f"{whole} s"
    minutes = -(-whole // 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
