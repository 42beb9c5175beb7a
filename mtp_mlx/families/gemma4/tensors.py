"""What the tensors of a checkpoint are called, and what they are called in the networks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtp_mlx.errors import DamagedModel

if TYPE_CHECKING:
    from mtp_mlx.families.base import Weights

HEAD, EMBEDDING = "lm_head.", "model.embed_tokens."
LAYER = re.compile(r"model\.layers\.(\d{1,4})\.")

_PREFIX = re.compile(r"^(?:model\.)?language_model\.(?:model\.)?")
_OTHER_PARTS = {
    "vision": re.compile(r"^(?:model\.)?(?:vision_|embed_vision|multi_modal_projector)"),
    "audio": re.compile(r"^(?:model\.)?(?:audio_|embed_audio)"),
    "MTP head": re.compile(r"^(?:model\.)?(?:language_model\.)?(?:model\.)?mtp\."),
    "adapter": re.compile(r"\.lora_|^base_model\."),
}
"""Tensors that a target's or a drafter's checkpoint may hold besides, by what they are for."""
_ORDERING = "masked_embedding.token_ordering"


def other_part(name: str) -> str | None:
    """Return what a tensor is for, such as "vision", where it is not for text."""
    return next((part for part, names in _OTHER_PARTS.items() if names.search(name)), None)


def own_name(name: str) -> str:
    """Return the name of a text tensor without the wrappers of a multimodal checkpoint."""
    head = name.find(HEAD)
    return name[head:] if head >= 0 else _PREFIX.sub("model.", name)


def target_tensors(weights: Weights, *, tied: bool) -> Weights:
    """Return a target's tensors under the names of its network.

    As in transformers, a head that differs from the embedding counts, whatever config.json says.
    """
    named = _named(weights)
    if not tied:
        return named
    head, embedding = _parts(named, HEAD), _parts(named, EMBEDDING)
    if not head or (embedding and not _equal(head, embedding)):
        return named
    without_head = {name: w for name, w in named.items() if not name.startswith(HEAD)}
    return without_head | {EMBEDDING + part: w for part, w in (embedding or head).items()}


def drafter_tensors(weights: Weights) -> Weights:
    """Return a drafter's tensors under the names of its network. Raises DamagedModel.

    A head of its own stands in the place of the embedding, which nothing else reads.
    """
    import mlx.core as mx

    named = _named(weights)
    head = _parts(named, HEAD)
    if head:
        named = {name: w for name, w in named.items() if not name.startswith((HEAD, EMBEDDING))}
        named |= {EMBEDDING + part: w for part, w in head.items()}
    if _ORDERING in named:
        ordering = named[_ORDERING] = named[_ORDERING].astype(mx.int32)
        # MLX does not check indices: gathering rows past the end would read foreign memory.
        if not mx.array_equal(mx.sort(ordering), mx.arange(ordering.size)).item():
            raise DamagedModel(
                f"The weights do not match config.json: {_ORDERING} does not list every token "
                "once.",
                "Download it again.",
            )
    return named


def _named(weights: Weights) -> Weights:
    return {own_name(name): w for name, w in weights.items() if other_part(name) is None}


def _parts(weights: Weights, module: str) -> Weights:
    """Return the tensors of `module`, by what follows its name."""
    return {n.removeprefix(module): w for n, w in weights.items() if n.startswith(module)}


def _equal(one: Weights, other: Weights) -> bool:
    import mlx.core as mx

    return one.keys() == other.keys() and all(
        one[part].dtype == other[part].dtype
        and mx.array_equal(one[part], other[part], equal_nan=True).item()
        for part in one
    )
