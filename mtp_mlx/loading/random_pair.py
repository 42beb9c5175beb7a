"""A pair of true shape and random weights, in memory: it shows what a model costs on this machine.

Its text means nothing and its drafts are never right, but each forward pass takes the time and the
memory of the real one. A new network's own initial values are lazy and never computed. Each tensor
is drawn in blocks into its final array, a quantised one in its packed form, so that the most memory
ever held is the network's own size and a block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from zlib import crc32

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_flatten

from mtp_mlx.api import Dtype, PairInfo
from mtp_mlx.errors import OutOfMemory, UsageError
from mtp_mlx.events import LoadProgress
from mtp_mlx.families import shape
from mtp_mlx.families.base import TrueShape
from mtp_mlx.hub.fit import PairSize, judged_context
from mtp_mlx.loading.device import compute_dtype, is_out_of_memory, prepare
from mtp_mlx.loading.memory import check_fits, keep_freed_within
from mtp_mlx.loading.pair import LoadedPair, check_dtype
from mtp_mlx.loading.weights import Progress, dtype_words, pack, pack_head, precision_words

BITS = (4, 8, 16)


def random_pair(
    name: str,
    *,
    layers: int | None = None,
    bits: int = 4,
    drafter_bits: int | None = None,
    seed: int = 0,
    dtype: Dtype = "auto",
    progress: Progress = lambda _: None,
) -> LoadedPair:
    """Return the pair called `name`, such as "31b", with all target layers or `layers` of them.

    `bits` 4 and 8 quantise the target as mlx-lm's conversions do; 16 does not. The drafter is not
    quantised. All other weights are of `dtype`, where "auto" means bfloat16, or float32 on the CPU.
    There is no tokenizer, no template and no end token: prompts are token ids.

    Raises UsageError for an impossible shape, OutOfMemory for one too large for this machine.
    """
    return pair_of(
        shape(name, layers),
        bits=bits,
        drafter_bits=drafter_bits,
        seed=seed,
        dtype=dtype,
        progress=progress,
    )


def pair_of(
    shape: TrueShape,
    *,
    bits: int,
    drafter_bits: int | None = None,
    seed: int = 0,
    dtype: Dtype = "auto",
    anyway: bool = False,
    progress: Progress = lambda _: None,
) -> LoadedPair:
    """Return a pair as `random_pair` does, of any shape; `anyway` ignores what it needs."""
    if bits not in BITS:
        raise UsageError(f"Random weights cannot have {bits} bits.", "Choose 4, 8 or 16.")
    prepare()
    kept = compute_dtype(dtype) or mx.bfloat16
    check_dtype(shape.blueprint, kept)
    network, head = _networks(shape, bits)
    if drafter_bits is not None:
        pack_head(head, drafter_bits)
    info = _info(shape, network, head, bits, kept)
    size = PairSize(
        target=info.target_bytes,
        drafter=info.drafter_bytes,
        shape=shape.blueprint.memory,
        bytes_a_number=kept.size,
    )
    context = judged_context(info.context_length)
    if not anyway:
        keep_freed_within(check_fits(info.target, size, context))
    _fill(network, head, kept, seed, info, progress)
    if drafter_bits is not None:
        info = replace(info, drafter=f"{info.drafter}, {drafter_bits}-bit head")
    target = shape.blueprint.target(network)
    drafter_at = partial(shape.blueprint.drafter, head, target)
    return LoadedPair(
        target=target,
        drafter=drafter_at(info.draft_position),
        drafter_at=drafter_at,
        codec=None,
        thinking=None,
        end_tokens=frozenset(),
        size=size,
        context=context,
        anyway=anyway,
        info=info,
    )


def size_of(shape: TrueShape, bits: int, dtype: mx.Dtype) -> PairSize:
    """Return what the memory of such a pair depends on, of which nothing is drawn."""
    network, head = _networks(shape, bits)
    return PairSize(
        target=size_bytes(network, dtype),
        drafter=size_bytes(head, dtype),
        shape=shape.blueprint.memory,
        bytes_a_number=dtype.size,
    )


def _networks(shape: TrueShape, bits: int) -> tuple[Any, Any]:
    """Return the networks of target and drafter, with weights that are still lazy."""
    network = shape.blueprint.target_network()
    if bits < 16:
        pack(network, bits, network.quant_predicate)
    return network, shape.blueprint.drafter_network()


def _info(shape: TrueShape, network: Any, head: Any, bits: int, dtype: mx.Dtype) -> PairInfo:
    plain = dtype_words(dtype)
    return PairInfo(
        target=f"random {shape.title}, {plain if bits == 16 else f'{bits}-bit'}",
        drafter=f"random {shape.name} drafter, {plain}",
        no_drafter_reason=None,
        target_bytes=size_bytes(network, dtype),
        drafter_bytes=size_bytes(head, dtype),
        quantization=plain if bits == 16 else precision_words(network),
        context_length=shape.blueprint.context_length,
        sliding_window=shape.blueprint.sliding_window,
        draft_position="last-seen",
        recommended=shape.recommended,
        has_chat_template=False,
        has_tokenizer=False,
    )


def _fill(
    network: Any, head: Any, dtype: mx.Dtype, seed: int, info: PairInfo, progress: Progress
) -> None:
    try:
        whole = info.target_bytes + info.drafter_bytes
        progress(LoadProgress(phase="target", total=whole))
        randomize(network, dtype, seed)
        progress(LoadProgress(phase="drafter", done=info.target_bytes, total=whole))
        randomize(head, dtype, seed)
        progress(LoadProgress(phase="drafter", done=whole, total=whole))
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise _too_large(info) from error
        raise
    network.eval()
    head.eval()


def _too_large(info: PairInfo) -> OutOfMemory:
    needed = (info.target_bytes + info.drafter_bytes) / 1e9
    return OutOfMemory(
        f"The weights of {info.target} and its drafter take {needed:.1f} GB, which this machine "
        "cannot hold.",
        "Choose fewer bits, fewer layers or a smaller shape.",
    )


BLOCK = 2**23  # numbers drawn at a time

Shape = tuple[int, ...]
Draw = Callable[[Shape, mx.array], mx.array]


def randomize(network: Any, dtype: mx.Dtype, seed: int) -> None:
    """Give every parameter a value that depends on its name and `seed` alone, and evaluate it.

    Matrices keep the mean square of activations at 1 and norms leave it there, so that activations
    stay finite in 16 bits through any number of layers.
    """
    for path, module in network.named_modules():
        for name, like in _own_parameters(module):
            key = mx.random.key(seed << 32 | crc32(f"{path}.{name}".encode()))
            drawn = _drawn(path, module, name, like, dtype, key)
            mx.eval(drawn)
            module.update({name: drawn})


def size_bytes(network: Any, dtype: mx.Dtype) -> int:
    """Return the bytes of a network once its floating-point parameters are of `dtype`."""
    parameters = (array for _, array in tree_flatten(network.parameters()))
    return sum(array.size * _final(array, dtype).size for array in parameters)


def _own_parameters(module: nn.Module) -> Iterator[tuple[str, mx.array]]:
    for name, value in list(module.items()):
        if isinstance(value, mx.array) and not name.startswith("_"):
            yield name, value


def _final(like: mx.array, dtype: mx.Dtype) -> mx.Dtype:
    return dtype if mx.issubdtype(like.dtype, mx.floating) else like.dtype


def _drawn(
    path: str, module: nn.Module, name: str, like: mx.array, dtype: mx.Dtype, key: mx.array
) -> mx.array:
    if name == "token_ordering":
        return mx.random.permutation(like.size, key=key).astype(like.dtype)
    if "scales" in module:
        return _packed(module, name, like, dtype, key)
    if like.ndim == 1:
        return _norm(path, like.size, key).astype(dtype)
    bound = math.sqrt(3 / like.shape[-1])  # gives the variance 1 / inputs

    def uniform(shape: Shape, key: mx.array) -> mx.array:
        return mx.random.uniform(-bound, bound, shape, dtype=dtype, key=key)

    return _in_blocks(like.shape, dtype, uniform, key)


def _norm(path: str, width: int, key: mx.array) -> mx.array:
    if path.endswith(("q_norm", "k_norm")):  # attention has no scale of its own
        return mx.full((width,), width**-0.25)
    if path == "model.norm":  # with ones and a tied head, each token would predict itself
        return mx.where(mx.random.bernoulli(shape=(width,), key=key), 1.0, -1.0)
    return mx.ones((width,))


def _packed(module: Any, name: str, like: mx.array, dtype: mx.Dtype, key: mx.array) -> mx.array:
    """Return a parameter of a quantised module.

    Random bits are levels 0 ... 2^bits - 1, equally likely; scale and bias centre them on 0.
    """
    if name == "weight":
        return _in_blocks(like.shape, like.dtype, random_bits, key)
    levels = 2**module.bits
    inputs = like.shape[-1] * module.group_size
    scale = math.sqrt(12 / (levels**2 - 1) / inputs)  # gives the variance 1 / inputs
    value = scale if name == "scales" else -scale * (levels - 1) / 2
    return mx.full(like.shape, value, dtype=dtype)


def random_bits(shape: Shape, key: mx.array) -> mx.array:
    """Return random 32-bit words. MLX gives out raw bits by splitting a key: two words a key."""
    words = math.prod(shape)
    return mx.random.split(key, -(-words // 2)).reshape(-1)[:words].reshape(shape)


def _in_blocks(shape: Shape, dtype: mx.Dtype, draw: Draw, key: mx.array) -> mx.array:
    whole = mx.zeros(shape, dtype=dtype)
    rows = max(1, BLOCK // math.prod(shape[1:]))
    for start in range(0, shape[0], rows):
        key, own = mx.random.split(key)
        stop = min(start + rows, shape[0])
        whole[start:stop] = draw((stop - start, *shape[1:]), own)
        mx.eval(whole)  # written in place: nothing else holds it
    return whole
