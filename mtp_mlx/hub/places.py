"""The models on this disk: in the folders of other programs, and in those that the user named.

Everything here only reads, and asks nothing of the network. A folder is looked at two levels deep,
up to a number of folders and seconds, whatever lies in it: links in circles, pipes, folders that
may not be read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from mtp_mlx.errors import LoadError
from mtp_mlx.files import brief, read_object
from mtp_mlx.hub.cache import PREFIX, REPOSITORY, best_snapshot, repository_of
from mtp_mlx.hub.local_model import (
    MOST_ENTRIES,
    LocalModel,
    Location,
    Reading,
    inodes_below,
    read_model,
    unfinished,
    with_inodes,
)
from mtp_mlx.hub.matching import Pairing, pairings
from mtp_mlx.hub.ollama import ollama_models
from mtp_mlx.hub.roots import Owner, Root, roots
from mtp_mlx.printable import as_text

MOST_FOLDERS = 4000
"""Folders of one place that are opened."""

MOST_SECONDS = 10.0
"""Seconds spent on one place: a list must come also from a slow drive."""

Connection = Literal["connected", "not-connected", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder in which a program or the user keeps models."""

    owner: Owner
    title: str  # "LM Studio"; of a user's folder its name
    path: str
    state: Connection
    problem: str | None = None  # a sentence that says why it cannot be read
    models: tuple[LocalModel, ...] = ()  # by name
    size_bytes: int = 0  # of its models, an inode counted once
    is_partial: bool = False  # more lies there than was looked at


