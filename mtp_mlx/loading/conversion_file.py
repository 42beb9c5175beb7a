"""One file of a conversion, written from its beginning to its end in blocks of rows.

Whatever a tensor's size, only one block of it is in memory, beside its scales. Each block is
unpacked again at once and compared with the numbers that it was made of.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import mlx.core as mx

from mtp_mlx.errors import DamagedModel
from mtp_mlx.files import brief
from mtp_mlx.hub.conversions import Finished, TensorError
from mtp_mlx.hub.weight_files import ITEM_BYTES
from mtp_mlx.loading.conversion_plan import Piece, Shard

if TYPE_CHECKING:
    from hashlib import _Hash

BLOCK = 2**22
"""Numbers that are quantised at a time: each takes some 20 bytes meanwhile."""

MOST_ERROR = {4: 0.25, 8: 0.05}
"""The greatest relative error of a tensor, by its bits.

Of 64 numbers with one at each end of the range, 16 levels miss 0.22 at the worst (the square root
of 64/6, divided by 15), and 256 levels in bfloat16 0.03. True weights have 0.1 and 0.006; levels in
the wrong order or with the wrong scale have about 1.
"""

Tell = Callable[[int], None]
"""Takes how many bytes of the source were converted."""

_DTYPES = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16}


class SourceGone(Exception):
    """The source has fewer bytes than its header says, or cannot be read any longer."""


def write_file(path: Path, shard: Shard, tell: Tell) -> Finished:
    """Write a file of weights to `path`, and leave it on the disk.

    Raises DamagedModel where a tensor comes out wrong or is not finite, SourceGone, and OSError
    where `path` cannot be written.
    """
    worst: TensorError | None = None
    with path.open("wb") as stream:
        out = _Hashed(stream)
        out.write(header(shard))
        for piece in shard.pieces:
            error = _write(piece, out, tell)
            if error is not None and (worst is None or error.error > worst.error):
                worst = error
        stream.flush()
        os.fsync(stream.fileno())
    return Finished(sha256=out.digest(), worst=worst)


def header(shard: Shard) -> bytes:
    """Return the beginning of a safetensors file: its header's length, and the header."""
    entries: dict[str, object] = {"__metadata__": {"format": "mlx"}}
    start = 0
    for piece in shard.pieces:
        for tensor in piece.written():
            end = start + tensor.size
            entries[tensor.name] = {
                "dtype": tensor.dtype,
                "shape": list(tensor.shape),
                "data_offsets": [start, end],
            }
            start = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that numbers lie at multiples of their size
    return len(text).to_bytes(8, "little") + text


class _Hashed:
    """A stream that hashes what is written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash: _Hash = hashlib.sha256()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._stream.write(data)
        self._hash.update(data)

    def write_array(self, array: mx.array) -> None:
        # Any: MLX's types name its buffer protocol from Python 3.12 on only.
        words: Any = array if array.dtype == mx.uint32 else array.view(mx.uint16)
        self.write(memoryview(words).cast("B"))

    def digest(self) -> str:
        return self._hash.hexdigest()


def sha256_of(path: Path, tell: Tell) -> str:
    """Return the hash of a file. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
            tell(len(block))
    return digest.hexdigest()


def _write(piece: Piece, out: _Hashed, tell: Tell) -> TensorError | None:
    """Write a tensor, and return how far off it is; None where it is not packed."""
    if not piece.source.is_floating:
        for block in _blocks(piece):
            out.write(block)
            tell(len(block))
        return None
    off = _Difference()
    scales: list[mx.array] = []
    biases: list[mx.array] = []
    for block in _blocks(piece):
        rows = _rows(piece, block)
        stored = rows.astype(mx.bfloat16) if piece.source.dtype == "F32" else rows
        if piece.packing is None:
            off.add(rows, stored)
            out.write_array(stored)
        else:
            bits, group = piece.packing.bits, piece.packing.group_size
            packed, scale, bias = mx.quantize(stored, group, bits)
            mx.eval(packed, scale, bias)
            off.add(rows, mx.dequantize(packed, scale, bias, group, bits))
            out.write_array(packed)
            scales.append(scale)
            biases.append(bias)
        tell(len(block))
    for array in (*scales, *biases):
        out.write_array(array)
    return _checked(piece, off.relative())


def _checked(piece: Piece, error: float) -> TensorError | None:
    if not math.isfinite(error):
        raise DamagedModel(
            f"{brief(piece.name, 80)} in {brief(piece.file.name, 60)} holds numbers that are not "
            "finite.",
            "Download the model again.",
        )
    if piece.packing is None:
        return None
    if error > MOST_ERROR[piece.packing.bits]:
        raise DamagedModel(
            f"{brief(piece.name, 80)} is off by {error:.2f} of its size in {piece.packing.bits} "
            f"bits, where {MOST_ERROR[piece.packing.bits]} is the most.",
            "Choose 8 bits, or convert another copy of the model.",
        )
    return TensorError(tensor=piece.name, error=error)


class _Difference:
    """The distance of some rows from others, as a share of the norm of the latter."""

    def __init__(self) -> None:
        self._off = 0.0
        self._whole = 0.0

    def add(self, true: mx.array, stored: mx.array) -> None:
        exact = true.astype(mx.float32)
        off = mx.square(stored.astype(mx.float32) - exact).sum()
        whole = mx.square(exact).sum()
        mx.eval(off, whole)
        self._off += cast("float", off.item())
        self._whole += cast("float", whole.item())

    def relative(self) -> float:
        """Return 0 for zeros that are zeros, and no finite number where one is not finite."""
        if self._whole == 0:
            return math.sqrt(self._off)
        return math.sqrt(self._off / self._whole) if math.isfinite(self._whole) else math.nan


def _rows(piece: Piece, block: bytearray) -> mx.array:
    """Return the numbers of a block, [rows, columns]."""
    view = memoryview(block)
    numbers: Any = view.cast("I") if piece.source.dtype == "F32" else view.cast("H")
    words = mx.array(numbers)
    columns = piece.shape[-1] if piece.shape else 1
    return words.view(_DTYPES[piece.source.dtype]).reshape(-1, columns)


def _blocks(piece: Piece) -> Iterator[bytearray]:
    """Yield the bytes of a tensor in blocks of whole rows. Raises SourceGone."""
    shape = piece.source.shape
    row = (shape[-1] if shape else 1) * ITEM_BYTES[piece.source.dtype]
    most = max(1, BLOCK // max(1, math.prod(shape[-1:]))) * row
    try:
        with piece.file.open("rb") as stream:
            for start, end in _spans(piece):
                stream.seek(start)
                for at in range(start, end, most or 1):
                    block = bytearray(min(most, end - at))
                    if stream.readinto(block) != len(block):
                        raise SourceGone(f"{brief(piece.file.name)} is shorter than it was")
                    yield block
    except OSError as error:
        raise SourceGone(f"{brief(piece.file.name)} cannot be read: {brief(error)}") from error


def _spans(piece: Piece) -> Sequence[tuple[int, int]]:
    """Return where a piece's bytes lie in its file: in each stack of matrices there is a part."""
    tensor = piece.source
    if piece.parts == 1:
        return [(tensor.start, tensor.end)]
    stacks = math.prod(tensor.shape[:-2])
    stack = (tensor.end - tensor.start) // stacks
    part = stack // piece.parts
    begins = (tensor.start + i * stack + piece.part * part for i in range(stacks))
    return [(begin, begin + part) for begin in begins]
