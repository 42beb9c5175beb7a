"""The repositories in this machine's Hugging Face cache, read without its library."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from mtp_mlx.errors import LoadError
from mtp_mlx.files import may_be_read, read_object, size_of
from mtp_mlx.hub.weight_files import choose_files

PREFIX = "models--"
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
TEXTS = ("*.json", "*.jinja", "*.model", "*.txt", "*.jsonl", "*.tiktoken")
"""The files beside weights that this engine or mlx-lm reads, in any folder of a repository."""

Text = Literal["tokenizer", "chat template"]
TOKENIZERS = ("tokenizer.json", "tokenizer.model")
TEMPLATES = ("chat_template.jinja", "chat_template.json")


def cache_folder() -> Path:
    """Return where huggingface_hub keeps models, by the same environment variables."""
    return next(iter(cache_folders()))


def cache_folders() -> Mapping[Path, bool]:
    """Return every folder that may hold a cache, and whether the environment names it.

    The first is the one in use. The others count because a terminal's variables do not reach a
    program that is opened from the Finder, so that models may lie in either place.
    """
    folders: dict[Path, bool] = {}
    for name, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if os.environ.get(name):
            folders.setdefault(expanded(os.environ[name]) / below, True)
    for caches in (os.environ.get("XDG_CACHE_HOME"), "~/.cache"):
        if caches:
            folders.setdefault(expanded(caches) / "huggingface" / "hub", False)
    return folders


def expanded(path: str) -> Path:
    """Return a path with `~` and `$VAR` replaced; what names nothing stays as it is."""
    return Path(os.path.expandvars(os.path.expanduser(path)))  # noqa: PTH111  (Path's own raises)


def repository_of(folder: Path) -> str:
    """Return the repository that a folder of the cache holds."""
    return folder.name.removeprefix(PREFIX).replace("--", "/")


def whole_snapshot(repository: str) -> Path | None:
    """Return a snapshot that has its configuration and all weights; None where there is none.

    Of several it is the one that "main" points at, else the newest.
    """
    return next(filter(is_complete, _snapshots(repository_folder(repository))), None)


def repository_folder(repository: str) -> Path:
    """Return the folder of a repository in the cache, which may not exist yet."""
    return cache_folder() / f"{PREFIX}{repository.replace('/', '--')}"


def is_complete(folder: Path) -> bool:
    """Tell whether a snapshot has its configuration and all of its weight files.

    A folder with a damaged index is not complete.
    """
    try:
        return size_of(folder / "config.json") is not None and bool(choose_files(folder).names)
    except (LoadError, OSError):
        return False


def lacks_texts(snapshot: Path) -> bool:
    """Tell whether a tokenizer or a chat template may have been left out of a snapshot.

    Without a listing a snapshot that lacks one of the two is taken for a part.
    """
    listed = _listed(snapshot)
    if listed is not None:
        return not all((snapshot / name).is_file() for name in listed)
    return bool(lacking_texts(snapshot))


def lacking_texts(folder: Path) -> tuple[Text, ...]:
    """Return what a chat needs and a target's folder does not have."""
    has_tokenizer = any((folder / name).is_file() for name in TOKENIZERS)
    has_template = any((folder / name).is_file() for name in TEMPLATES) or (
        "chat_template" in _object(folder / "tokenizer_config.json")
    )
    lacking: list[Text] = [] if has_tokenizer else ["tokenizer"]
    return (*lacking, *(() if has_template else ("chat template",)))


def read_texts(names: Iterable[str]) -> list[str]:
    """Return which of a repository's files an engine reads beside its weights."""
    return [name for name in names if any(fnmatch(name, pattern) for pattern in TEXTS)]


def _listed(snapshot: Path) -> list[str] | None:
    """Return the texts that the repository has; None where no listing was kept.

    huggingface_hub keeps one beside each snapshot that it fetched or looked at.
    """
    listing = _object(snapshot.parents[1] / "trees" / f"{snapshot.name}.json").get("files")
    return read_texts(listing) if isinstance(listing, dict) else None


def _object(file: Path) -> Mapping[str, object]:
    try:
        return read_object(file)
    except (LoadError, OSError):
        return {}


def best_snapshot(folder: Path) -> Path | None:
    """Return a repository's first whole snapshot, else its first; None without any."""
    snapshots = _snapshots(folder)
    return next(filter(is_complete, snapshots), next(iter(snapshots), None))


def _snapshots(folder: Path) -> list[Path]:
    """Return the snapshots of a repository: the one "main" points at, then from the newest."""
    entries = [entry for entry in folder.glob("snapshots/*") if entry.is_dir()]
    entries.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    main = _content(folder / "refs" / "main")
    return sorted(entries, key=lambda entry: entry.name != main)


def _content(file: Path) -> str:
    """Return what an ordinary file holds; nothing where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8").strip() if may_be_read(file) else ""
    except (LoadError, OSError, ValueError):
        return ""
