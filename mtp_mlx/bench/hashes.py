"""The hash of a network's weight files, by which a stranger knows what was measured.

Tens of gigabytes take many seconds, so a file's hash is kept with its size and time of change in
the user's data folder, under a hash of its place: no path is written down. A kept hash that cannot
be read or saved costs time, nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from mtp_mlx.files import write_atomically
from mtp_mlx.learned import folder

CHUNK = 16 * 2**20  # bytes between two looks at whether to go on
Known = dict[str, str]


def weights_sha256(files: Sequence[Path], cancelled: Callable[[], bool]) -> str | None:
    """Return the hash of a single file, or that of the names and hashes of several, by name.

    The latter is the hash of what `sha256sum *.safetensors` prints. None where there are no files,
    where one cannot be read, or once `cancelled`.
    """
    hashes: list[tuple[str, str]] = []
    for file in sorted(files, key=lambda file: file.name):
        try:
            digest = _sha256(file, cancelled)
        except OSError:
            return None
        if digest is None:
            return None
        hashes.append((file.name, digest))
    if len(hashes) < 2:
        return hashes[0][1] if hashes else None
    listing = "".join(f"{digest}  {name}\n" for name, digest in hashes)
    return hashlib.sha256(listing.encode()).hexdigest()


def _sha256(file: Path, cancelled: Callable[[], bool]) -> str | None:
    place = _place(file)
    kept = _known()
    if place in kept:
        return kept[place]
    hashed = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            if cancelled():
                return None
            hashed.update(chunk)
    digest = hashed.hexdigest()
    with contextlib.suppress(OSError):
        write_atomically(_file(), msgspec.json.encode({**_known(), place: digest}))
    return digest


def _place(file: Path) -> str:
    """Return a name for the file as it is now: it changes as soon as the file is written to."""
    real = file.resolve()
    state = real.stat()
    name = f"{real}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ino}"
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()


def _file() -> Path:
    return folder().parent / "hashes.json"


def _known() -> Known:
    try:
        return msgspec.json.decode(_file().read_bytes(), type=Known)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return {}