@dataclass(frozen=True, slots=True)
class Survey:
    """A place, and what was read of each of its models."""

    place: Place
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every place on this disk, and which of its models run together."""

    places: tuple[Place, ...]  # those of programs first
    pairings: tuple[Pairing, ...]  # one for each usable target, in the order of the places


def inventory(own: Sequence[Path] = (), target: Path | None = None) -> Inventory:
    """Look through the folders of all programs, and through `own`, which the user named.

    A folder of the user's that is missing today, such as a drive that is not plugged in, is among
    the places too. A model that lies in two places is listed in the first. With `target`, the
    folder of a target and those beside it are looked at as well. This takes seconds on a slow
    drive.
    """
    seen: set[tuple[int, int]] = set()
    surveys = [found for root in roots(own, target) if (found := survey(root, seen)) is not None]
    readings = [reading for found in surveys for reading in found.readings]
    return Inventory(places=tuple(found.place for found in surveys), pairings=pairings(readings))


def survey(root: Root, seen: set[tuple[int, int]]) -> Survey | None:
    """Look at one place; None where a program that is not installed would have its folder.

    `seen` are the folders, by device and inode, that are listed already.
    """
    try:
        with os.scandir(root.folder):
            pass
    except (FileNotFoundError, NotADirectoryError):
        return Survey(_place(root, "not-connected")) if root.is_chosen else None
    except (OSError, ValueError) as error:
        problem = f"{brief(root.folder.name)} cannot be read: {brief(error)}."
        return Survey(_place(root, "unreadable", problem))
    walk = _Walk(root, seen)
    readings = tuple(ollama_models(root.folder) if root.layout == "manifests" else walk.readings())
    return Survey(_with_models(_place(root, "connected"), readings, walk), readings)


def _place(root: Root, state: Connection, problem: str | None = None) -> Place:
    return Place(
        owner=root.owner,
        title=as_text(root.title),
        path=as_text(str(root.folder)),
        state=state,
        problem=problem,
    )


def _with_models(place: Place, readings: Sequence[Reading], walk: _Walk) -> Place:
    inodes = {inode: size for reading in readings for inode, size in reading.inodes.items()}
    models = sorted((reading.model for reading in readings), key=lambda m: (m.name.lower(), m.path))
    return replace(
        place,
        models=tuple(models),
        size_bytes=sum(inodes.values()),
        is_partial=walk.was_cut,
    )


class _Walk:
    """One look at a place, which ends after some folders and seconds."""

    def __init__(self, root: Root, seen: set[tuple[int, int]]) -> None:
        self._root = root
        self._seen = seen
        self._left = MOST_FOLDERS
        self._deadline = time.monotonic() + MOST_SECONDS
        self.was_cut = False

    def readings(self) -> Iterator[Reading]:
        """Yield every model of the place that no other place has listed."""
        return self._below(self._root.folder, 0)

    def _below(self, folder: Path, depth: int) -> Iterator[Reading]:
        listing = self._list(folder)
        if listing is None:
            return
        kind = _kind_of(folder, listing.files)
        if kind is not None and self._is_new(folder):
            yield read_model(self._location(folder, depth))
        if depth == self._root.depth or (kind == "checkpoint" and depth):
            return
        for below in listing.folders:
            if below.name.startswith(PREFIX):
                yield from self._repository(below)
            elif self._root.layout != "hub":
                yield from self._below(below, depth + 1)

    def _repository(self, folder: Path) -> Iterator[Reading]:
        """Yield the model of a repository in the Hub's layout: its best snapshot, or a part."""
        try:
            snapshot = best_snapshot(folder)
        except OSError:  # it may not be read, or is being removed
            self.was_cut = True
            return
        if not self._goes_on() or not self._is_new(snapshot or folder):
            return
        at = self._at(snapshot or folder, repository_of(folder))
        if snapshot is None:
            parts = inodes_below(folder / "blobs", 0)
            if parts:
                yield unfinished(at, parts)
            return
        reading = read_model(at)
        if reading.model.state == "incomplete":  # what is fetched of other files counts too
            yield with_inodes(reading, inodes_below(folder))
        else:
            yield reading

    def _list(self, folder: Path) -> _Listing | None:
        """Return what lies in a folder; None where it may not be read, or enough was looked at."""
        if not self._goes_on():
            return None
        try:
            with os.scandir(folder) as entries:
                first = list(islice(entries, MOST_ENTRIES + 1))
        except OSError:
            self.was_cut = True
            return None
        self.was_cut |= len(first) > MOST_ENTRIES
        folders: list[os.DirEntry[str]] = []
        files: set[str] = set()
        for entry in first:
            if not entry.name.startswith("."):
                if _is_folder(entry):
                    folders.append(entry)
                else:
                    files.add(entry.name)
        return _Listing(files, [Path(entry.path) for entry in sorted(folders, key=_by_name)])

    def _goes_on(self) -> bool:
        """Count a folder; False once there were enough, or it took long enough."""
        self._left -= 1
        goes_on = self._left >= 0 and time.monotonic() < self._deadline
        self.was_cut |= not goes_on
        return goes_on

    def _is_new(self, folder: Path) -> bool:
        try:
            status = folder.stat()
        except OSError:
            return False
        inode = status.st_dev, status.st_ino
        if inode in self._seen:
            return False
        self._seen.add(inode)
        return True

    def _location(self, folder: Path, depth: int) -> Location:
        """Return where a model lies, with the repository that the layout of the place tells."""
        repository = None
        if self._root.layout == "organisations" and depth == 2:
            repository = f"{folder.parent.name}/{folder.name}"
        elif self._root.layout == "dashes" and depth == 1:
            repository = folder.name.replace("--", "/", 1)
        return self._at(folder, repository, depth=2 if depth else 0)

    def _at(self, folder: Path, repository: str | None, depth: int = 2) -> Location:
        is_id = repository is not None and REPOSITORY.fullmatch(repository) is not None
        return Location(
            folder=folder,
            name=repository or folder.name,
            place=str(self._root.folder),
            owner=self._root.owner,
            repository=repository if is_id else None,
            depth=depth,
        )


@dataclass(frozen=True, slots=True)
class _Listing:
    files: AbstractSet[str]
    folders: Sequence[Path]


def _by_name(entry: os.DirEntry[str]) -> tuple[bool, str]:
    """Links come last: what they lead to is listed where it lies."""
    return entry.is_symlink(), entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _kind_of(folder: Path, files: AbstractSet[str]) -> Literal["checkpoint", "gguf"] | None:
    """Tell what the files of a folder are; None where it holds no model.

    A config.json alone may be any program's.
    """
    if any(name.endswith(".safetensors") for name in files):
        return "checkpoint"
    if "config.json" in files and "model_type" in _config(folder):
        return "checkpoint"
    return "gguf" if any(name.endswith(".gguf") for name in files) else None


def _config(folder: Path) -> Mapping[str, object]:
    try:
        return read_object(folder / "config.json")
    except (LoadError, OSError):
        return {}
