"""The models in this machine's Hugging Face cache, read without its library and the network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mtp_mlx.errors import LoadError
from mtp_mlx.files import size_of
from mtp_mlx.hub.weight_files import choose_files

PREFIX = "models--"


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedModel:
    """A repository with at least one snapshot on this disk."""

    repository: str
    folder: Path  # of its newest snapshot, or of the one that "main" names
    size_bytes: int  # of all its files
    complete: bool


def cache_folder() -> Path:
    """Return where huggingface_hub keeps models, by the same environment variables."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"]).expanduser()
    caches = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(os.environ.get("HF_HOME", caches / "huggingface"))
    return home.expanduser() / "hub"


def cached_models(cache: Path | None = None) -> list[CachedModel]:
    """Return every model in the cache, sorted by name."""
    folders = sorted((cache or cache_folder()).glob(f"{PREFIX}*"))
    return [model for folder in folders if (model := _read(folder)) is not None]


def is_complete(folder: Path) -> bool:
    """Tell whether a snapshot has its configuration and all of its weight files.

    A folder with a damaged index is not complete.
    """
    try:
        return size_of(folder / "config.json") is not None and bool(choose_files(folder).names)
    except (LoadError, OSError):
        return False


def _read(folder: Path) -> CachedModel | None:
    snapshot = _snapshot(folder)
    if snapshot is None:
        return None
    return CachedModel(
        repository=folder.name.removeprefix(PREFIX).replace("--", "/"),
        folder=snapshot,
        size_bytes=sum(_sizes(snapshot)),
        complete=is_complete(snapshot),
    )


def _snapshot(folder: Path) -> Path | None:
    """Return the snapshot the branch "main" points at, else the newest; None without any."""
    main = folder / "refs" / "main"
    if main.is_file():
        named = folder / "snapshots" / main.read_text(encoding="utf-8").strip()
        if named.is_dir():
            return named
    snapshots = [entry for entry in folder.glob("snapshots/*") if entry.is_dir()]
    return max(snapshots, key=lambda entry: entry.stat().st_mtime, default=None)


def _sizes(folder: Path) -> Iterator[int]:
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.stat().st_size
