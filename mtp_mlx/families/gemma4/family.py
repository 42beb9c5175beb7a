"""Gemma 4 as a `Family`.

Recognising, pairing and naming work without MLX, which is imported where a network is built.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from mtp_mlx.api import DraftPosition, Sampling, ThinkingSyntax
from mtp_mlx.errors import PairMismatch, UnsupportedModel, UsageError
from mtp_mlx.families.base import Config, Identity, KnownPair, MemoryShape, Part, TrueShape
from mtp_mlx.families.gemma4 import facts
from mtp_mlx.families.gemma4.config import (
    DRAFTER_TYPES,
    FULL,
    MULTIMODAL_TYPES,
    SLIDING,
    TEXT_TYPES,
    DrafterConfig,
    TextConfig,
    drafter_config,
    target_config,
)
from mtp_mlx.families.gemma4.recipe import GemmaRecipe
from mtp_mlx.families.gemma4.tensors import (
    EMBEDDING,
    HEAD,
    LAYER,
    drafter_tensors,
    other_part,
    own_name,
    target_tensors,
)
from mtp_mlx.files import brief

if TYPE_CHECKING:
    from mtp_mlx.families.base import Weights
    from mtp_mlx.families.gemma4.drafter import GemmaDrafter
    from mtp_mlx.families.gemma4.target import GemmaTarget
    from mtp_mlx.protocols import Target

_BY_NAME = dict(zip(facts.SHAPE_NAMES, facts.FACTS, strict=True)) | {
    pair.name.lower(): pair for pair in facts.FACTS
}

_RECOMMENDED = Sampling(temperature=1.0, top_k=64, top_p=0.95)  # in generation_config.json


class Gemma4:
    """A `Family`."""

    pairs = facts.PAIRS
    shape_names = facts.SHAPE_NAMES

    def recognises(self, config: Config) -> bool:
        return config.get("model_type") in (*MULTIMODAL_TYPES, *TEXT_TYPES, *DRAFTER_TYPES)

    def identify(self, config: Config) -> Identity:
        if config.get("model_type") in DRAFTER_TYPES:
            drafter = drafter_config(config)
            pair = _pair_of_drafter(drafter)
            return _identity("drafter", pair, drafter.text.hidden_size)
        target = target_config(config)
        return _identity("target", facts.pair_of_config(config), target.hidden_size)

    def absent_part(self, config: Config, tensors: Iterable[str]) -> str | None:
        is_drafter = config.get("model_type") in DRAFTER_TYPES
        text = drafter_config(config).text if is_drafter else target_config(config)
        there: set[int] = set()
        has_embedding = False
        for name in tensors:  # thousands: what tells nothing new is looked at no closer
            module = own_name(name)
            layer = LAYER.match(module)
            if layer and int(layer[1]) not in there and other_part(name) is None:
                there.add(int(layer[1]))
            has_embedding |= module.startswith((EMBEDDING, HEAD))
        for number in range(text.num_layers):
            if number not in there:
                return f"layer {number}"
        return None if has_embedding else "the embedding"

    def pair_of(self, target: str) -> KnownPair | None:
        return facts.pair_of(target)

    def drafter_for(self, target: str | Config) -> str | None:
        return facts.drafter_for(target)

    def blueprint(self, target: Config, drafter: Config | None) -> GemmaBlueprint:
        return _blueprint(target, drafter)

    def recipe(self, config: Config) -> GemmaRecipe:
        return GemmaRecipe(config)

    def shape(self, name: str, layers: int | None = None) -> TrueShape:
        """Keep the last `layers` of the target; see `facts.target_of` for what else changes."""
        pair = _BY_NAME.get(name.lower())
        if pair is None:
            choices = ", ".join(facts.SHAPE_NAMES)
            raise UsageError(f"There is no shape {name!r}.", f"Choose {choices}.")
        kept = pair.layers if layers is None else layers
        if not 2 <= kept <= pair.layers:
            raise UsageError(
                f"{pair.name} cannot have {kept} layers: it has {pair.layers}, and needs one "
                "sliding and one full layer.",
                f"Choose 2 to {pair.layers}.",
            )
        return TrueShape(
            name=pair.name,
            layers=kept,
            true_layers=pair.layers,
            blueprint=_blueprint(facts.target_of(pair, kept), facts.drafter_of(pair)),
            recommended=_RECOMMENDED,
        )


def _identity(part: Part, pair: KnownPair | None, width: int) -> Identity:
    title, name = (facts.TITLE, None) if pair is None else (pair.title, pair.name)
    return Identity(part=part, title=title, name=name, width=width)


def _pair_of_drafter(drafter: DrafterConfig) -> KnownPair | None:
    """Return the known pair whose target has the hidden size and the keys that it reads."""
    sliding = drafter.text.kv_shape(SLIDING)
    for pair in facts.PAIRS:
        keys = pair.memory
        if pair.hidden_size == drafter.backbone_hidden_size and sliding == (
            keys.sliding_heads,
            keys.sliding_width,
        ):
            return pair
    return None


def _blueprint(target: Config, drafter: Config | None) -> GemmaBlueprint:
    """Read both configurations, and check that the drafter fits."""
    text = target_config(target)
    head = None if drafter is None else drafter_config(drafter)
    if head is not None:
        check_pair(text, head)
    return GemmaBlueprint(target_config=text, drafter_config=head)


_POSITION_KEY = "mtp_draft_position"
"""The field of a drafter's generation_config.json that states its draft position; often absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GemmaBlueprint:
    """A `Blueprint`; its methods import MLX where they need it."""

    target_config: TextConfig
    drafter_config: DrafterConfig | None

    @property
    def vocabulary(self) -> int:
        return self.target_config.vocab_size

    @property
    def context_length(self) -> int:
        return self.target_config.max_positions

    @property
    def sliding_window(self) -> int:
        return self.target_config.sliding_window

    @property
    def memory(self) -> MemoryShape:
        return facts.memory_shape(self.target_config)

    @property
    def numbers_read(self) -> int:
        return facts.numbers_read(self.target_config)

    @property
    def thinking(self) -> ThinkingSyntax:
        return facts.THINKING

    @property
    def float32_on_cpu(self) -> bool:
        """Return whether it has experts: MLX's CPU backend multiplies those in float32 only."""
        return self.target_config.experts is not None

    def target_network(self, weights: Weights | None = None) -> Any:
        """Return mlx-lm's network; it has a head of its own where the tensors have one."""
        from mtp_mlx.families.gemma4.network import target_network

        own_head = weights is not None and any(name.startswith(HEAD) for name in weights)
        config = self.target_config
        return target_network(replace(config, tied=False) if own_head else config)

    def drafter_network(self) -> Any:
        from mtp_mlx.families.gemma4.network import DrafterNetwork

        assert self.drafter_config is not None
        return DrafterNetwork(self.drafter_config)

    def other_part(self, name: str) -> str | None:
        return other_part(name)

    def target_tensors(self, weights: Weights) -> Weights:
        return target_tensors(weights, tied=self.target_config.tied)

    def drafter_tensors(self, weights: Weights) -> Weights:
        return drafter_tensors(weights)

    def target(self, network: Any) -> GemmaTarget:
        from mtp_mlx.families.gemma4.target import GemmaTarget

        return GemmaTarget(network, self.target_config)

    def drafter(self, network: Any, target: Target, position: DraftPosition) -> GemmaDrafter:
        from mtp_mlx.families.gemma4.drafter import GemmaDrafter

        assert self.drafter_config is not None
        return GemmaDrafter(network, self.drafter_config, cast("GemmaTarget", target), position)

    def draft_position(self, generation: Config) -> DraftPosition:
        stated = generation.get(_POSITION_KEY)
        if stated in (None, "last-seen"):
            return "last-seen"
        if stated == "anchor":
            return "anchor"
        raise UnsupportedModel(
            f"The drafter asks for the draft position {brief(repr(stated), 60)}.",
            "Give --draft-position last-seen or anchor.",
        )


