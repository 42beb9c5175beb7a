"""A checkpoint's folder: safetensors only, nothing executed, and every file's size checked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from mtp_mlx.errors import DamagedModel, ModelNotFound, UnsupportedModel

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_AGAIN = "Download the model again."
_HEADER_LIMIT = 100 * 1024 * 1024  # bytes, as the format's own readers have it


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with its config.json, whose weight files are all present and whole."""

    folder: Path
    config: dict[str, Any]
    generation: dict[str, Any]  # generation_config.json, empty where there is none
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """Return the folder's own name, for reports must not hold paths.

        A folder of the download cache is named after its repository.
        """
        for part in reversed(self.folder.parts):
            if part.startswith("models--"):
                return part.removeprefix("models--").replace("--", "/")
        return self.folder.resolve().name

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
                raise DamagedModel(f"{file.name} cannot be read: {error}.", _AGAIN) from error
            assert isinstance(loaded, dict)
            tensors |= loaded
        return tensors


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read and check `folder`. Raises ModelNotFound, DamagedModel or UnsupportedModel."""
    if not folder.is_dir():
        raise ModelNotFound(
            f"There is no folder {folder.name!r} here.", "Check the path, or give a repository id."
        )
    config = read_json(folder / "config.json")
    if config is None:
        raise DamagedModel(f"{folder.name} has no config.json.", "Choose a model's own folder.")
    files = tuple(_weight_files(folder))
    for file in files:
        check_safetensors(file)
    generation = read_json(folder / "generation_config.json") or {}
    return Checkpoint(folder, config, generation, files)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file; None where there is no such file. Raises DamagedModel."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedModel(f"{path.name} cannot be read: {error}.", _AGAIN) from error
    if not isinstance(value, dict):
        raise DamagedModel(f"{path.name} holds no JSON object.", _AGAIN)
    return value


def _weight_files(folder: Path) -> Iterable[Path]:
    index = read_json(folder / "model.safetensors.index.json")
    if index is not None:
        names = index.get("weight_map")
        if not isinstance(names, dict) or not names or not _all_strings(names.values()):
            raise DamagedModel("model.safetensors.index.json lists no files.", _AGAIN)
        files = [folder / Path(name).name for name in sorted(set(names.values()))]
        absent = [file.name for file in files if not file.is_file()]
        if absent:
            raise DamagedModel(
                f"{len(absent)} of {len(files)} weight files are missing, such as {absent[0]}.",
                "Finish the download.",
            )
        return files
    files = sorted(file for file in folder.glob("*.safetensors") if file.is_file())
    if files:
        return files
    if any(next(folder.glob(pattern), None) for pattern in _PICKLES):
        raise UnsupportedModel(
            f"{folder.name} holds pickled weights, which can run code when opened.",
            "Use the safetensors files of the same model.",
        )
    if next(folder.glob("*.gguf"), None):
        raise UnsupportedModel(
            f"{folder.name} holds GGUF weights, which MLX does not run.",
            "Use the safetensors files of the same model.",
        )
    raise DamagedModel(f"{folder.name} holds no safetensors file.", "Finish the download.")


def _all_strings(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def check_safetensors(file: Path) -> None:
    """Compare the file's size with what its header promises; raise DamagedModel for a cut download.

    Format: 8 bytes little-endian header length, a JSON header, then the tensors' bytes.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _HEADER_LIMIT):
            raise DamagedModel(f"{file.name} is cut short or no safetensors file.", _AGAIN)
        try:
            header = json.loads(stream.read(length))
            ends = [
                int(tensor["data_offsets"][1])
                for name, tensor in header.items()
                if name != "__metadata__"
            ]
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedModel(f"{file.name} has a damaged header.", _AGAIN) from error
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise DamagedModel(f"{file.name} has {size} bytes where {expected} belong.", _AGAIN)
