"""Loading a pair with a line of progress on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mtp_mlx import wire

if TYPE_CHECKING:
    from mtp_mlx.engine import Engine

ERASE = "\r\x1b[K"


def load(request: wire.Load) -> Engine:
    """The engine with this pair; a terminal sees which part is being loaded."""
    from mtp_mlx.engine import Engine

    with shown(request.target) as progress:
        return Engine.load(request, progress)


@contextmanager
def shown(what: str) -> Iterator[Callable[[wire.LoadProgress], None]]:
    """Where progress can be told to; on a terminal it is a line that is gone in the end."""
    watched = sys.stderr.isatty()

    def show(progress: wire.LoadProgress) -> None:
        if watched:
            part = f"{progress.phase} {progress.done}/{progress.total}"
            print(f"{ERASE}Loading {what}: {part}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if watched:
            print(ERASE, end="", file=sys.stderr, flush=True)
