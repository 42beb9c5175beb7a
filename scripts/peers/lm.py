"""mlx-lm's own loop, which only decodes plainly."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import generate_step, generation_stream
from mlx_lm.utils import load_model

from peers.messages import Ask, Counts
from peers.serving import serve


class LmLoop:
    def __init__(self, target: Path) -> None:
        self._network, _ = load_model(target)

    def start(self, ask: Ask) -> Iterator[int]:
        steps = generate_step(mx.array(ask.prompt), self._network, max_tokens=ask.tokens)
        return (int(token) for token, _ in steps)

    def settle(self) -> None:
        mx.synchronize(generation_stream)

    def counts(self) -> Counts:
        return Counts()


if __name__ == "__main__":
    serve(LmLoop(Path(sys.argv[1])), ["mlx", "mlx-lm"])
