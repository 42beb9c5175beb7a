"""Which drafters on this disk fit which targets: by their shapes, as loading checks them.

A name only orders drafters that fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mtp_mlx.errors import LoadError
from mtp_mlx.families import drafter_for, family_of
from mtp_mlx.files import made_of
from mtp_mlx.hub.local_model import LocalModel, Reading

Merit = Literal["published", "beside", "trained-alike", "published-for-shape", "unpacked"]
"""What speaks for a drafter, the weightiest first:

published            its publisher names it for the target's repository
beside               the user keeps it in the same folder as the target
trained-alike        both were trained for 4 bits, or neither was
published-for-shape  it is a copy of the drafter published for models of this shape
unpacked             it is not quantised, so it drafts as it was trained
"""

MERITS: tuple[Merit, ...] = (
    "published", "beside", "trained-alike", "published-for-shape", "unpacked"
)  # fmt: skip
_UNPACKED = ("bf16", "fp16", "fp32")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrafterChoice:
    """A drafter that fits a target, and what speaks for it."""

    model: LocalModel
    merits: tuple[Merit, ...]  # in the order of `MERITS`


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A usable target with the drafters on this disk that fit it."""

    target: LocalModel
    drafters: tuple[DrafterChoice, ...]  # the best first
    published: str | None  # the repository of its own drafter, on this disk or not


def pairings(readings: Sequence[Reading]) -> tuple[Pairing, ...]:
    """Return every usable target, in the order of `readings`, with its drafters.

    The first merit that one drafter has and another lacks decides between them; of equals the
    smaller is first.
    """
    usable = [reading for reading in readings if reading.model.is_usable]
    drafters = [reading for reading in usable if reading.model.part == "drafter"]
    return tuple(
        pairing_of(reading, drafters) for reading in usable if reading.model.part == "target"
    )


def pairing_of(target: Reading, drafters: Sequence[Reading]) -> Pairing:
    """Return the drafters that fit a target, in their order."""
    fitting = [drafter for drafter in drafters if _fits(target, drafter)]
    choices = [
        DrafterChoice(model=drafter.model, merits=tuple(_merits(target, drafter.model)))
        for drafter in fitting
    ]
    published = drafter_for(target.model.name) or drafter_for(target.config)
    return Pairing(
        target=target.model, drafters=tuple(sorted(choices, key=_order)), published=published
    )


def _order(choice: DrafterChoice) -> tuple[list[bool], int, str]:
    lacking = [merit not in choice.merits for merit in MERITS]
    return lacking, choice.model.size_bytes, choice.model.path


def _fits(target: Reading, drafter: Reading) -> bool:
    family = family_of(target.config)
    if not family.recognises(drafter.config):
        return False
    try:
        made_of(lambda: family.blueprint(target.config, drafter.config), drafter.model.name)
    except LoadError:
        return False
    return True


def _merits(target: Reading, drafter: LocalModel) -> Iterator[Merit]:
    if _is_copy(drafter, drafter_for(target.model.name)):
        yield "published"
    is_arranged = drafter.owner == target.model.owner == "own"  # others sort by publisher
    if is_arranged and Path(drafter.path).parent == Path(target.model.path).parent:
        yield "beside"
    if _is_for_4_bits(target.model) == _is_for_4_bits(drafter):
        yield "trained-alike"
    if _is_copy(drafter, drafter_for(target.config)):
        yield "published-for-shape"
    if drafter.precision in _UNPACKED:
        yield "unpacked"


def _is_copy(drafter: LocalModel, published: str | None) -> bool:
    """Tell whether a drafter has the name of the published one, or that of a conversion of it."""
    if published is None:
        return False
    name, own = (text.rpartition("/")[2].lower() for text in (drafter.name, published))
    return name == own or name.startswith(f"{own}-")


def _is_for_4_bits(model: LocalModel) -> bool:
    return "-qat" in model.name.lower()
