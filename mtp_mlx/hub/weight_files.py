"""The files of a folder that hold a model's weights, and the tensors that their headers list.

No MLX is needed, and a tensor is read only where two files hold the same name. A folder is judged
by the files in it: whole files win over an index that names files which are missing, and over one
that cannot be read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mtp_mlx.errors import DamagedModel, IncompleteModel, UnsupportedModel
from mtp_mlx.files import brief, may_be_read, read_object, size_of

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "U32": 4, "I32": 4, "U64": 8, "I64": 8,
    "F8_E4M3": 1, "F8_E8M0": 1, "F16": 2, "BF16": 2, "F32": 4, "C64": 8,
}  # fmt: skip
"""Bytes of one number of each dtype that MLX reads."""
_UNREAD = ("F64", "F8_E5M2", "F6_E2M3", "F6_E3M2", "F4")  # of the format, and not of MLX

_SHARD = re.compile(r"(model.*)-(\d+)-of-(\d+)\.safetensors")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_HEADER_LIMIT = 100 * 1024 * 1024  # bytes, as the format's own readers have it
_COMPARED = 2**36  # bytes of a tensor that two files may both hold
_LARGEST_DIMENSION = 2**31 - 1  # of an MLX array
_AGAIN = "Download the model again."
_FINISH = "Finish the download."


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a header says of one tensor."""

    dtype: str  # as the format names it, such as "BF16"
    shape: tuple[int, ...]
    start: int  # bytes from the beginning of its file
    end: int

    @property
    def is_floating(self) -> bool:
        return self.dtype in ("F16", "BF16", "F32")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files of a folder that make up its model."""

    names: tuple[str, ...]
    left_out: tuple[str, ...] = ()  # other weight files that lie beside them
    absent: tuple[str, ...] = ()  # files that the index names and that are not there
    fault: DamagedModel | None = None  # why the index was not used, where it cannot be read


def choose_files(folder: Path) -> Chosen:
    """Choose by names alone. Raises DamagedModel or UnsupportedModel where there is no model."""
    there = _safetensors(folder)
    try:
        listed = _indexed(folder)
    except _IndexFault as fault:
        whole, _ = _whole_sets(there)
        if not whole:
            raise fault.error from fault
        return Chosen(_sorted(whole), _sorted(there - whole), fault=fault.error)
    if listed is not None and listed <= there:
        # transformers reads a single file before any index, so that file counts too.
        chosen = listed | ({SINGLE} & there)
        return Chosen(_sorted(chosen), left_out=_sorted(there - chosen))
    whole, lacking = _whole_sets(there)
    absent = sorted((listed or set()) - there) or lacking
    if whole:
        return Chosen(_sorted(whole), _sorted(there - whole), tuple(absent) if listed else ())
    if absent:
        raise missing_files(absent, len(listed or ()) or len(lacking) + _present(lacking, there))
    raise _no_weights(folder, there)


def missing_files(absent: list[str] | tuple[str, ...], of: int) -> IncompleteModel:
    """Return the error for weight files that are not there."""
    example = brief(absent[0])
    return IncompleteModel(
        f"{len(absent)} of {of} weight files are missing, such as {example}.", _FINISH
    )


def _sorted(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _safetensors(folder: Path) -> set[str]:
    """Return the names in the folder, but for those of folders, broken links and hidden files.

    macOS leaves a ._NAME beside every file on a drive that is not its own.
    """
    names = (entry.name for entry in folder.iterdir() if entry.suffix == ".safetensors")
    return {
        name
        for name in names
        if not name.startswith(".") and (folder / name).exists() and not (folder / name).is_dir()
    }


class _IndexFault(Exception):
    """An index is an ordinary file and cannot be read, for the reason in `error`."""

    def __init__(self, error: DamagedModel) -> None:
        super().__init__(error.message)
        self.error = error


def _indexed(folder: Path) -> set[str] | None:
    """Return the files that the index names, wherever it says they lie; None without an index.

    Raises _IndexFault, and DamagedModel for what is no ordinary file.
    """
    if not may_be_read(folder / INDEX):
        return None
    try:
        index = read_object(folder / INDEX)
    except DamagedModel as error:
        raise _IndexFault(error) from error
    names = index.get("weight_map")
    files = list(names.values()) if isinstance(names, Mapping) else []
    if not files or not all(isinstance(name, str) and Path(name).name for name in files):
        raise _IndexFault(DamagedModel(f"{INDEX} lists no files.", _AGAIN))
    return {Path(name).name for name in files}


def _whole_sets(there: set[str]) -> tuple[set[str], list[str]]:
    """Return the model files that are whole by their names, and the shards that others lack."""
    whole: set[str] = set()
    sets: dict[tuple[str, str], set[str]] = {}
    for name in there:
        shard = _SHARD.fullmatch(name)
        if shard is not None:
            sets.setdefault((shard[1], shard[3]), set()).add(name)
        elif name.startswith("model"):
            whole.add(name)
    lacking: list[str] = []
    for (stem, total), names in sets.items():
        if len(names) >= int(total):
            whole |= names
        elif int(total) < 10_000:
            wanted = range(1, int(total) + 1)
            every = [f"{stem}-{i:0{len(total)}}-of-{total}.safetensors" for i in wanted]
            lacking += [name for name in every if name not in names]
    return whole, lacking


def _present(lacking: list[str], there: set[str]) -> int:
    stems = {match[1] for name in lacking if (match := _SHARD.fullmatch(name))}
    shards = (match for name in there if (match := _SHARD.fullmatch(name)))
    return sum(match[1] in stems for match in shards)


def _no_weights(folder: Path, there: set[str]) -> DamagedModel | UnsupportedModel:
    name = brief(folder.name, 60)
    others = [entry.suffix for entry in folder.iterdir() if not entry.name.startswith(".")]
    if any("adapter" in name for name in there):
        return UnsupportedModel(
            f"{name} holds an adapter, which is no model by itself.",
            "Fuse it into its model, and load that.",
        )
    if there:
        return UnsupportedModel(
            f"{name} has no model*.safetensors, only files such as {brief(min(there))}.",
            "Choose a model's own folder.",
        )
    if any(suffix in _PICKLES for suffix in others):
        return UnsupportedModel(
            f"{name} holds pickled weights, which can run code when opened.",
            "Use the safetensors files of the same model.",
        )
    if ".gguf" in others:
        return UnsupportedModel(
            f"{name} holds GGUF weights, which MLX does not run.",
            "Use the safetensors files of the same model.",
        )
    return IncompleteModel(f"{name} holds no safetensors file.", _FINISH)


@dataclass(frozen=True)
class WeightFile:
    """A safetensors file: an ordinary file whose header agrees with its size.

    Format: 8 bytes little-endian header length, a JSON header, then the tensors' bytes.
    """

    path: Path

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Read the header. Raises DamagedModel for a cut download or a header that lies."""
        size = size_of(self.path)
        if size is None:
            raise missing_files([self.path.name], 1)
        with self.path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or length > min(size - 8, _HEADER_LIMIT):
                raise self._damaged("is cut short or no safetensors file")
            start = 8 + length
            header = stream.read(length)
        if not header.startswith(b"{"):
            raise self._damaged("has a damaged header")
        tensors = self._read(header, start)
        expected = max((tensor.end for tensor in tensors.values()), default=start)
        if size != expected:
            raise self._damaged(f"has {size} bytes where {expected} belong")
        self._check_places(tensors, start)
        return tensors

    def _read(self, header: bytes, start: int) -> dict[str, Tensor]:
        try:
            entries = json.loads(header, object_pairs_hook=_without_repeats)
            return {
                name: _tensor(entry, start)
                for name, entry in entries.items()
                if name != "__metadata__"
            }
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged("has a damaged header") from error

    def _check_places(self, tensors: Mapping[str, Tensor], start: int) -> None:
        """Tensors lie one behind the other, each as long as its dtype and shape say."""
        for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
            if tensor.dtype not in ITEM_BYTES:
                raise self._unread(tensor.dtype)
            long = math.prod(tensor.shape) * ITEM_BYTES[tensor.dtype]
            if tensor.start != start or tensor.end != start + long:
                raise self._damaged(f"has a damaged header: {brief(name, 60)} lies elsewhere")
            start = tensor.end

    def _unread(self, dtype: str) -> DamagedModel | UnsupportedModel:
        if dtype not in _UNREAD:
            return self._damaged(f"has a damaged header: there is no type {brief(dtype, 20)}")
        return UnsupportedModel(
            f"{brief(self.path.name, 100)} holds numbers of the type {dtype}, which MLX does not "
            "read.",
            "Choose a conversion of the same model, such as those of mlx-community.",
        )

    def _damaged(self, what: str) -> DamagedModel:
        return DamagedModel(f"{brief(self.path.name, 100)} {what}.", _AGAIN)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    once = dict(pairs)
    if len(once) != len(pairs):
        raise ValueError("a name stands twice")
    return once


