"""The folder in which a conversion lies until it is whole: hidden, beside its place, and locked."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mtp_mlx.errors import DiskFull, NotWritable, UsageError
from mtp_mlx.files import brief
from mtp_mlx.hub.conversions import LOCK, work_folder
from mtp_mlx.hub.listing import RESERVE_BYTES, free_bytes


def check_place(out: Path) -> None:
    """Raise UsageError where there is something already."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(
            f"There is something at {brief(out)} already.", "Name another folder, or remove it."
        )


@contextmanager
def alone(out: Path) -> Iterator[Path]:
    """Hold the folder in which the conversion is made, until the end of this process at the latest.

    Raises UsageError where another process has it.
    """
    work = work_folder(out)
    work.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(work / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):  # a disk without locks has each process go on
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"Another process converts into {brief(out)}.", "Wait until it has finished."
                ) from error
        check_place(out)
        yield work
    finally:
        os.close(descriptor)


@contextmanager
def disk(out: Path) -> Iterator[None]:
    """Turn what the disk refuses into a LoadError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(out, 0, free_bytes(out)) from error
        raise NotWritable(
            f"{brief(out.parent)} cannot be written to: {brief(error)}.",
            "Check its rights and its disk, or name another folder.",
        ) from error


def full(out: Path, missing: int, free: int) -> DiskFull:
    """Return the error for a volume that has not the room for what is missing."""
    more = max(missing + RESERVE_BYTES - free, 10**8)
    return DiskFull(
        f"The disk of {brief(out.parent)} has {free / 1e9:.1f} GB free, too little for the result.",
        f"Free {more / 1e9:.1f} GB there and start again: what is finished is kept.",
    )
