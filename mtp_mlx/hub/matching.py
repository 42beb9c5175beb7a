"""Which drafters on this disk fit which targets: by their shapes, as loading checks them.

A name only orders drafters that fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mtp_mlx.errors import LoadError
from mtp_mlx.families import drafter_for, family_of
from mtp_mlx.families.base import Part
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
_PARTS: tuple[Part, Part] = ("target", "drafter")
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
    targets, drafters = (
        [reading for reading in usable if reading.model.part == part] for part in _PARTS
    )
    fits = _Fits()
    return tuple(
        _pairing(target, [drafter.model for drafter in drafters if fits(target, drafter)])
        for target in targets
    )


def _pairing(target: Reading, fitting: Sequence[LocalModel]) -> Pairing:
    choices = [
        DrafterChoice(model=drafter, merits=tuple(_merits(target, drafter))) for drafter in fitting
    ]
    published = drafter_for(target.model.name) or drafter_for(target.config)
    best_first = tuple(sorted(choices, key=_order))
    return Pairing(target=target.model, drafters=best_first, published=published)


def _order(choice: DrafterChoice) -> tuple[list[bool], int, str]:
    lacking = [merit not in choice.merits for merit in MERITS]
    return lacking, choice.model.size_bytes, choice.model.path


class _Fits:
    """Tells whether a drafter fits a target; copies of a model, which share a config.json, once."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._known: dict[tuple[str, str], bool] = {}

    def __call__(self, target: Reading, drafter: Reading) -> bool:
        key = self._text(target), self._text(drafter)
        if key not in self._known:
            self._known[key] = _fits(target, drafter)
        return self._known[key]

    def _text(self, reading: Reading) -> str:
        path = reading.model.path
        if path not in self._texts:
            self._texts[path] = json.dumps(reading.config)
        return self._texts[path]


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
