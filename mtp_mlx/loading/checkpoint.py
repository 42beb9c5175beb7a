"""A checkpoint's folder: safetensors only, nothing executed, and every file's size checked.

A folder may change, or its disk may go, while it is loaded: every file that is read has a stamp,
and a pair counts as loaded only where all stamps are still the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from mtp_mlx.errors import DamagedModel, LoadError, ModelNotFound
from mtp_mlx.files import brief, damaged, find_object, remedy_of
from mtp_mlx.hub.cache import read_texts
from mtp_mlx.hub.weight_files import (
    INDEX,
    Chosen,
    Tensor,
    WeightFile,
    check_repeats,
    choose_files,
    missing_files,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes where a file is written to or replaced."""

    size: int  # bytes
    modified: int  # ns


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with its config.json, whose weight files are all present and whole."""

    folder: Path
    config: Mapping[str, Any]
    generation: Mapping[str, Any] | None  # generation_config.json; None where there is none
    chosen: Chosen
    tensors: Mapping[str, Tensor]  # of all files, by name
    stamps: Mapping[str, Stamp]  # of each file that loading reads, as it was before it was read

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.chosen.names)

    @property
    def name(self) -> str:
        return model_name(self.folder)

    @property
    def size(self) -> int:
        """Return the bytes of weights on disk."""
        return sum(self.stamps[name].size for name in self.chosen.names)

    def weights(self) -> dict[str, mx.array]:
        """Return all tensors, mapped lazily from the files. Raises DamagedModel."""
        tensors: dict[str, mx.array] = {}
        for file in self.files:
            try:
                loaded = mx.load(str(file))
            except (RuntimeError, ValueError) as error:
                raise damaged(file, error) from error
            assert isinstance(loaded, dict)
            tensors |= loaded
        return tensors

    def check_unchanged(self, consequence: Exception | None = None) -> None:
        """Raise LoadError where a file is not what it was when this checkpoint was opened.

        `consequence` is what failed meanwhile.
        """
        for name, before in self.stamps.items():
            file = self.folder / name
            try:
                now = _stamp(file)
            except (FileNotFoundError, NotADirectoryError):
                what = f"{brief(name)} of {self.name}" if self.folder.is_dir() else self.name
                raise ModelNotFound(
                    f"{what} went away while it was being loaded.",
                    "Put it back, or connect its disk, and load it again.",
                ) from consequence
            except OSError as error:
                raise DamagedModel(
                    f"{brief(name)} of {self.name} cannot be read: {brief(error)}.",
                    remedy_of(error),
                ) from consequence
            if now != before:
                raise DamagedModel(
                    f"{brief(name)} of {self.name} changed while it was being loaded.",
                    "Load it again once nothing writes to its folder.",
                ) from consequence

    def left_out(self, other_part: Callable[[str], str | None]) -> Iterator[str]:
        """Yield a sentence about what lies in the folder and is not loaded.

        `other_part` names the part that a tensor belongs to; None: it is loaded.
        """
        parts = Counter(map(other_part, self.tensors))
        words = [f"{n} tensors ({part})" for part, n in sorted(parts.items(), key=str) if part]
        beside = self.chosen.left_out
        if beside:
            more = "" if len(beside) == 1 else f" and {len(beside) - 1} more"
            words.append(f"{beside[0]}{more}")
        if words:
            yield f"Left out of {self.name}: {brief(', '.join(words))}."

    def unused_index(self) -> Iterator[str]:
        """Yield a sentence about an index that cannot be read, where whole files need none."""
        if self.chosen.fault is not None:
            why = self.chosen.fault.message.rstrip(".")
            yield f"{why}. The weight files of {self.name} are whole without it."

    def incomplete(self) -> DamagedModel | None:
        """Return why tensors may be missing: files that the index names are, or it is damaged."""
        if self.chosen.fault is not None:
            return self.chosen.fault
        absent = self.chosen.absent
        named = find_object(self.folder / INDEX) if absent else None
        return missing_files(absent, len(set(named["weight_map"].values()))) if named else None


def model_name(folder: Path) -> str:
    """Return a folder's own name, for reports must not hold paths.

    A folder of the download cache is named after its repository.
    """
    for part in reversed(folder.parts):
        if part.startswith("models--"):
            return brief(part.removeprefix("models--").replace("--", "/"))
    return brief(folder.resolve().name) or str(folder)


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read and check `folder`. Raises ModelNotFound, DamagedModel or UnsupportedModel."""
    if not folder.is_dir():
        raise ModelNotFound(
            f"There is no folder {model_name(folder)!r} here.",
            "Check the path, or give a repository id.",
        )
    try:
        stamps = _stamps(folder)
        config = find_object(folder / "config.json")
        if config is None:
            raise DamagedModel(
                f"{model_name(folder)} has no config.json.", "Choose a model's own folder."
            )
        chosen = choose_files(folder)
        files = tuple(WeightFile(folder / name) for name in chosen.names)
        tensors = {name: tensor for file in files for name, tensor in file.tensors.items()}
        check_repeats(files)
        read = {*chosen.names, *read_texts(stamps)}
        stamps = {name: stamp for name, stamp in stamps.items() if name in read}
    except OSError as error:  # a folder or a file that may not be read
        raise damaged(folder, error) from error
    generation = find_object(folder / "generation_config.json")
    return Checkpoint(folder, config, generation, chosen, tensors, stamps)


def _stamps(folder: Path) -> dict[str, Stamp]:
    """Return the stamps of a folder's files. Raises OSError where the folder may not be listed."""
    stamps: dict[str, Stamp] = {}
    for file in folder.iterdir():
        with suppress(OSError):  # a link that leads nowhere; whoever needs the file says so
            if not file.is_dir():
                stamps[file.name] = _stamp(file)
    return stamps


def _stamp(file: Path) -> Stamp:
    status = file.stat()
    return Stamp(status.st_size, status.st_mtime_ns)


@contextmanager
def unchanged(*checkpoints: Checkpoint) -> Iterator[None]:
    """Raise LoadError where a file of these checkpoints changes or goes away within the block.

    That is then also the reason of whatever else failed: half a file reads like a damaged one.
    """
    try:
        yield
    except (LoadError, OSError) as error:
        for checkpoint in checkpoints:
            checkpoint.check_unchanged(error)
        raise
    for checkpoint in checkpoints:
        checkpoint.check_unchanged()
