"""A pair of true shape and random weights, in memory: what a model would cost on this machine.

Its text means nothing and its drafts are never right, but each forward pass takes the time and the
memory of the real one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import mlx.core as mx

from mtp_mlx.api import Dtype, PairInfo
from mtp_mlx.errors import OutOfMemory, UsageError
from mtp_mlx.events import LoadProgress
from mtp_mlx.families import shape
from mtp_mlx.families.base import TrueShape
from mtp_mlx.loading.device import compute_dtype, is_out_of_memory, memory, prepare
from mtp_mlx.loading.packing import GROUP_SIZE, dtype_words, pack, pack_head, packing_words
from mtp_mlx.loading.pair import LoadedPair, Progress, check_dtype
from mtp_mlx.loading.random_weights import randomize, size_bytes

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
    """The pair called `name`, such as "31b", with all target layers or only `layers` of them.

    `bits` 4 and 8 pack the target as mlx-lm's conversions do; 16 leaves it as it is, and so is the
    drafter always. What is not packed is of `dtype`, where "auto" means bfloat16, or float32 on
    the CPU. There is no tokenizer, no template and no end token: prompts are token ids.

    Raises UsageError for a shape that cannot be, OutOfMemory for one too large for this machine.
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
    progress: Progress = lambda _: None,
) -> LoadedPair:
    """As `random_pair`, of any shape."""
    if bits not in BITS:
        raise UsageError(f"Random weights cannot have {bits} bits.", "Choose 4, 8 or 16.")
    prepare()
    kept = compute_dtype(dtype) or mx.bfloat16
    check_dtype(shape.blueprint, kept)
    network, head = _networks(shape, bits)
    info = _info(shape, network, head, bits, kept)
    _fill(network, head, kept, seed, info, progress)
    if drafter_bits is not None:
        pack_head(head, drafter_bits)
        info = replace(info, drafter=f"{info.drafter}, {drafter_bits}-bit head")
    target = shape.blueprint.target(network)
    drafter_at = partial(shape.blueprint.drafter, head, target)
    return LoadedPair(
        target=target,
        drafter=drafter_at(info.draft_position),
        drafter_at=drafter_at,
        tokenizer=None,
        template=None,
        thinking=None,
        end_tokens=frozenset(),
        info=info,
    )


def _networks(shape: TrueShape, bits: int) -> tuple[Any, Any]:
    """Target and drafter, still lazy."""
    network = shape.blueprint.target_network()
    if bits < 16:
        pack(network, bits, network.quant_predicate)
    return network, shape.blueprint.drafter_network()


def _info(shape: TrueShape, network: Any, head: Any, bits: int, dtype: mx.Dtype) -> PairInfo:
    plain = dtype_words(dtype)
    block = {"bits": bits, "group_size": GROUP_SIZE}
    return PairInfo(
        target=f"random {shape.title}, {plain if bits == 16 else f'{bits}-bit'}",
        drafter=f"random {shape.name} drafter, {plain}",
        no_drafter_reason=None,
        target_bytes=size_bytes(network, dtype),
        drafter_bytes=size_bytes(head, dtype),
        quantization=plain if bits == 16 else packing_words(block),
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
    if info.target_bytes + info.drafter_bytes > memory().limit:
        raise _too_large(info)
    try:
        progress(LoadProgress(phase="target", done=1, total=3))
        randomize(network, dtype, seed)
        progress(LoadProgress(phase="drafter", done=2, total=3))
        randomize(head, dtype, seed)
        progress(LoadProgress(phase="drafter", done=3, total=3))
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
