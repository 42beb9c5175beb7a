"""A file that is not whole yet: it grows at its end, and its hash grows with it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mtp_mlx.hub.cache import PREFIX
from mtp_mlx.hub.listing import RemoteFile, may_go_on, size_at
from mtp_mlx.hub.progress import Progress

if TYPE_CHECKING:
    from hashlib import _Hash

BLOCK = 2**20
"""Bytes that are read at once to hash what is here."""


@dataclass(slots=True)
class Part:
    """A part, open at its end. Its methods raise OSError."""

    path: Path
    file: RemoteFile
    descriptor: int
    length: int
    _hash: _Hash = field(default_factory=hashlib.sha256)

    @classmethod
    @contextmanager
    def at(cls, path: Path, file: RemoteFile) -> Iterator[Self]:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o666)
        try:
            part = cls(path, file, descriptor, os.fstat(descriptor).st_size)
            if not may_go_on(file, part.length):
                part.empty()
            yield part
        finally:
            os.close(descriptor)

    def read(self, progress: Progress) -> None:
        """Hash what an earlier process left."""
        with self.path.open("rb") as stream:
            while block := stream.read(BLOCK):
                self._hash.update(block)
                progress.add(len(block))

    def append(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self.descriptor, left) :]
        self._hash.update(data)
        self.length += len(data)

    def empty(self) -> None:
        os.ftruncate(self.descriptor, 0)
        self._hash = hashlib.sha256()
        self.length = 0

    def is_right(self) -> bool:
        return self.file.sha256 in (None, self._hash.hexdigest())

    def become(self, blob: Path) -> None:
        """Give the part its final name, once the disk has its bytes."""
        os.fsync(self.descriptor)
        self.path.replace(blob)


def is_shared(file: RemoteFile, blob: Path, repository: str, progress: Progress) -> bool:
    """Make `blob` another name of the same file of another repository in the cache.

    Tell whether there is one. The Hub's library checks no hash of what it fetches, so it is checked
    here. A disk without links has each repository fetch its own.
    """
    if file.sha256 is None:
        return False
    for other in blob.parents[2].glob(f"{PREFIX}*/blobs/{file.sha256}"):
        if size_at(other) != file.size:
            continue
        progress.begin("verifying", repository, file.name, (0, file.size))
        try:
            if _sha256(other, progress) == file.sha256:
                blob.parent.mkdir(parents=True, exist_ok=True)
                os.link(other.resolve(), blob)
                return True
        except OSError:  # it was removed meanwhile, or the disk has no links
            continue
    return False


def _sha256(file: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            progress.add(len(block))
    return digest.hexdigest()
