"""How pairs are to be loaded: the context and the drafter's head, as the user chose them."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.settings import HeadBits, PairChoice, PairOptions
from mtp_mlx.api import CONTEXTS


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingOptions:
    """How a target is to be loaded, and what can be chosen."""

    context: int | None  # tokens; None: all it was made for
    longest: int
    drafter_bits: HeadBits | None
    can_pack: bool  # whether it has a drafter that is not quantised

    @property
    def contexts(self) -> tuple[int, ...]:
        return tuple(tokens for tokens in CONTEXTS if tokens < self.longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Which pair is loaded, which is being loaded, and how the user wants them to be."""

    loaded: PairChoice | None = None
    loading: PairChoice | None = None
    options: tuple[PairOptions, ...] = ()

    def options_of(self, target: str) -> PairOptions:
        kept = (one for one in self.options if one.target == target)
        return next(kept, PairOptions(target=target))
