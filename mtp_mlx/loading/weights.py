"""Fill a network with a checkpoint's tensors; quantise a network as mlx-lm's conversions do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten

from mtp_mlx.errors import DamagedModel, LoadError, OutOfMemory, UnsupportedModel, UsageError
from mtp_mlx.events import LoadPhase, LoadProgress
from mtp_mlx.files import brief, made_of
from mtp_mlx.hub.fit import PairSize
from mtp_mlx.hub.packing import BYTE_SCALES, REMEDY, Packing, unsupported_packing
from mtp_mlx.loading.checkpoint import Checkpoint
from mtp_mlx.loading.device import is_out_of_memory
from mtp_mlx.loading.memory import check_goes_on

Weights = dict[str, mx.array]
Progress = Callable[[LoadProgress], None]

WEIGHTS = "A weight file"
"""How errors call one before its name."""


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The files that a network was loaded from; none where its weights are random."""

    files: tuple[Path, ...] = ()
    name: str = ""
    dtype: str = ""  # that it computes in

    @property
    def revision(self) -> str | None:
        """Return the commit of the repository; None for files outside the download cache.

        There the snapshot's folder has the commit as its name.
        """
        folder = self.files[0].parent if self.files else None
        if folder is None or folder.parent.name != "snapshots":
            return None
        return folder.name if re.fullmatch(r"[0-9a-f]{40}", folder.name) else None


NO_FILES = WeightFiles()


@dataclass(slots=True, kw_only=True)
class Loading:
    """A load under way: it is told in bytes, and stops where other programs take its memory."""

    name: str
    size: PairSize
    context: int
    progress: Progress
    anyway: bool
    phase: LoadPhase = "target"
    done: int = 0

    def check(self) -> None:
        """Tell how far it is. Raises TooBig."""
        total = self.size.target + self.size.drafter
        self.progress(LoadProgress(phase=self.phase, done=min(self.done, total), total=total))
        if not self.anyway:
            check_goes_on(self.name, self.size, self.context)


def load_weights(
    network: Any,
    tensors: Weights,
    checkpoint: Checkpoint,
    dtype: mx.Dtype | None,
    loading: Loading,
    head_bits: int | None = None,
) -> WeightFiles:
    """Fill `network` with the checkpoint's tensors and evaluate them, its head in `head_bits`."""
    try:
        made_of(lambda: fill(network, tensors), checkpoint.name, WEIGHTS)
    except MissingTensors as error:
        raise checkpoint.incomplete() or unlike(str(error)) from error
    tensors.clear()  # what is converted must not be held twice
    if dtype is not None:
        network.set_dtype(dtype)
    if head_bits is not None:
        pack_head(network, head_bits)
    network.eval()
    try:
        for part in in_parts(network):
            loading.check()
            mx.eval(part)
            loading.done += sum(array.nbytes for array in part)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"{checkpoint.name} does not fit into this machine's memory.",
                "Choose a smaller model or a smaller quantisation.",
            ) from error
        raise LoadError(
            f"The disk does not give the weights of {checkpoint.name}: {brief(error)}.",
            "See whether it is connected and sound, and try again.",
        ) from error
    return WeightFiles(checkpoint.files, checkpoint.name, computing_dtype(network))


def fill(network: Any, weights: Weights) -> None:
    """Put `weights`, named as in `network`, into it; quantise the modules that came quantised.

    Raises MissingTensors; DamagedModel where a tensor is superfluous or of another shape or kind;
    UnsupportedModel for a packing that MLX does not have.
    """
    weights = network.sanitize(weights)
    _quantize(network, weights)
    check_tensors(network, weights)
    network.load_weights(list(weights.items()), strict=True)


def _quantize(network: Any, weights: Weights) -> None:
    """Quantise each module as the shapes of its tensors say."""

    def packing(path: str, module: nn.Module) -> bool | dict[str, Any]:
        if not hasattr(module, "to_quantized") or f"{path}.scales" not in weights:
            return False
        how = _packing(path, module.weight.shape, weights)
        scaled: dict[str, Any] = {"global_scale": True}
        return how | scaled if f"{path}.global_scale" in weights else how

    try:
        nn.quantize(network, class_predicate=packing)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UnsupportedModel(
            f"The weights are packed in a way that MLX does not have: {brief(error)}.", REMEDY
        ) from error


