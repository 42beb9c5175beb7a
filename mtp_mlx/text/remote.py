"""A codec in a process of its own: the worker's side of the reader.

A reader that takes too long, holds too much or says too much is killed, and a new one is started
for the next request. `cancelled` is asked while a reader works, so the user can always stop.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psutil

from mtp_mlx.api import ThinkingSyntax
from mtp_mlx.errors import DamagedModel, MtpMlxError
from mtp_mlx.text import reader
from mtp_mlx.text.codec import (
    Cancelled,
    Codec,
    Dialogue,
    Facts,
    LocalCodec,
    ReadingCancelledError,
    never,
    no_template,
)
from mtp_mlx.text.reply import Read
from mtp_mlx.text.template import damaged_template
from mtp_mlx.text.vocabulary import has_vocabulary

LOAD_S = 30.0
"""Seconds a vocabulary or a template may take to load; the largest take two."""

TURN_S = 10.0
"""Seconds a prompt may take, and as many again for each `TURN_CHARACTERS`."""

TURN_CHARACTERS = 2_000_000

ROUND_S = 5.0
"""Seconds the text of one round may take."""

LOOK_S = 0.05
"""Seconds between two looks at the flag and the memory while a reader works."""

ANSWER_BYTES = 2**26
"""The longest answer: more ids than any context holds."""

READ_BYTES = 2**20

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONHOME")
"""What a reader learns of this process's environment: nothing secret, such as a token."""

Answer = TypeVar("Answer")

_IDS = msgspec.json.Decoder(list[int])
_TEXT = msgspec.json.Decoder(str)
_READ = msgspec.json.Decoder(Read)
_FACTS = msgspec.json.Decoder(Facts)
_MAYBE_FACTS: msgspec.json.Decoder[Facts | None] = msgspec.json.Decoder(Facts | None)
_NOTHING: msgspec.json.Decoder[None] = msgspec.json.Decoder(type(None))


@dataclass(frozen=True, slots=True)
class _Limit:
    seconds: float
    doing: str  # with what an error's sentence goes on behind "The model's"


class EndedError(Exception):
    """The reader is gone; the text says why."""


def command() -> list[str]:
    """Return the command of a reader; a frozen bundle has no interpreter and runs itself."""
    if hasattr(sys, "frozen"):
        return [sys.executable, "--reader"]
    return [sys.executable, "-P", "-m", "mtp_mlx.text.reader"]


