"""The parent's side of the pipe. Only the process that is asked computes; the others wait."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from ctypes.util import find_library
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mtp_mlx.calibration import Costs
from peers.messages import Ask, Counts, Slice

ROOT = Path(__file__).parents[2]
PEERS_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
SETTLE_S = 0.03  # BLAS threads spin for a moment after their last product


class Contestant:
    """An engine in a process of its own, with its pair loaded."""

    def __init__(self, module: str, pair: Path, threads: int | None) -> None:
        self._module = module
        command = [str(python_of(module)), "-m", f"peers.{module}"]
        self._process = subprocess.Popen(
            [*command, str(pair / "target"), str(pair / "drafter")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(threads),
        )
        self.about: dict[str, Any] = self._read()

    def begin(self, ask: Ask) -> Slice:
        """The first token of a reply; its time is the prompt's."""
        return Slice(**self._request({"begin": asdict(ask)}))

    def go(self, count: int) -> Slice:
        """The next `count` tokens."""
        return Slice(**self._request({"go": count}))

    def finish(self) -> Counts:
        """The reply has all its tokens."""
        return Counts(**self._request({"finish": True}))

    def costs(self, context: int) -> Costs:
        """Ours only: what its passes cost behind `context` tokens."""
        found = self._request({"costs": context})
        return Costs(**found | {"verify_ms": tuple(found["verify_ms"])})

    def _request(self, value: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        time.sleep(SETTLE_S)
        with contextlib.suppress(BrokenPipeError):  # a dead process is told by what it answers
            self._process.stdin.write(json.dumps(value) + "\n")
            self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The process of {self._module} died; its last words are above.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


def python_of(module: str) -> Path:
    """Which interpreter runs which engine."""
    if module != "vlm":
        return Path(sys.executable)
    if not PEERS_PYTHON.exists():
        raise SystemExit("There is no build/peers: scripts/bench_peers.py says how to make it.")
    return PEERS_PYTHON


def _environment(threads: int | None) -> dict[str, str]:
    """The same for all: this checkout's modules, no network, and a fast BLAS on Linux."""
    found = dict(os.environ)
    found["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "scripts")])
    found["HF_HUB_OFFLINE"] = "1"
    openblas = find_library("openblas") if sys.platform == "linux" else None
    if openblas is not None:
        found["LD_PRELOAD"] = openblas
    if threads is not None:
        found["OPENBLAS_NUM_THREADS"] = str(threads)
    return found
