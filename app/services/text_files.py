"""Text files that are attached to a message, and the names of files; errors are one sentence."""

from __future__ import annotations

import codecs
import errno
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app import strings
from app.domain.conversation import Attachment
from mtp_mlx.printable import TURNS

MOST_BYTES = 2**20  # of a file: a longer one is refused

_REASONS = {
    errno.ENOENT: strings.FILE_GONE,
    errno.ENOTDIR: strings.FILE_GONE,
    errno.EACCES: strings.FILE_FORBIDDEN,
    errno.EPERM: strings.FILE_FORBIDDEN,
}


@dataclass(frozen=True, slots=True)
class TextFiles:
    """The files that were read, and for each of the others a sentence that says why not."""

    read: tuple[Attachment, ...]
    refused: tuple[str, ...]


UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def printable(name: str) -> str:
    """Return a file's name as text: bytes of it that are no UTF-8 become a sign that says so."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_TURNS = "".join(map(chr, TURNS))
_NOT_IN_NAMES = re.compile(rf'[\\/:*?"<>|\x00-\x1f\x7f-\x9f{_TURNS}]+')
_LONGEST = 80


def file_name(title: str) -> str:
    """Return the title as a file name that every system accepts."""
    name = " ".join(_NOT_IN_NAMES.sub(" ", title).split())[:_LONGEST].strip(" .")
    return name or strings.UNTITLED


class FileError(Exception):
    """A file cannot be attached. The message is one sentence with the remedy."""


def read_text_files(paths: Sequence[Path]) -> TextFiles:
    read: list[Attachment] = []
    refused: list[str] = []
    for path in paths:
        try:
            read.append(read_text_file(path))
        except FileError as error:
            refused.append(str(error))
    return TextFiles(tuple(read), tuple(refused))


def read_text_file(path: Path) -> Attachment:
    """Return a file's text. Raises FileError, also for folders, pipes and files too large."""
    name = printable(path.name or str(path))
    if name != (path.name or str(path)):
        raise FileError(strings.FILE_NAME_UNREADABLE.format(name=name))
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            raise FileError(strings.FILE_FOLDER.format(name=name))
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except ValueError as error:  # a name that no file can have
        raise FileError(strings.FILE_NAME_UNREADABLE.format(name=name)) from error
    except OSError as error:
        if UNREADABLE in name:  # by the time it came here it was another name
            raise FileError(strings.FILE_NAME_UNREADABLE.format(name=name)) from error
        sentence = _REASONS.get(error.errno or 0, strings.FILE_UNREADABLE)
        raise FileError(sentence.format(name=name, reason=error.strerror or error)) from error
    if len(data) > MOST_BYTES:
        size = max(kind.st_size, len(data)) / 2**20
        raise FileError(strings.FILE_TOO_LARGE.format(name=name, size=f"{size:.1f}"))
    return Attachment(name=name, text=_decoded(name, data))


def _decoded(name: str, data: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark. Raises FileError."""
    sixteen = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if sixteen else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(strings.FILE_NOT_TEXT.format(name=name)) from error
    if "\0" in text:
        raise FileError(strings.FILE_NOT_TEXT.format(name=name))
    if not text.strip():
        raise FileError(strings.FILE_EMPTY.format(name=name))
    return text.replace("\r\n", "\n")
