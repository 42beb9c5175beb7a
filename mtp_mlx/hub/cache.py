"""The models in this machine's Hugging Face cache, read without its library and the network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PREFIX = "models--"
INDEX = "model.safetensors.index.json"


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
    """Tell whether a snapshot has its configuration and every weight file its index lists."""
    names = weight_names(folder)
    return (
        (folder / "config.json").is_file()
        and bool(names)
        and all((folder / name).is_file() for name in names)
    )


def weight_names(folder: Path) -> list[str]:
    """Return the weight files that the index lists, or without an index those that are there.

    A damaged index lists none, so that such a folder is not complete.
    """
    index = folder / INDEX
    if not index.is_file():
        return sorted(file.name for file in folder.glob("*.safetensors"))
    try:
        weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return sorted({str(name) for name in weight_map.values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


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
