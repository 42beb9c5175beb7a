"""Conversions on this disk: those that were interrupted, and those that this program keeps.

Until it is whole, a conversion lies in a hidden folder beside its place, with notes that name it
and its source, so that whoever finds it can go on with it or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mtp_mlx.errors import LoadError
from mtp_mlx.files import may_be_read, write_atomically
from mtp_mlx.hub.in_use import is_locked
from mtp_mlx.paths import models_folder

NOTES = ".conversion.json"
LOCK = ".conversion.lock"
_BEFORE, _AFTER = ".", ".converting"

FORMAT = 1
"""The format of the notes; where they have another one, the conversion begins anew."""


class TensorError(msgspec.Struct, frozen=True, kw_only=True):
    """How far a tensor is from its source, as a share of the norm of the source."""

    tensor: str
    error: float


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is whole."""

    sha256: str
    worst: TensorError | None  # None: nothing in it is packed


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """The notes of a conversion that is not finished; they let it be resumed."""

    format: int
    source: str  # a digest of the source's files as the disk lists them
    plan: str  # a digest of what is to be written
    files: Mapping[str, Finished]
    origin: str = ""  # the source's folder
    bits: int = 0
    group: int = 0
    done: int = 0  # bytes of the source's weights
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A conversion that was interrupted, or that another process is making."""

    name: str
    out: str  # the folder that it is to have
    source: str
    bits: int
    group: int
    done: int  # bytes of the source
    total: int
    is_running: bool


def work_folder(out: Path) -> Path:
    """Return the folder in which a conversion lies until it is whole."""
    return out.with_name(f"{_BEFORE}{out.name}{_AFTER}")


def read_notes(work: Path) -> Notes | None:
    """Return the notes of a conversion; None where there are none that can be read."""
    file = work / NOTES
    try:
        return msgspec.json.decode(file.read_bytes(), type=Notes) if may_be_read(file) else None
    except (LoadError, OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def write_notes(work: Path, notes: Notes) -> None:
    """Write the notes of a conversion. Raises OSError."""
    write_atomically(work / NOTES, msgspec.json.encode(notes))


def unfinished(folders: Sequence[Path]) -> Iterator[Unfinished]:
    """Yield the conversions that are not finished, in these folders and in this program's own."""
    for folder in dict.fromkeys((models_folder(), *folders)):
        try:
            entries = sorted(folder.glob(f"{_BEFORE}*{_AFTER}"))
        except OSError:
            continue
        for work in entries:
            notes = read_notes(work)
            if notes is not None and notes.format == FORMAT and notes.origin:
                yield _described(work, notes)


def _described(work: Path, notes: Notes) -> Unfinished:
    out = place_of(work)
    return Unfinished(
        name=out.name,
        out=str(out),
        source=notes.origin,
        bits=notes.bits,
        group=notes.group,
        done=notes.done,
        total=notes.total,
        is_running=is_locked(work / LOCK),
    )


def place_of(work: Path) -> Path:
    """Return the folder that a conversion is to have."""
    return work.with_name(work.name[len(_BEFORE) : -len(_AFTER)])
