"""Which running programs use a model's files, as far as a process can tell.

A loaded pair holds a shared lock on its config.json files, which the system drops with the process.
Other programs are known by the files that they have open: one that has read all weights has none.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_CONFIG = "config.json"


class Hold:
    """A shared lock on a file, which ends with this object or its process."""

    def __init__(self, descriptor: int) -> None:
        weakref.finalize(self, os.close, descriptor)


def hold(folder: Path) -> Hold | None:
    """Show other processes that the model in `folder` is loaded; None where a disk has no locks."""
    descriptor = _opened(folder / _CONFIG)
    if descriptor is None:
        return None
    held = Hold(descriptor)
    return held if _lock(descriptor, fcntl.LOCK_SH) else None


def is_loaded(folder: Path) -> bool:
    """Tell whether a running MTP MLX, this process included, has loaded the model in `folder`."""
    return is_locked(folder / _CONFIG)


def is_locked(file: Path) -> bool:
    """Tell whether a process holds a lock on `file`."""
    descriptor = _opened(file)
    if descriptor is None:
        return False
    try:
        return not _lock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _opened(file: Path) -> int | None:
    try:
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None


def _lock(descriptor: int, kind: int) -> bool:
    """Take a lock; False where another process has one. A disk without locks counts as free."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def programs_reading(folder: Path) -> tuple[str, ...]:
    """Return the names of other processes that have a file below `folder` open."""
    above = f"{os.path.realpath(folder)}{os.sep}"
    return tuple(sorted(set(_names(above))))


def _names(above: str) -> Iterator[str]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == os.getpid():
                continue
            if any(file.path.startswith(above) for file in process.open_files()):
                yield process.name()
