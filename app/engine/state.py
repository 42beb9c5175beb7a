"""The engine's state: one value at a time, the whole truth about what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.ticket import Failure, Purpose
from mtp_mlx.api import DEMO_PAIR, Load, PairInfo

STARTING = "starting"
"""The phase of `Loading` while the worker process comes up."""


BUILT_IN = Load(target=DEMO_PAIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unloaded:
    """No pair is in memory. `failure` says why, where the last one could not be loaded."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """`phase` is "" and `total` is 0 until the worker has said more."""

    model: Load = BUILT_IN
    phase: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """`busy` is None where a request would be taken up at once."""

    pair: PairInfo
    model: Load = BUILT_IN
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
