"""The process of a reader, seen from its worker: how it is started, asked and killed."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping
from typing import Any

import psutil

from mtp_mlx.text import reader
from mtp_mlx.text.codec import Cancelled, ReadingCancelledError

LOOK_S = 0.05
"""Seconds between two looks at the flag and the memory while a reader works."""

ANSWER_BYTES = 2**26
"""The longest answer: more ids than any context holds."""

READ_BYTES = 2**20

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONHOME")
"""What a reader learns of this process's environment: nothing secret, such as a token."""


class EndedError(Exception):
    """The reader is gone; the text says why."""


def command() -> list[str]:
    """Return the command of a reader; a frozen bundle has no interpreter and runs itself."""
    if hasattr(sys, "frozen"):
        return [sys.executable, "--reader"]
    return [sys.executable, "-P", "-m", "mtp_mlx.text.reader"]


class ReaderProcess:
    """A reader's process and the pipes to it."""

    def __init__(self) -> None:
        lifeline, self._lifeline = os.pipe()
        try:
            self._popen = _start(lifeline)
        finally:
            os.close(lifeline)
        self._status = psutil.Process(self._popen.pid)
        self.end = weakref.finalize(self, _kill, self._popen, self._lifeline)

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def ask(self, question: bytes, seconds: float, cancelled: Cancelled) -> bytes:
        """Return the answer's line. Raises EndedError or ReadingCancelledError."""
        deadline = time.monotonic() + seconds
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        try:
            self._popen.stdin.write(question + b"\n")
            self._popen.stdin.flush()
        except OSError as error:
            raise EndedError("ended its process") from error
        pipe = self._popen.stdout.fileno()
        parts: list[bytes] = []
        size = 0
        while not (parts and parts[-1].endswith(b"\n")):
            if not select.select([pipe], [], [], LOOK_S)[0]:
                self._look(deadline, seconds, cancelled)
                continue
            parts.append(os.read(pipe, READ_BYTES))
            size += len(parts[-1])
            if not parts[-1]:
                raise EndedError("ended its process")
            if size > ANSWER_BYTES:
                raise EndedError(f"answers with more than {ANSWER_BYTES >> 20} MB")
        return b"".join(parts)

    def _look(self, deadline: float, seconds: float, cancelled: Cancelled) -> None:
        if cancelled():
            raise ReadingCancelledError
        if time.monotonic() > deadline:
            raise EndedError(f"takes more than {seconds:.0f} seconds")
        with contextlib.suppress(psutil.Error):
            if self._status.memory_info().rss > reader.MEMORY_BYTES:
                raise EndedError(f"needs more than {reader.MEMORY_BYTES >> 30} GB of memory")


def _start(lifeline: int) -> subprocess.Popen[bytes]:
    """Start a reader that ends as the other end of `lifeline` closes."""
    return subprocess.Popen(
        command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(os.environ) | {reader.LIFELINE: str(lifeline)},
        pass_fds=[lifeline],
    )


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {name: own[name] for name in KEPT if name in own} | {"TOKENIZERS_PARALLELISM": "false"}


def _kill(popen: subprocess.Popen[Any], lifeline: int) -> None:
    popen.kill()
    os.close(lifeline)
    for pipe in (popen.stdin, popen.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):
            pipe.close()
    popen.wait()
