"""The folders in which programs keep models, and those that the user named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mtp_mlx.errors import LoadError
from mtp_mlx.files import may_be_read, read_object
from mtp_mlx.hub.cache import cache_folders, expanded

Owner = Literal["hub", "lm-studio", "mtplx", "mlx-serve", "ollama", "own"]
"""Whose folder models lie in. Only what is in the Hub's cache may be removed here."""

Layout = Literal["hub", "organisations", "dashes", "manifests", "any"]
"""models--ORG--NAME/snapshots/COMMIT, ORG/NAME, ORG--NAME, Ollama's own, or no rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A folder that may hold models, and how they lie in it."""

    owner: Owner
    title: str  # "LM Studio"; of a user's folder its name
    folder: Path
    layout: Layout
    is_chosen: bool = False  # somebody named it, so it is listed also where it is missing
    depth: int = 2  # levels below it at which models lie


def roots(own: Iterable[Path] = (), target: Path | None = None) -> list[Root]:
    """Return every root once: the programs' first, then the folders that the user named.

    With `target`, the folder of a target and those beside it come last.
    """
    folder = None if target is None else target.absolute()
    near = () if folder is None else (own_root(folder, 0), own_root(folder.parent, 1))
    first: dict[str, Root] = {}
    for root in (*_programs(), *map(own_root, own), *near):
        first.setdefault(_real(root.folder), root)
    return list(first.values())


def _real(folder: Path) -> str:
    try:
        return os.path.realpath(folder)
    except (OSError, ValueError):  # an impossible name, of a stranger's settings
        return str(folder)


def own_root(folder: Path, depth: int = 2) -> Root:
    """Return the root of a folder that the user named."""
    title = folder.name or str(folder)
    return Root(owner="own", title=title, folder=folder, layout="any", is_chosen=True, depth=depth)


def _programs() -> Iterator[Root]:
    for cache, is_chosen in cache_folders().items():
        yield Root(
            owner="hub", title="Hugging Face", folder=cache, layout="hub", is_chosen=is_chosen
        )
    yield from _lm_studio()
    yield Root(owner="mtplx", title="MTPLX", folder=expanded("~/.mtplx/models"), layout="dashes")
    yield Root(
        owner="mlx-serve",
        title="mlx-serve",
        folder=expanded("~/.mlx-serve/models"),
        layout="organisations",
    )
    ollama = os.environ.get("OLLAMA_MODELS")
    yield Root(
        owner="ollama",
        title="Ollama",
        folder=expanded(ollama or "~/.ollama/models"),
        layout="manifests",
        is_chosen=bool(ollama),
    )


def _lm_studio() -> Iterator[Root]:
    """Yield the folder chosen in LM Studio's settings, and those that it has by itself."""
    for home in _lm_studio_homes():
        usual = home / "models"
        chosen = _downloads_folder(home / "settings.json") or usual
        for folder in (chosen, usual):
            yield Root(
                owner="lm-studio",
                title="LM Studio",
                folder=folder,
                layout="organisations",
                is_chosen=folder != usual,  # the settings name the usual one too
            )


def _lm_studio_homes() -> Iterator[Path]:
    """Yield LM Studio's folders. A file in the user's home tells of one that was moved."""
    pointer = expanded("~/.lmstudio-home-pointer")
    try:
        moved = pointer.read_text(encoding="utf-8").strip() if may_be_read(pointer) else ""
    except (LoadError, OSError, ValueError):
        moved = ""
    if moved:
        yield expanded(moved)
    yield expanded("~/.lmstudio")
    yield expanded("~/.cache/lm-studio")


def _downloads_folder(settings: Path) -> Path | None:
    try:
        chosen = read_object(settings).get("downloadsFolder")
    except (LoadError, OSError):
        return None
    return expanded(chosen) if isinstance(chosen, str) and chosen else None
