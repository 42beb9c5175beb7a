"""What a fetch would bring: the files of a repository that MLX reads, and those already here."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote

import msgspec

from mtp_mlx.errors import DiskFull, ModelNotFound, UnsupportedModel
from mtp_mlx.files import brief
from mtp_mlx.hub.cache import read_texts, repository_folder
from mtp_mlx.hub.connection import Connection, not_the_hub

RESERVE_BYTES = 2 * 10**9
"""Bytes that a fetch leaves free on its volume."""

CONFIG = "config.json"
SHA1, SHA256 = r"\A[0-9a-f]{40}\Z", r"\A[0-9a-f]{64}\Z"

Read = TypeVar("Read")

_NOT_READ = {".gguf": "GGUF weights", ".bin": "pickled weights", ".pt": "pickled weights"}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository."""

    name: str
    size: int  # bytes
    git_hash: str  # of what Git keeps: the content of a small text, else a pointer
    sha256: str | None  # of the content; the Hub lists none for small texts
    xet_hash: str | None = None

    @property
    def etag(self) -> str:
        """Return its name among the blobs of the library's cache."""
        return self.sha256 or self.git_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a repository at a commit."""

    repository: str
    revision: str  # as it was asked for
    commit: str
    files: tuple[RemoteFile, ...]  # that are wanted: the small texts first, then the weights
    tree: tuple[RemoteFile, ...]  # all that there are

    @property
    def folder(self) -> Path:
        return repository_folder(self.repository)

    @property
    def snapshot(self) -> Path:
        return self.folder / "snapshots" / self.commit

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def blob(self, file: RemoteFile) -> Path:
        return self.folder / "blobs" / file.etag

    def address(self, file: RemoteFile) -> str:
        """Return the URL of a file at the listing's commit."""
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self.repository, file.name, revision=self.commit)

    def part(self, file: RemoteFile) -> Path:
        """Return where the bytes of a file wait until it is whole; `hf cache` lists such names."""
        return self.folder / "blobs" / f"{file.etag}.mtp.incomplete"

    def is_here(self, file: RemoteFile) -> bool:
        return self.is_placed(file) or size_at(self.blob(file)) == file.size

    def is_placed(self, file: RemoteFile) -> bool:
        """Tell whether the snapshot has a file."""
        return size_at(self.snapshot / file.name) == file.size

    def is_whole(self) -> bool:
        """Tell whether the snapshot has every file."""
        return all(map(self.is_placed, self.files))

    @property
    def bytes_here(self) -> int:
        """Return the bytes that need not be fetched: those of whole files and of parts."""
        return sum(self._bytes_of(file) for file in self.files)

    def _bytes_of(self, file: RemoteFile) -> int:
        if self.is_here(file):
            return file.size
        have = size_at(self.part(file)) or 0
        return have if may_go_on(file, have) else 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Repositories to fetch in this order."""

    listings: tuple[Listing, ...]

    @property
    def total(self) -> int:
        return sum(listing.size for listing in self.listings)

    @property
    def here(self) -> int:
        return sum(listing.bytes_here for listing in self.listings)

    def check_space(self) -> None:
        """Raise DiskFull where the missing bytes and the reserve do not fit on their volume."""
        missing = self.total - self.here
        if not missing:
            return
        cache = self.listings[0].folder.parent
        free = free_bytes(cache)
        if free < missing + RESERVE_BYTES:
            raise disk_full(cache, free, missing)


def may_go_on(file: RemoteFile, length: int) -> bool:
    """Tell whether a part of this length is kept: it can be, where its content can be checked."""
    return file.sha256 is not None and length <= file.size


def size_at(path: Path) -> int | None:
    """Return the bytes of the ordinary file at `path`; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the volume on which `folder` is, or would be made."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def disk_full(folder: Path, free: int, missing: int) -> DiskFull:
    """Return the error for a volume that has not the room for what is missing."""
    more = -(-max(1, missing + RESERVE_BYTES - free) // 10**8) / 10  # rounded up
    return DiskFull(
        f"{amount(missing)} are missing, and the disk of {brief(folder, 60)} has {amount(free)} "
        f"free, of which {amount(RESERVE_BYTES)} stay free.",
        f"Free {more:.1f} GB there and start again, or set HF_HUB_CACHE to another disk.",
    )


def amount(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count / 1e9:.1f} GB" if count >= 10**8 else f"{count / 1e6:.1f} MB"


def wanted(names: Iterable[str]) -> list[str]:
    """Return which of a repository's files MLX reads: the texts first, then the weights.

    Weights are the files of the topmost folder that are named model*.safetensors, as mlx-lm has
    it; where there are none, all safetensors there.
    """
    safe = [name for name in names if _stays_inside(name)]
    weights = [name for name in safe if "/" not in name and name.endswith(".safetensors")]
    named = [name for name in weights if name.startswith("model")]
    return sorted(read_texts(safe)) + sorted(named or weights)


def _stays_inside(name: str) -> bool:
    """Tell whether a name leads nowhere but into its own folder."""
    steps = name.split("/")
    return name.isprintable() and "\\" not in name and not {"", ".", ".."} & set(steps)


def list_repository(connection: Connection, repository: str, revision: str) -> Listing:
    """Return what a fetch of the repository would bring. Raises LoadError."""
    from huggingface_hub import constants

    api = f"{constants.ENDPOINT}/api/models/{repository}"
    about = _page(connection, f"{api}/revision/{quote(revision, safe='')}")
    info = _decoded(about.content, _Info, repository)
    if info.id != repository:
        raise ModelNotFound(
            f"The Hub has {repository} under the name {info.id}.", f"Fetch {info.id}."
        )
    entries: dict[str, _Entry] = {}
    url: str | None = f"{api}/tree/{info.sha}?recursive=true&expand=false"
    while url is not None:
        page = _page(connection, url)
        read = _decoded(page.content, list[_Entry], repository)
        entries |= {entry.path: entry for entry in read if entry.type == "file"}
        url = page.following
    names = wanted(entries)
    _check_model(repository, names, entries)
    return Listing(
        repository=repository,
        revision=revision,
        commit=info.sha,
        files=tuple(entries[name].file() for name in names),
        tree=tuple(entry.file() for entry in entries.values()),
    )


def check_access(connection: Connection, listing: Listing) -> None:
    """Ask for the first file that is missing, without its content. Raises LoadError.

    The Hub lists a gated repository for everybody and refuses its files.
    """
    missing = next((file for file in listing.files if not listing.is_here(file)), None)
    if missing is None:
        return
    address = listing.address(missing)

    def ask() -> None:
        with connection.stream(address, method="HEAD"):
            pass

    connection.persist(ask)


class _Info(msgspec.Struct):
    id: str
    sha: Annotated[str, msgspec.Meta(pattern=SHA1)]


class _Lfs(msgspec.Struct):
    oid: Annotated[str, msgspec.Meta(pattern=SHA256)]


class _Entry(msgspec.Struct):
    type: str
    path: str
    oid: Annotated[str, msgspec.Meta(pattern=SHA1)]
    size: Annotated[int, msgspec.Meta(ge=0)] = 0
    lfs: _Lfs | None = None
    xet_hash: str | None = msgspec.field(name="xetHash", default=None)

    def file(self) -> RemoteFile:
        sha256 = self.lfs.oid if self.lfs is not None else None
        return RemoteFile(self.path, self.size, self.oid, sha256, self.xet_hash)


@dataclass(frozen=True, slots=True)
class _Page:
    content: bytes
    following: str | None


def _page(connection: Connection, url: str) -> _Page:
    def read() -> _Page:
        with connection.stream(url) as response:
            content = response.read()
            following = response.links.get("next", {}).get("url")
            return _Page(content, following and str(response.url.join(following)))

    return connection.persist(read)


def _decoded(content: bytes, kind: type[Read], repository: str) -> Read:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_the_hub(repository) from error


def _check_model(repository: str, names: Sequence[str], all_names: Iterable[str]) -> None:
    """Raise UnsupportedModel where nothing here could load what would be fetched."""
    if not any(name.endswith(".safetensors") for name in names):
        suffixes = {Path(name).suffix for name in all_names}
        held = next((_NOT_READ[suffix] for suffix in _NOT_READ if suffix in suffixes), None)
        raise UnsupportedModel(
            f"{repository} holds {held or 'no weights'}"
            + (", which MLX does not run." if held else " in safetensors files."),
            "Choose a conversion for MLX, such as those of mlx-community.",
        )
    if CONFIG not in names:
        raise UnsupportedModel(
            f"{repository} has no {CONFIG}, so it is no model by itself.",
            "Choose the repository of the model.",
        )
