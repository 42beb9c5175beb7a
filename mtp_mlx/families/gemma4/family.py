"""Gemma 4 as a family: what the rest of the engine asks of it."""

from __future__ import annotations

from mtp_mlx.api import Sampling
from mtp_mlx.errors import UsageError
from mtp_mlx.families.base import Config, KnownPair, TrueShape
from mtp_mlx.families.gemma4 import facts
from mtp_mlx.families.gemma4.blueprint import GemmaBlueprint, check_pair
from mtp_mlx.families.gemma4.config import (
    DRAFTER_TYPES,
    MULTIMODAL_TYPES,
    TEXT_TYPES,
    drafter_config,
    target_config,
)

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

    def pair_of(self, target: str) -> KnownPair | None:
        return facts.pair_of(target)

    def drafter_for(self, target: str | Config) -> str | None:
        return facts.drafter_for(target)

    def blueprint(self, target: Config, drafter: Config | None) -> GemmaBlueprint:
        return _blueprint(target, drafter)

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


def _blueprint(target: Config, drafter: Config | None) -> GemmaBlueprint:
    """Read both configurations, and check that the drafter fits."""
    text = target_config(target)
    head = None if drafter is None else drafter_config(drafter)
    if head is not None:
        check_pair(text, head)
    return GemmaBlueprint(target_config=text, drafter_config=head)
