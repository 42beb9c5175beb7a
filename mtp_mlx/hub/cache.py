"""The models in this machine's Hugging Face cache, read without its library and the network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mtp_mlx.errors import LoadError
from mtp_mlx.files import size_of
from mtp_mlx.hub.weight_files import choose_files

PREFIX = "models--"
TEXTS = ("*.json", "*.jinja", "*.model")
FILES = ("*.safetensors", *TEXTS)
"""What an engine reads of a repository."""

TOKENIZERS = ("tokenizer.json", "tokenizer.model")
TEMPLATES = ("chat_template.jinja", "chat_template.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedModel:
    """A repository with at least one snapshot on this disk."""

    repository: str
    folder: Path  # of its newest snapshot, or of the one that "main" names
    size_bytes: int  # of all its files
    complete: bool


def cache_folder() -> Path:
    """Return where huggingface_hub keeps models, by the same environment variables."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return _expanded(os.environ[name])
    home = os.environ.get("HF_HOME")
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return (_expanded(home) if home else _expanded(caches) / "huggingface") / "hub"


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()


def cached_models(cache: Path | None = None) -> list[CachedModel]:
    """Return every model in the cache, sorted by name."""
    folders = sorted((cache or cache_folder()).glob(f"{PREFIX}*"))
    return [model for folder in folders if (model := _read(folder)) is not None]


def whole_snapshot(repository: str) -> Path | None:
    """Return a snapshot that has its configuration and all weights; None where there is none.

    Of several it is the one that "main" points at, else the newest.
    """
    return next(filter(is_complete, _snapshots(_folder(repository))), None)


def is_begun(repository: str) -> bool:
    """Return whether the cache has a snapshot of the repository, be it only in part."""
    return bool(_snapshots(_folder(repository)))


def drop_listings(repository: str) -> None:
    """Let the next fetch ask what a repository has: what was listed may have gone since."""
    for listing in (_folder(repository) / "trees").glob("*.json"):
        with suppress(OSError):
            listing.unlink()


def _folder(repository: str) -> Path:
    return cache_folder() / f"{PREFIX}{repository.replace('/', '--')}"


def is_complete(folder: Path) -> bool:
    """Tell whether a snapshot has its configuration and all of its weight files.

    A folder with a damaged index is not complete.
    """
    try:
        return size_of(folder / "config.json") is not None and bool(choose_files(folder).names)
    except (LoadError, OSError):
        return False


def is_part(snapshot: Path) -> bool:
    """Tell whether a snapshot lacks files of its repository, or seems to."""
    listed = _listed(snapshot, FILES)
    if listed is None:
        return not is_complete(snapshot)
    return not all((snapshot / name).is_file() for name in listed)


def lacks_texts(snapshot: Path) -> bool:
    """Tell whether a tokenizer or a chat template may have been left out of a snapshot.

    Without a listing a snapshot that lacks one of the two is taken for a part.
    """
    listed = _listed(snapshot, TEXTS)
    if listed is not None:
        return not all((snapshot / name).is_file() for name in listed)
    has_tokenizer = any((snapshot / name).is_file() for name in TOKENIZERS)
    has_template = any((snapshot / name).is_file() for name in TEMPLATES)
    return not has_tokenizer or not (
        has_template or "chat_template" in _object(snapshot / "tokenizer_config.json")
    )


def _listed(snapshot: Path, patterns: Sequence[str]) -> list[str] | None:
    """Return the repository's files of these patterns; None where no listing was kept.

    huggingface_hub keeps one beside each snapshot that it fetched itself.
    """
    listing = _object(snapshot.parents[1] / "trees" / f"{snapshot.name}.json").get("files")
    if not isinstance(listing, dict):
        return None
    return [name for name in listing if any(fnmatch(name, pattern) for pattern in patterns)]


def _object(file: Path) -> dict[str, object]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


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
    """Return the first whole snapshot, else the first; None without any."""
    snapshots = _snapshots(folder)
    return next(filter(is_complete, snapshots), next(iter(snapshots), None))


def _snapshots(folder: Path) -> list[Path]:
    """Return the snapshots of a repository: the one "main" points at, then from the newest."""
    entries = [entry for entry in folder.glob("snapshots/*") if entry.is_dir()]
    entries.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    try:
        main = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        main = ""
    return sorted(entries, key=lambda entry: entry.name != main)


def _sizes(folder: Path) -> Iterator[int]:
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.stat().st_size
