"""The parent's side of the pipe. Only the process that is asked computes; the others wait."""

from __future__ import annotations

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

from peers.messages import Ask, Run

ROOT = Path(__file__).parents[2]
PEERS_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
SETTLE_S = 0.05  # BLAS threads spin for a moment after their last product


class Contestant:
    """An engine in a process of its own, with its pair loaded."""

    def __init__(self, module: str, python: Path, pair: Path, threads: int | None) -> None:
        self.name = module
        command = [
            str(python),
            "-m",
            f"peers.{module}",
            str(pair / "target"),
            str(pair / "drafter"),
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(threads),
        )
        self.about: dict[str, Any] = self._read()

    def decode(self, ask: Ask) -> Run:
        return Run(**self._request(asdict(ask)))

    def costs(self, context: int) -> dict[str, Any]:
        return self._request({"costs": context})

    def _request(self, value: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        time.sleep(SETTLE_S)
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The process of {self.name} died; its last words are above.")
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
        self._process.stdin.close()
        self._process.wait()


def pythons() -> dict[str, Path]:
    """Which interpreter runs which engine."""
    if not PEERS_PYTHON.exists():
        raise SystemExit(
            "There is no build/peers; the first lines of scripts/bench_peers.py make it."
        )
    return {"ours": Path(sys.executable), "lm": Path(sys.executable), "vlm": PEERS_PYTHON}


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