def check_pair(target: TextConfig, drafter: DrafterConfig) -> None:
    """Raise PairMismatch where the two do not fit, with both numbers and the drafter that does."""
    remedy = _remedy(target)
    _compare("hidden size", target.hidden_size, drafter.backbone_hidden_size, remedy)
    _compare("vocabulary", target.vocab_size, drafter.text.vocab_size, remedy)
    for kind, name in ((SLIDING, "sliding layers"), (FULL, "full layers")):
        if kind not in drafter.text.layer_types:
            continue
        # The drafter reads the target's keys and values: so heads must be equally wide, there must
        # be as many key heads as in training, and the drafter's heads must divide among them.
        kv_heads, head_dim = target.kv_shape(kind)
        trained_kv_heads, trained_head_dim = drafter.text.kv_shape(kind)
        _compare(f"head width of the {name}", head_dim, trained_head_dim, remedy)
        if kind == SLIDING or not drafter.text.k_eq_v or drafter.text.num_global_kv_heads:
            _compare(f"number of key heads of the {name}", kv_heads, trained_kv_heads, remedy)
        if drafter.text.num_heads % kv_heads:
            raise PairMismatch(
                f"The target's {name} have {kv_heads} key heads, which {drafter.text.num_heads} "
                "heads of the drafter cannot share.",
                remedy,
            )


def _compare(what: str, target: int, drafter: int, remedy: str) -> None:
    if target != drafter:
        raise PairMismatch(
            f"The target's {what} is {target}, the drafter was made for {drafter}.", remedy
        )


def _remedy(target: TextConfig) -> str:
    pair = next((p for p in facts.PAIRS if p.hidden_size == target.hidden_size), None)
    if pair is None:
        return "Use the drafter that was trained with this target."
    return f"Use {pair.drafter}."
