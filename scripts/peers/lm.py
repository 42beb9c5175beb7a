"""mlx-lm's own loop, which only decodes plainly."""

from __future__ import annotations

import sys
from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import generate_step
from mlx_lm.utils import load_model

from peers.messages import Ask, Run, timed
from peers.serving import serve


def main() -> None:
    network, _ = load_model(Path(sys.argv[1]))

    def decode(ask: Ask) -> Run:
        steps = generate_step(mx.array(ask.prompt), network, max_tokens=ask.tokens)
        found = timed(int(token) for token, _ in steps)
        return Run(tokens=found.tokens, seconds=found.seconds, cpu_seconds=found.cpu_seconds)

    serve(decode, ["mlx", "mlx-lm"])


if __name__ == "__main__":
    main()
