"""An engine's side of the pipe: one JSON request a line on stdin, one JSON answer on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peers.messages import Ask, Run

Decode = Callable[[Ask], Run]
Measure = Callable[[int], dict[str, Any]]  # context -> costs


def serve(decode: Decode, packages: list[str], measure: Measure | None = None) -> None:
    """Answer until stdin ends. Whatever a library prints goes to stderr."""
    answers, sys.stdout = sys.stdout, sys.stderr

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    answer({"versions": {name: version(name) for name in packages}, "blas": _blas()})
    for line in sys.stdin:
        request = json.loads(line)
        if measure is not None and "costs" in request:
            answer(measure(request["costs"]))
        else:
            answer(asdict(decode(Ask(**request))))


def _blas() -> str:
    """What multiplies matrices on the CPU of this very process."""
    maps = Path(f"/proc/{os.getpid()}/maps")
    if not maps.exists():
        return "the system's"
    return "OpenBLAS" if "openblas" in maps.read_text() else "MLX's own"