def _packing(path: str, shape: tuple[int, ...], weights: Weights) -> dict[str, Any]:
    """Return how a module of this shape is packed, by its columns and those of its scales."""
    scales, weight = weights[f"{path}.scales"], weights.get(f"{path}.weight")
    inputs = shape[-1]
    if weight is None or not scales.ndim or not weight.ndim:
        raise unlike(f"{path} has scales and no packed weight")
    groups, words = scales.shape[-1], weight.shape[-1]
    if not groups or inputs % groups or not words or words * 32 % inputs:
        raise unlike(f"{path} has {words} packed columns and {groups} scales for {inputs} inputs")
    how = {"group_size": inputs // groups, "bits": words * 32 // inputs}
    mode = "affine"
    if scales.dtype == mx.uint8:
        named = BYTE_SCALES.get(Packing(how["bits"], how["group_size"]))
        if named is None:
            raise unsupported_packing(how)
        mode = named
    return {**how, "mode": mode}


def check_tensors(network: Any, weights: Weights) -> None:
    """Compare names, shapes and kinds. Raises MissingTensors or DamagedModel."""
    expected = dict(tree_flatten(network.parameters()))
    missing = sorted(expected.keys() - weights.keys())
    unknown = sorted(weights.keys() - expected.keys())
    if missing:
        raise MissingTensors(f"{len(missing)} tensors are missing, such as {brief(missing[0])}")
    if unknown:
        raise unlike(f"{len(unknown)} tensors belong to no layer, such as {brief(unknown[0])}")
    for name in sorted(expected):
        wanted, got = expected[name], weights[name]
        if wanted.shape != got.shape:
            raise unlike(f"{name} has shape {got.shape} where {wanted.shape} belongs")
        if _kind(wanted) != _kind(got):
            raise unlike(f"{name} is of {dtype_words(got.dtype)}, which cannot be its type")


def _kind(array: mx.array) -> mx.Dtype | mx.DtypeCategory:
    """Numbers with a point may be of any width; packed ones and token ids may not."""
    return mx.floating if mx.issubdtype(array.dtype, mx.floating) else array.dtype


class MissingTensors(Exception):
    """Tensors that config.json asks for and no file holds; the loader knows why."""


def unlike(what: str) -> DamagedModel:
    return DamagedModel(f"The weights do not match config.json: {what}.", "Download it again.")


HEAD_BITS = (4, 8)
GROUP_SIZE = 64  # numbers that share a scale, as in mlx-community's conversions

Rule = Callable[[str, nn.Module], bool | dict[str, Any]]


def pack(network: Any, bits: int, rule: Rule = lambda _path, _module: True) -> None:
    """Quantise (affine) every linear layer and embedding whose rows divide into groups.

    `rule` takes a module's path and answers as mlx-lm's `quant_predicate` does: whether to
    quantise it, or with which parameters of its own. Lazy: nothing is computed yet.
    """

    def chosen(path: str, module: nn.Module) -> bool | dict[str, Any]:
        if not hasattr(module, "to_quantized") or module.weight.shape[-1] % GROUP_SIZE:
            return False
        return rule(path, module)

    nn.quantize(network, group_size=GROUP_SIZE, bits=bits, class_predicate=chosen)


def precision_words(network: Any) -> str:
    """Return how a network is stored: "4-bit affine, group 64", or a dtype where nothing is packed.

    Of several packings or dtypes the one that holds most bytes.
    """
    packed: Counter[str] = Counter()
    plain: Counter[str] = Counter()
    for _, module in network.named_modules():
        own = [value for value in module.values() if isinstance(value, mx.array)]
        if "scales" in module:
            words = f"{module.bits}-bit {module.mode}, group {module.group_size}"
            packed[words] += sum(array.nbytes for array in own)
            continue
        for array in own:
            if mx.issubdtype(array.dtype, mx.floating):
                plain[dtype_words(array.dtype)] += array.nbytes
    return (packed or plain).most_common(1)[0][0]


PART = 2**28  # bytes evaluated at a time


def in_parts(network: Any) -> Iterator[list[mx.array]]:
    """Yield a network's tensors a part at a time.

    A converted tensor holds its source until it is evaluated, and a device that is given all at
    once may read all sources first.
    """
    part: list[mx.array] = []
    for _, array in tree_flatten(network.parameters()):
        part.append(array)
        if sum(a.nbytes for a in part) >= PART:
            yield part
            part = []
    yield part


def first_not_finite(files: Iterable[Path]) -> str | None:
    """Return the first tensor that holds a number which is not finite, and its file; else None.

    Of a file that cannot be read any more nothing is said.
    """
    for file in files:
        with suppress(RuntimeError):
            tensors = mx.load(str(file))
            assert isinstance(tensors, dict)
            for name, array in tensors.items():
                floating = mx.issubdtype(array.dtype, mx.floating)
                if floating and not mx.isfinite(array).all().item():
                    return f"{brief(name, 80)} in {brief(file.name, 60)}"
    return None


def computing_dtype(network: Any) -> str:
    """Return the dtype of a network's activations: that of its norms, which are never packed."""
    return dtype_words(network.model.norm.weight.dtype)


def dtype_words(dtype: mx.Dtype) -> str:
    """Return the name of `dtype`, such as "bfloat16"."""
    return str(dtype).removeprefix("mlx.core.")


def pack_head(drafter: Any, bits: int) -> None:
    """Quantise the head of a drafter: its embedding, most of the weights of a dense drafter.

    Lazy: nothing is computed yet. Raises UsageError where `bits` or the embedding do not allow it.
    """
    embedding = drafter.model.embed_tokens
    if bits not in HEAD_BITS:
        raise UsageError(f"A drafter's head cannot have {bits} bits.", "Choose 4 or 8.")
    if not hasattr(embedding, "to_quantized"):
        raise UsageError("The drafter's head is quantised already.", "Leave --drafter-bits out.")
    if embedding.weight.shape[-1] % GROUP_SIZE:
        raise UsageError(
            f"Rows of {embedding.weight.shape[-1]} do not divide into groups of {GROUP_SIZE}.",
            "Leave --drafter-bits out.",
        )
    pack(drafter, bits, lambda path, _module: path == "model.embed_tokens")
