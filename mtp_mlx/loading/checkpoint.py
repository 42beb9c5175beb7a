"""A checkpoint's folder: safetensors only, nothing executed, and every file's size checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from mtp_mlx.errors import DamagedModel, ModelNotFound
from mtp_mlx.files import brief, damaged, find_object
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
class Checkpoint:
    """A folder with its config.json, whose weight files are all present and whole."""

    folder: Path
    config: Mapping[str, Any]
    generation: Mapping[str, Any] | None  # generation_config.json; None where there is none
    chosen: Chosen
    tensors: Mapping[str, Tensor]  # of all files, by name

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.chosen.names)

    @property
    def name(self) -> str:
        """Return the folder's own name, for reports must not hold paths.

        A folder of the download cache is named after its repository.
        """
        for part in reversed(self.folder.parts):
            if part.startswith("models--"):
                return brief(part.removeprefix("models--").replace("--", "/"))
        return brief(self.folder.resolve().name)

    @property
    def size(self) -> int:
        """Return the bytes of weights on disk."""
        return sum(file.stat().st_size for file in self.files)

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


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read and check `folder`. Raises ModelNotFound, DamagedModel or UnsupportedModel."""
    if not folder.is_dir():
        raise ModelNotFound(
            f"There is no folder {brief(folder.name)!r} here.",
            "Check the path, or give a repository id.",
        )
    try:
        config = find_object(folder / "config.json")
        if config is None:
            raise DamagedModel(
                f"{brief(folder.name)} has no config.json.", "Choose a model's own folder."
            )
        chosen = choose_files(folder)
        files = tuple(WeightFile(folder / name) for name in chosen.names)
        tensors = {name: tensor for file in files for name, tensor in file.tensors.items()}
        check_repeats(files)
    except OSError as error:  # a folder or a file that may not be read
        raise damaged(folder, error) from error
    generation = find_object(folder / "generation_config.json")
    return Checkpoint(folder, config, generation, chosen, tensors)
