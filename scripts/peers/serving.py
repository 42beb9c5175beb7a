"""An engine's side of the pipe: one JSON request a line on stdin, one JSON answer on stdout."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from peers.messages import Ask, Counts, Slice

Measure = Callable[[int], dict[str, Any]]  # context -> costs


class Loop(Protocol):
    """An engine's decoding loop. One reply is written at a time."""

    def start(self, ask: Ask) -> Iterator[int]:
        """The tokens of a reply, as the loop yields them."""
        ...

    def settle(self) -> None:
        """Wait for what the loop has started on the device: plain loops run one step ahead."""
        ...

    def counts(self) -> Counts:
        """Of the reply just finished."""
        ...


def serve(loop: Loop, packages: list[str], measure: Measure | None = None) -> None:
    """Answer until stdin ends. Whatever a library prints goes to stderr."""
    answers, sys.stdout = sys.stdout, sys.stderr

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    answer({"versions": {name: version(name) for name in packages}, "blas": _blas()})
    reply: Iterator[int] = iter(())
    for line in sys.stdin:
        request = json.loads(line)
        if "begin" in request:
            reply = loop.start(Ask(**request["begin"]))
            answer(asdict(_slice(loop, reply, 1)))
        elif "go" in request:
            answer(asdict(_slice(loop, reply, request["go"])))
        elif "finish" in request:
            assert not list(reply), "the reply is longer than was asked for"
            answer(asdict(loop.counts()))
        elif measure is not None:
            answer(measure(request["costs"]))


def _slice(loop: Loop, reply: Iterator[int], count: int) -> Slice:
    started, cpu = time.perf_counter(), time.process_time()
    tokens = list(islice(reply, count))
    loop.settle()
    return Slice(
        tokens=tokens,
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu,
    )


def _blas() -> str:
    """What multiplies matrices on the CPU of this very process."""
    maps = Path(f"/proc/{os.getpid()}/maps")
    if not maps.exists():
        return "the system's"
    return "OpenBLAS" if "openblas" in maps.read_text() else "MLX's own"
