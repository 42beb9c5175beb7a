"""The engine's state: one value at a time, the whole truth about what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.ticket import Failure, Purpose
from mtp_mlx.api import DraftPosition, Dtype, PairInfo
from mtp_mlx.wire import DEMO_PAIR

STARTING = "starting"
"""The phase of `Loading` while the worker process comes up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A pair to load and how to load it. None leaves the choice to the pair."""

    target: str = DEMO_PAIR  # a folder, a repository id, or DEMO_PAIR
    drafter: str | None = None
    use_drafter: bool = True
    drafter_bits: int | None = None  # quantise the drafter's head to 4 or 8 bits
    dtype: Dtype = "auto"
    draft_position: DraftPosition | None = None


BUILT_IN = Model()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unloaded:
    """No pair is in memory. `failure` says why, where the last one could not be loaded."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """`phase` is "" and `total` is 0 until the worker has said more."""

    model: Model = BUILT_IN
    phase: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """`busy` is None where a request would be taken up at once."""

    pair: PairInfo
    model: Model = BUILT_IN
    busy: Purpose | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """The worker has ended. `restarting`: it is started again by itself, else on the user's word.

    `by_user`: they asked for it.
    """

    failure: Failure
    restarting: bool = False
    by_user: bool = False


State = Unloaded | Loading | Ready | Dead
