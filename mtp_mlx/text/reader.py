"""The reader: a process that runs what a stranger's checkpoint makes us run to read and write text.

`python -m mtp_mlx.text.reader` answers requests of its worker, a JSON line each, until its stdin
ends. A chat template may loop and a tokenizer may grow without end: only the reader suffers. Its
worker limits time, memory and output, and kills it (`mtp_mlx.text.process`).

A template that breaks out of its sandbox finds itself in an interpreter that refuses the network,
other programs and changes to files. The interpreter refuses, not the system: machine code that a
file smuggles into a library is not held by it, nor does it keep anybody from reading files.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from mtp_mlx.api import ThinkingSyntax
from mtp_mlx.errors import DamagedModel, MtpMlxError, UsageError
from mtp_mlx.text.codec import Dialogue, Facts, LocalCodec, no_template
from mtp_mlx.text.reply import Read, ReplyText
from mtp_mlx.text.template import ChatTemplate
from mtp_mlx.text.tokenizer import Tokenizer

MEMORY_BYTES = 3 * 2**30
"""What a reader may hold. The largest vocabularies take less than a third of it while they load."""

REFUSED = b"!"
"""What an answer's line begins with that is an error."""

LIFELINE = "MTP_MLX_LIFELINE"
"""Names the descriptor of a pipe that nobody writes to; its other end closes with the worker."""


FORBIDDEN = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "pty.", "os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "os.chflags", "os.utime", "os.setxattr",
    "os.removexattr", "shutil.", "tempfile.", "ctypes.", "syslog.",
)  # fmt: skip
"""Beginnings of the names of audit events that reading a text never needs."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class OpenTokenizer(msgspec.Struct, frozen=True, kw_only=True, tag="tokenizer"):
    """Load a folder's tokenizer. Answered by `Facts`, or null where there is none."""

    folder: str
    thinking: ThinkingSyntax | None


class OpenTemplate(msgspec.Struct, frozen=True, kw_only=True, tag="template"):
    """Load the chat template as well. Answered by `Facts`."""


class Prompt(msgspec.Struct, frozen=True, kw_only=True, tag="prompt"):
    """Answered by ids."""

    dialogue: Dialogue


class Encode(msgspec.Struct, frozen=True, kw_only=True, tag="encode"):
    """Answered by ids."""

    text: str
    special: bool


class Decode(msgspec.Struct, frozen=True, kw_only=True, tag="decode"):
    """Answered by a text."""

    ids: list[int]


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Begin the text of a reply. Answered by null."""

    opened: list[int] | None


class ReadRound(msgspec.Struct, frozen=True, kw_only=True, tag="round"):
    """Answered by `Read`."""

    ids: list[int]
    rejected: list[int]
    last: bool


Question = OpenTokenizer | OpenTemplate | Prompt | Encode | Decode | Begin | ReadRound
_QUESTIONS = msgspec.json.Decoder(Question)  # making one takes as long as a round


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The error that a question ends with."""

    damaged: bool  # DamagedModel, else UsageError
    message: str
    remedy: str

    @classmethod
    def of(cls, error: MtpMlxError) -> Refused:
        return cls(
            damaged=isinstance(error, DamagedModel), message=error.message, remedy=error.remedy
        )

    def error(self) -> MtpMlxError:
        return (DamagedModel if self.damaged else UsageError)(self.message, self.remedy)


