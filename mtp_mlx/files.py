"""Small files: written whole or not at all, read as JSON or refused."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mtp_mlx.errors import DamagedModel
from mtp_mlx.printable import printable

Made = TypeVar("Made")

_READ_AND_WRITE = 0o666
LARGEST = 64 * 2**20
"""Bytes of the largest JSON file that is read; the index of the largest checkpoints has a tenth."""

MOST_BYTES = 2**28
"""The largest report or suite that is read."""


def open_standard_files(descriptors: Iterable[int] = range(3)) -> None:
    """Open the three standard files that are closed, on the null device.

    A program that is started from a desktop may have none. The next file that it opened, such as a
    database, would get the number of one, and what a library prints would be written into it.
    """
    for descriptor in descriptors:
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
    null_device = Path(os.devnull)
    sys.stdin = sys.stdin or null_device.open(encoding="utf-8")
    sys.stdout = sys.stdout or null_device.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or null_device.open("w", encoding="utf-8")


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, making its folder.

    After a crash the file holds its old content or all of the new. Nobody may read it who may not
    read its folder. Raises OSError, after which no temporary file is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    mode = path.parent.stat().st_mode & _READ_AND_WRITE
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:  # noqa: PTH123  (a mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_ordinary(path: Path) -> bytes:
    """Return a file's bytes. Raises OSError, also for a device or a pipe: they may have no end."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, f"it is no ordinary file but a {_kind(status.st_mode)}")
    if status.st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {MOST_BYTES >> 20} MB")
    return path.read_bytes()


def size_of(file: Path) -> int | None:
    """Return the bytes of a checkpoint's file; None where there is no such file.

    Raises DamagedModel for anything that is no regular file: opening a pipe waits for its writer,
    and a device has no end.
    """
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise damaged(file, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise DamagedModel(
            f"{file.name} is no ordinary file but a {_kind(found.st_mode)}.",
            "Put the model's own file in its place.",
        )
    return found.st_size


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "socket" if stat.S_ISSOCK(mode) else "device"


def may_be_read(file: Path) -> bool:
    """Tell whether a checkpoint's JSON file is there, without opening it.

    Raises DamagedModel for one that is no ordinary file or larger than any.
    """
    size = size_of(file)
    if size is not None and size > LARGEST:
        raise damaged(file, f"{size} bytes are more than such a file has")
    return size is not None


def find_object(file: Path) -> Mapping[str, Any] | None:
    """Return the JSON object in a checkpoint's file; None where there is no such file.

    Raises DamagedModel.
    """
    if not may_be_read(file):
        return None
    try:
        value = json.loads(file.read_text(encoding="utf-8-sig"))  # some editors write a mark
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file, error) from error
    if not isinstance(value, dict):
        raise damaged(file, "it holds no JSON object")
    return value


def read_object(file: Path) -> Mapping[str, Any]:
    """Return the JSON object in a checkpoint's file; empty where there is no such file.

    Raises DamagedModel.
    """
    return find_object(file) or {}


def damaged(file: Path, why: object) -> DamagedModel:
    """Return the error for a file that is there and cannot be used; `why` is cut to one line."""
    return DamagedModel(f"{brief(file.name)} cannot be read: {brief(why)}.", remedy_of(why))


def is_absence(error: OSError) -> bool:
    """Tell whether a path is refused because nothing lies there, not for a fault of the disk."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


_NO_RIGHT = (errno.EACCES, errno.EPERM)
_NO_DISK = (
    errno.EIO, errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ETIMEDOUT,
    errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH,
)  # fmt: skip


def remedy_of(why: object) -> str:
    """Return what helps where a model's file or folder cannot be read for this reason."""
    number = why.errno if isinstance(why, OSError) else None
    if number in _NO_RIGHT:
        return "Give this program the right to read it, and try again."
    if number in _NO_DISK:
        return "See whether its disk is connected and sound, and try again."
    if number == errno.ELOOP:
        return "Put a real file or folder in the place of the link."
    return "Download the model again."


def shown_path(path: Path, most: int = 90) -> str:
    """Return a path for a sentence: the user's home as `~`, and of a long one its end."""
    words, home = str(path), str(Path.home())
    if words.startswith(f"{home}{os.sep}"):
        words = f"~{words[len(home) :]}"
    line = " ".join(printable(words.encode(errors="replace").decode()).split())
    return line if len(line) <= most else f"…{line[1 - most :]}"


def made_of(make: Callable[[], Made], model: str, what: str = "config.json") -> Made:
    """Return what `make` makes of a part of a checkpoint, which may say anything.

    Raises DamagedModel, with the model's name, where Python stumbles over what it says.
    """
    try:
        return make()
    except (
        TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RuntimeError
    ) as error:  # fmt: skip
        raise DamagedModel(
            f"{what} of {model} cannot be understood: {brief(error)}.", "Download the model again."
        ) from error


def brief(words: object, most: int = 120) -> str:
    """Return `words` in one line of at most `most` characters, without a full stop.

    Of an OSError only what went wrong: its path is this machine's. What steers is taken out.
    """
    text = words.strerror if isinstance(words, OSError) and words.strerror else str(words)
    readable = text[: 8 * most].encode(errors="replace").decode()
    line = " ".join(printable(readable).split()).rstrip(".:")
    return line if len(line) <= most else line[: most - 1] + "…"
