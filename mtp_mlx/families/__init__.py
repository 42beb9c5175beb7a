"""The model families, and the look-ups over all of them."""

from __future__ import annotations

from mtp_mlx.errors import UnsupportedModel, UsageError
from mtp_mlx.families.base import Config, Family, KnownPair, ReportedAcceptance, TrueShape
from mtp_mlx.families.gemma4.family import Gemma4
from mtp_mlx.files import brief

FAMILIES: tuple[Family, ...] = (Gemma4(),)

PAIRS: tuple[KnownPair, ...] = tuple(pair for family in FAMILIES for pair in family.pairs)
SHAPE_NAMES: tuple[str, ...] = tuple(n for family in FAMILIES for n in family.shape_names)


def family_of(config: Config) -> Family:
    """Return the family of a config.json. Raises UnsupportedModel where none recognises it."""
    for family in FAMILIES:
        if family.recognises(config):
            return family
    if "model_type" not in config:
        raise UnsupportedModel(
            "config.json names no model_type, so it is no language model's.",
            "Choose a model's own folder.",
        )
    raise UnsupportedModel(
        f"The architecture {brief(repr(config.get('model_type')), 60)} is not Gemma 4.",
        "Choose a google/gemma-4 model or a copy.",
    )


def pair_of(target: str) -> KnownPair | None:
    """Return the known pair that the name of a repository or a folder contains, if any."""
    return next((pair for family in FAMILIES if (pair := family.pair_of(target))), None)


def drafter_for(target: str | Config) -> str | None:
    """Return the drafter's repository for a target's name or config.json, if one is known."""
    return next((name for family in FAMILIES if (name := family.drafter_for(target))), None)


def shape(name: str, layers: int | None = None) -> TrueShape:
    """Return the true shape called `name`.

    Raises UsageError for an unknown name or an impossible number of layers.
    """
    for family in FAMILIES:
        if name.lower() in family.shape_names or any(
            name.lower() == pair.name.lower() for pair in family.pairs
        ):
            return family.shape(name, layers)
    raise UsageError(f"There is no shape {name!r}.", f"Choose {', '.join(SHAPE_NAMES)}.")


def reported_acceptance(shape: str) -> ReportedAcceptance | None:
    """Return the acceptance that others measured of the pair with a shape's name."""
    names = dict(zip(SHAPE_NAMES, PAIRS, strict=True)) | {p.name.lower(): p for p in PAIRS}
    pair = names.get(shape.lower())
    return None if pair is None else pair.acceptance
