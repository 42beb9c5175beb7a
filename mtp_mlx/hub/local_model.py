"""A model's folder on this disk: recognised by its config.json and its tensors' headers.

No weights are read, nothing is written, and a name tells nothing but the repository.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from mtp_mlx.errors import DamagedModel, IncompleteModel, LoadError, UnsupportedModel
from mtp_mlx.families import family_of
from mtp_mlx.families.base import Config, Identity, Part
from mtp_mlx.files import brief, damaged, find_object, made_of
from mtp_mlx.hub.cache import Text, lacking_texts
from mtp_mlx.hub.packing import check_packing, precision
from mtp_mlx.hub.roots import Owner
from mtp_mlx.hub.weight_files import Tensor, WeightFile, choose_files
from mtp_mlx.printable import as_text

MOST_ENTRIES = 20_000
"""Files of a folder that are looked at; a model has some dozens."""

State = Literal["usable", "incomplete", "damaged", "unsupported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """A model on this disk, and whether it can be loaded."""

    name: str  # its repository where that is known, else its folder's name
    path: str  # what --target and --drafter take; a file where there is no folder of its own
    place: str  # the folder of the place that it was seen in
    owner: Owner
    repository: str | None = None
    part: Part | None = None  # None: of no family that this program knows
    title: str | None = None  # "Gemma 4 E4B", for target and drafter alike
    precision: str | None = None  # "4-bit", "8-bit and 4-bit", "bf16"; None where it is not read
    size_bytes: int = 0  # of all its files, an inode counted once
    state: State
    problem: str | None = None  # a sentence that says why it is not usable
    remedy: str | None = None
    lacks: tuple[Text, ...] = ()  # what a chat needs of a usable target and is not there

    @property
    def is_usable(self) -> bool:
        return self.state == "usable"


Inodes = Mapping[tuple[int, int], int]
"""The bytes of files, by device and inode: a file with two names is on the disk once."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A model, and what pairing and adding up ask for besides."""

    model: LocalModel
    config: Config  # empty where it cannot be read
    inodes: Inodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a model lies, before anything of it is read."""

    folder: Path
    name: str
    place: str
    owner: Owner
    repository: str | None = None
    depth: int = 2  # levels below the folder whose files are its own


def read_model(at: Location) -> Reading:
    """Recognise the model in a folder. Raises nothing: what is wrong is part of the answer."""
    config: Config = {}
    identity: Identity | None = None
    words: str | None = None
    lacks: tuple[Text, ...] = ()
    fault: LoadError | None = None
    try:
        _check_name(at.folder)
        config = _config(at.folder)
        identity = _identity(config, at.folder)
        words = _precision(at.folder, config, identity)
        lacks = lacking_texts(at.folder) if identity.part == "target" else ()
    except LoadError as error:
        fault = error
    except OSError as error:
        fault = damaged(at.folder, error)
    inodes = inodes_below(at.folder, at.depth)
    model = LocalModel(
        name=as_text(at.name),
        path=as_text(str(at.folder)),
        place=as_text(at.place),
        owner=at.owner,
        repository=at.repository,
        part=identity.part if identity else None,
        title=identity.title if identity else None,
        precision=words,
        size_bytes=sum(inodes.values()),
        state=_state(fault),
        problem=fault.message if fault else None,
        remedy=fault.remedy if fault else None,
        lacks=lacks,
    )
    return Reading(model, config, inodes)


def unfinished(at: Location, inodes: Inodes) -> Reading:
    """Return a repository of which the cache has bytes, and no snapshot yet."""
    model = LocalModel(
        name=as_text(at.name),
        path=as_text(str(at.folder)),
        place=as_text(at.place),
        owner=at.owner,
        repository=at.repository,
        state="incomplete",
        problem="Its download has only begun.",
        remedy="Finish the download.",
    )
    return with_inodes(Reading(model, {}, inodes), inodes)


def with_inodes(reading: Reading, inodes: Inodes) -> Reading:
    """Return `reading` with other files counted as the model's."""
    size = sum(inodes.values())
    return Reading(replace(reading.model, size_bytes=size), reading.config, inodes)


def _check_name(folder: Path) -> None:
    if as_text(str(folder)) != str(folder):
        raise UnsupportedModel(
            "The name of its folder is not UTF-8 text, so no program can be given it.",
            "Rename the folder.",
        )


def _config(folder: Path) -> Config:
    config = find_object(folder / "config.json")
    if config is not None:
        return config
    choose_files(folder)  # says more of a folder that holds no model
    raise UnsupportedModel(
        f"{brief(folder.name)} has no config.json.", "Choose a model's own folder."
    )


def _identity(config: Config, folder: Path) -> Identity:
    family = family_of(config)
    return made_of(lambda: family.identify(config), brief(folder.name))


def _precision(folder: Path, config: Config, identity: Identity) -> str | None:
    """Read every header, and return the precision. Raises LoadError where the model is not whole.

    Whether tensors have the right shapes is loading's to say.
    """
    tensors: dict[str, Tensor] = {}
    for name in choose_files(folder).names:
        tensors |= WeightFile(folder / name).tensors
    check_packing(config, tensors)
    absent = family_of(config).absent_part(config, tensors)
    if absent is not None:
        raise IncompleteModel(
            f"The weight files of {brief(folder.name)} hold no tensor of {absent}.",
            "Download the model again.",
        )
    return precision(config, tensors, identity.width)


def _state(fault: LoadError | None) -> State:
    match fault:
        case None:
            return "usable"
        case IncompleteModel():
            return "incomplete"
        case DamagedModel():
            return "damaged"
    return "unsupported"


def inodes_below(folder: Path, depth: int = 2) -> Inodes:
    """Return the files in `folder` and in `depth` levels below, up to `MOST_ENTRIES`."""
    files = islice(_files(folder, depth), MOST_ENTRIES)
    return {(file.st_dev, file.st_ino): file.st_size for file in files}


def _files(folder: Path, depth: int) -> Iterator[os.stat_result]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_file():
                        yield entry.stat()
                    elif depth and entry.is_dir(follow_symlinks=False):
                        yield from _files(Path(entry.path), depth - 1)
                except OSError:  # a link in a circle, or gone meanwhile
                    continue
    except OSError:
        return
