"""Loading a pair with a line of progress on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mtp_mlx import wire

if TYPE_CHECKING:
    from mtp_mlx.engine import Engine

ERASE = "\r\x1b[K"


def load(request: wire.Load) -> Engine:
    """The engine with this pair; a terminal sees which part is being loaded."""
    watched = sys.stderr.isatty()

    def show(progress: wire.LoadProgress) -> None:
        if watched:
            part = f"{progress.phase} {progress.done}/{progress.total}"
            print(f"{ERASE}Loading {request.target}: {part}", end="", file=sys.stderr, flush=True)

    from mtp_mlx.engine import Engine

    try:
        return Engine.load(request, show)
    finally:
        if watched:
            print(ERASE, end="", file=sys.stderr, flush=True)