class Reader:
    """Answers questions about one folder."""

    def __init__(self) -> None:
        self._folder = Path()
        self._thinking: ThinkingSyntax | None = None
        self._tokenizer: Tokenizer | None = None
        self._codec: LocalCodec | None = None
        self._text: ReplyText | None = None

    def answer(self, question: Question) -> Facts | list[int] | str | Read | None:
        """Raises MtpMlxError, and anything that a stranger's file makes a library raise."""
        match question:
            case OpenTokenizer():
                return self._open(question)
            case OpenTemplate():
                return self._open_template()
            case Begin(opened=opened):
                self._text = self._loaded().reply(opened)
                return None
            case ReadRound(ids=ids, rejected=rejected, last=last):
                assert self._text is not None
                return self._text.read(ids, rejected, last=last)
        return self._converted(question)

    def _converted(self, question: Prompt | Encode | Decode) -> list[int] | str:
        codec = self._loaded()
        match question:
            case Prompt(dialogue=dialogue):
                return codec.prompt(dialogue)
            case Encode(text=text, special=special):
                return codec.encode(text, special=special)
            case Decode(ids=ids):
                return codec.decode(ids)

    def _loaded(self) -> LocalCodec:
        assert self._codec is not None
        return self._codec

    def _open(self, question: OpenTokenizer) -> Facts | None:
        self._folder, self._thinking = Path(question.folder), question.thinking
        self._tokenizer = Tokenizer.load(self._folder)
        if self._tokenizer is None:
            return None
        absent = no_template(self._folder)
        self._codec = LocalCodec(self._tokenizer, None, self._thinking, absent)
        return self._codec.facts

    def _open_template(self) -> Facts:
        assert self._tokenizer is not None
        template = ChatTemplate.load(self._folder)
        absent = no_template(self._folder)
        self._codec = LocalCodec(self._tokenizer, template, self._thinking, absent)
        return self._codec.facts


def main() -> int:
    """Serve until the end of stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the worker's business
    _end_with_the_worker()
    _limit()
    pipe = _private_stdout()
    sys.addaudithook(_refuse)
    reader = Reader()
    for line in _lines(sys.stdin.buffer):
        pipe.write(answered(reader, line) + b"\n")
        pipe.flush()
    return 0


def _refuse(event: str, given: tuple[object, ...]) -> None:
    """Raise PermissionError for an audit event that reading a text never needs."""
    writes = event == "open" and isinstance(given[2], int) and given[2] & _WRITING
    starts = event == "import" and given[0] == "_posixsubprocess"  # whose calls are not announced
    if writes or starts or event.startswith(FORBIDDEN):
        raise PermissionError(f"{event} is not allowed here")


def answered(reader: Reader, line: bytes) -> bytes:
    try:
        answer = reader.answer(_QUESTIONS.decode(line))
        return msgspec.json.encode(answer)
    except MtpMlxError as error:
        refused = Refused.of(error)
    except BaseException as error:  # noqa: BLE001 - a library's panic is no Exception
        what = " ".join(str(error).split()).rstrip(".")[:160] or type(error).__name__
        refused = Refused.of(damaged_text(what))
    return REFUSED + msgspec.json.encode(refused)


def damaged_text(what: str) -> DamagedModel:
    """Return the error for a tokenizer that fails where the format allows no failure."""
    return DamagedModel(
        f"The model's tokenizer cannot be used: {what}.", "Download the model again."
    )


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline():
        yield line


def _private_stdout() -> BinaryIO:
    """Return the pipe, out of reach of libraries that print."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def _end_with_the_worker() -> None:
    """End this process as soon as the lifeline closes, whatever it is doing.

    The system's signal calls `_exit` itself: a thread of Python's would wait for a library that
    keeps the interpreter to itself. The thread is there for systems that send no such signal.
    """
    library = ctypes.CDLL(None)
    library.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    library.signal(signal.SIGIO, ctypes.cast(library["_exit"], ctypes.c_void_p))
    lifeline = int(os.environ[LIFELINE])
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
    threading.Thread(target=_wait_for_the_end, args=[lifeline], daemon=True).start()


def _wait_for_the_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


def _limit() -> None:
    """Take what no text needs: files of any size, cores, and memory where the system counts it."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_AS: MEMORY_BYTES}
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (allowed, allowed))
        except (OSError, ValueError):
            continue  # macOS knows no such limit of memory: the worker watches it


if __name__ == "__main__":
    sys.exit(main())
