"""How a Gemma 4 checkpoint is quantised, under the names and in the config.json that mlx-lm reads.

Sources: tables of per-layer embeddings below 8 bits make garbage of E2B's and E4B's text; a router
or the choice of clusters decides what is computed at all, and is small.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from mtp_mlx.families.base import Config, Part, SameBytes
from mtp_mlx.families.gemma4.config import (
    DRAFTER_TYPES,
    MULTIMODAL_TYPES,
    drafter_config,
    target_config,
)
from mtp_mlx.families.gemma4.tensors import (
    EMBEDDING,
    HEAD,
    drafter_tensors,
    other_part,
    own_name,
    target_tensors,
)

if TYPE_CHECKING:
    from mtp_mlx.families.base import Weights

_CARRIED = re.compile(
    r"(?:model\.)?"
    r"(?:vision_tower|vision_embedder|embed_vision|audio_tower|embed_audio|multi_modal_projector)\."
)
"""Tensors of other senses that mlx-lm passes over (`gemma4.Model.sanitize`)."""

_AT_8_BITS = ("embed_tokens_per_layer", "router.proj", "masked_embedding.centroids")


class GemmaRecipe:
    """A `Recipe`. Making one raises UnsupportedModel or DamagedModel."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._is_multimodal = config.get("model_type") in MULTIMODAL_TYPES
        is_drafter = config.get("model_type") in DRAFTER_TYPES
        self._drafter = drafter_config(config) if is_drafter else None
        self._target = None if is_drafter else target_config(config)

    @property
    def part(self) -> Part:
        return "target" if self._drafter is None else "drafter"

    @property
    def prefix(self) -> str:
        return "language_model." if self._is_multimodal else ""

    def own_names(self, names: Collection[str], same: SameBytes) -> Mapping[str, str]:
        """As for loading: see `tensors.target_tensors` and `tensors.drafter_tensors`."""
        own = {name: own_name(name) for name in names if other_part(name) is None}
        head = next((name for name in own if own[name].startswith(HEAD)), None)
        embedding = next((name for name in own if own[name].startswith(EMBEDDING)), None)
        if head is None:
            return own
        if self._target is not None:
            if not self._target.tied or (embedding is not None and not same(head, embedding)):
                return own
            if embedding is not None:
                return {name: other for name, other in own.items() if name != head}
        own = {name: other for name, other in own.items() if name != embedding}
        return own | {head: EMBEDDING + own[head].removeprefix(HEAD)}

    def carries(self, name: str) -> bool:
        return self._is_multimodal and _CARRIED.match(name) is not None

    def tensors(self, weights: Weights) -> Weights:
        if self._target is None:
            return drafter_tensors(weights)
        return target_tensors(weights, tied=self._target.tied)

    def network(self, own_names: Collection[str]) -> Any:
        from mtp_mlx.families.gemma4.network import DrafterNetwork, target_network

        if self._drafter is not None:
            return DrafterNetwork(self._drafter)
        assert self._target is not None
        is_untied = _has_head(own_names)
        return target_network(replace(self._target, tied=False) if is_untied else self._target)

    def needs_8_bits(self, path: str) -> bool:
        return path.endswith(_AT_8_BITS)

    def config(self, own_names: Collection[str]) -> dict[str, Any]:
        """Spell out what is absent, for which mlx-lm has defaults of its own."""
        from mtp_mlx.families.gemma4.network import model_args

        config = dict(self._config)
        if self._target is None:
            return config
        untied = {"tie_word_embeddings": False} if _has_head(own_names) else {}
        spelled = asdict(model_args(self._target))
        if not self._is_multimodal:
            return spelled | config | untied
        text = spelled | config["text_config"] | untied
        return config | {"text_config": text, "vocab_size": self._target.vocab_size} | untied


def _has_head(own_names: Collection[str]) -> bool:
    return any(name.startswith(HEAD) for name in own_names)