def _tensor(entry: Any, start: int) -> Tensor:
    """Raises ValueError, TypeError or LookupError for anything but a tensor's entry."""
    shape = tuple(entry["shape"])
    begin, end = entry["data_offsets"]
    if not isinstance(entry["dtype"], str):
        raise TypeError
    for number in (*shape, begin, end):
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise ValueError
    if max(shape, default=0) > _LARGEST_DIMENSION:
        raise ValueError
    return Tensor(entry["dtype"], shape, start + begin, start + end)


def check_repeats(files: tuple[WeightFile, ...]) -> None:
    """Raise DamagedModel where two files hold one name and not the same tensor."""
    first: dict[str, WeightFile] = {}
    for file in files:
        for name in file.tensors:
            other = first.setdefault(name, file)
            if other is not file and not _same(other, file, name):
                raise DamagedModel(
                    f"{brief(other.path.name, 60)} and {brief(file.path.name, 60)} hold different "
                    f"tensors called {brief(name, 60)}.",
                    "Remove the file that does not belong to this model.",
                )


def _same(one: WeightFile, other: WeightFile, name: str) -> bool:
    a, b = one.tensors[name], other.tensors[name]
    return a.end - a.start <= _COMPARED and same_bytes(one.path, a, other.path, b)


def same_bytes(one: Path, tensor: Tensor, other: Path, other_tensor: Tensor) -> bool:
    """Tell whether two tensors of these files are equal, bit by bit. Raises OSError."""
    if (tensor.dtype, tensor.shape) != (other_tensor.dtype, other_tensor.shape):
        return False
    parts = zip(_bytes(one, tensor), _bytes(other, other_tensor), strict=True)
    return all(first == second for first, second in parts)


def _bytes(path: Path, tensor: Tensor) -> Iterator[bytes]:
    """Yield a tensor's bytes in blocks."""
    left = tensor.end - tensor.start
    with path.open("rb") as stream:
        stream.seek(tensor.start)
        while left > 0 and (block := stream.read(min(left, 2**20))):
            left -= len(block)
            yield block
