"""A codec in a process of its own: the worker's side of the reader.

A reader that takes too long, holds too much or says too much is killed, and a new one is started
for the next request. `cancelled` is asked while a reader works, so the user can always stop.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from mtp_mlx.api import ThinkingSyntax
from mtp_mlx.errors import DamagedModel, ModelNotFound, MtpMlxError
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
from mtp_mlx.text.process import EndedError, ReaderProcess
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
        self._let_go_of_ended()
        limit = _turn(dialogue.length, "chat template or tokenizer")
        return self._ask(reader.Prompt(dialogue=dialogue), _IDS, limit, cancelled)

    def encode(self, text: str, *, special: bool = True, cancelled: Cancelled = never) -> list[int]:
        limit = _turn(len(text), "tokenizer")
        self._let_go_of_ended()
        return self._ask(reader.Encode(text=text, special=special), _IDS, limit, cancelled)

    def decode(self, ids: Sequence[int]) -> str:
        return self._ask(reader.Decode(ids=list(ids)), _TEXT, _Limit(ROUND_S, "tokenizer"))

    def reply(
        self, opened: Sequence[int] | None = None, cancelled: Cancelled = never
    ) -> RemoteTexts:
        self._let_go_of_ended()
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
        if self._process is None and self._open(cancelled) is None:
            self._end()
            raise ModelNotFound(
                "The model's tokenizer is not in its folder any more.",
                "Bring it back, or load another model.",
            )
        try:
            return self._asked(question, decoder, limit.seconds, cancelled)
        except EndedError as error:
            raise DamagedModel(
                f"The model's {limit.doing} {error}.",
                "Try again with a shorter text or another copy of the model, or, on the command "
                "line, with the prompt as it is (--raw).",
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

    def _let_go_of_ended(self) -> None:
        """Have the next question start a reader where the system has ended the idle one."""
        if self._process is not None and self._process.has_ended():
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()


LONG = 200_000
"""Characters: reading a longer text takes tenths of a second, so it must be stoppable."""


class ShippedCodec(LocalCodec):
    """The codec of our own files: in this process, but for long texts, which have a reader each."""

    start: Callable[[], RemoteCodec]

    @classmethod
    def load(cls, folder: Path, thinking: ThinkingSyntax | None) -> Self | None:
        codec = super().load(folder, thinking)
        if codec is not None:
            codec.start = partial(RemoteCodec, folder, thinking)
        return codec

    def prompt(self, dialogue: Dialogue, cancelled: Cancelled = never) -> list[int]:
        if dialogue.length < LONG:
            return super().prompt(dialogue)
        with self._apart() as codec:
            return codec.prompt(dialogue, cancelled)

    def encode(self, text: str, *, special: bool = True, cancelled: Cancelled = never) -> list[int]:
        if len(text) < LONG:
            return super().encode(text, special=special)
        with self._apart() as codec:
            return codec.encode(text, special=special, cancelled=cancelled)

    @contextlib.contextmanager
    def _apart(self) -> Iterator[RemoteCodec]:
        with contextlib.closing(self.start()) as codec:
            codec.ready()
            yield codec


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
    start = ShippedCodec.load if trusted else RemoteCodec.start
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