class RemoteCodec:
    """A folder's codec, in a reader that starts at once and loads while others work."""

    def __init__(self, folder: Path, thinking: ThinkingSyntax | None) -> None:
        self._folder = folder
        self._thinking = thinking
        self._process: ReaderProcess | None = None
        self._facts: Facts | None = None
        self._fault: MtpMlxError | None = None  # of the template
        self._error: Exception | None = None  # of the tokenizer
        self._closed = False
        self._loading = threading.Thread(target=self._load, name="reader", daemon=True)
        self._loading.start()

    @classmethod
    def start(cls, folder: Path, thinking: ThinkingSyntax | None) -> RemoteCodec | None:
        """Begin to load; None where the folder has no file of a tokenizer."""
        return cls(folder, thinking) if has_vocabulary(folder) else None

    def ready(self) -> bool:
        """Wait for the load; False where the folder has no tokenizer. Raises DamagedModel."""
        self._loading.join()
        if self._error is not None:
            raise self._error
        return self._facts is not None

    @property
    def facts(self) -> Facts:
        assert self._facts is not None
        return self._facts

    def prompt(self, dialogue: Dialogue, cancelled: Cancelled = never) -> list[int]:
        if not self.facts.has_template:
            raise self._fault or no_template(self._folder)
        length = sum(len(message.content) for message in dialogue.messages)
        limit = _turn(length, "chat template or tokenizer")
        return self._ask(reader.Prompt(dialogue=dialogue), _IDS, limit, cancelled)

    def encode(self, text: str, *, special: bool = True, cancelled: Cancelled = never) -> list[int]:
        limit = _turn(len(text), "tokenizer")
        return self._ask(reader.Encode(text=text, special=special), _IDS, limit, cancelled)

    def decode(self, ids: Sequence[int]) -> str:
        return self._ask(reader.Decode(ids=list(ids)), _TEXT, _Limit(ROUND_S, "tokenizer"))

    def reply(
        self, opened: Sequence[int] | None = None, cancelled: Cancelled = never
    ) -> RemoteTexts:
        question = reader.Begin(opened=None if opened is None else list(opened))
        self._ask(question, _NOTHING, _Limit(ROUND_S, "tokenizer"), cancelled)
        return RemoteTexts(self, cancelled)

    def read(self, question: reader.ReadRound, cancelled: Cancelled) -> Read:
        return self._ask(question, _READ, _Limit(ROUND_S, "tokenizer"), cancelled)

    def close(self) -> None:
        self._closed = True
        self._end()
        self._loading.join()
        self._end()

    def _load(self) -> None:
        try:
            self._facts = self._open(never)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error

    def _open(self, cancelled: Cancelled) -> Facts | None:
        """Start a reader, and load what is sound. Raises DamagedModel, of the tokenizer alone."""
        facts = self._opened(cancelled)
        if facts is None or self._fault is not None:
            return facts
        try:
            return self._asked(reader.OpenTemplate(), _FACTS, LOAD_S, cancelled)
        except DamagedModel as error:
            self._fault = error
        except EndedError as error:
            self._fault = damaged_template(f"it {error}")
            facts = self._opened(cancelled)
        return facts

    def _opened(self, cancelled: Cancelled) -> Facts | None:
        self._process = ReaderProcess()
        question = reader.OpenTokenizer(folder=str(self._folder), thinking=self._thinking)
        try:
            return self._asked(question, _MAYBE_FACTS, LOAD_S, cancelled)
        except EndedError as error:
            raise reader.damaged_text(f"it {error}") from error

    def _ask(
        self,
        question: reader.Question,
        decoder: msgspec.json.Decoder[Answer],
        limit: _Limit,
        cancelled: Cancelled = never,
    ) -> Answer:
        if self._process is None:
            self._open(cancelled)
        try:
            return self._asked(question, decoder, limit.seconds, cancelled)
        except EndedError as error:
            raise DamagedModel(
                f"The model's {limit.doing} {error}.",
                "Shorten the text, give it as it is (--raw), or use another copy of the model.",
            ) from error

    def _asked(
        self,
        question: reader.Question,
        decoder: msgspec.json.Decoder[Answer],
        seconds: float,
        cancelled: Cancelled,
    ) -> Answer:
        process = self._process
        if process is None or self._closed:
            raise EndedError("is closed")
        try:
            line = process.ask(msgspec.json.encode(question), seconds, cancelled)
        except (EndedError, ReadingCancelledError, KeyboardInterrupt):
            self._end()
            raise
        return _understood(line, decoder)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()


class Opening:
    """A folder's codec that loads while the weights do."""

    def __init__(self, started: LocalCodec | RemoteCodec | None) -> None:
        self._started = started

    def codec(self) -> Codec | None:
        """Wait for the codec; None where the folder has no tokenizer. Raises DamagedModel."""
        if isinstance(self._started, RemoteCodec) and not self._started.ready():
            self.close()
        return self._started

    def close(self) -> None:
        if self._started is not None:
            self._started.close()
        self._started = None


@contextlib.contextmanager
def opening(folder: Path, thinking: ThinkingSyntax | None, *, trusted: bool) -> Iterator[Opening]:
    """Within, the folder's codec loads; a load that fails ends it.

    The files of a `trusted` folder are our own and need no process of their own.
    """
    start = LocalCodec.load if trusted else RemoteCodec.start
    loads = Opening(start(folder, thinking))
    try:
        yield loads
    except BaseException:
        loads.close()
        raise


def _turn(characters: int, doing: str) -> _Limit:
    return _Limit(TURN_S * (1 + characters / TURN_CHARACTERS), doing)


def _understood(line: bytes, decoder: msgspec.json.Decoder[Answer]) -> Answer:
    """Return the answer in a line. Raises what the reader refused with."""
    if line.startswith(reader.REFUSED):
        raise msgspec.json.decode(line[len(reader.REFUSED) :], type=reader.Refused).error()
    return decoder.decode(line)


class RemoteTexts:
    """The text of the reply that a reader was last asked to begin."""

    def __init__(self, codec: RemoteCodec, cancelled: Cancelled) -> None:
        self._codec = codec
        self._cancelled = cancelled

    def read(self, ids: Sequence[int], rejected: Sequence[int] = (), *, last: bool) -> Read:
        question = reader.ReadRound(ids=list(ids), rejected=list(rejected), last=last)
        return self._codec.read(question, self._cancelled)


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
