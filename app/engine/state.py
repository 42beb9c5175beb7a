"""The engine's state: one of four values, which says what can be asked of the engine."""

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
    """A pair is being loaded. `phase` is "" and `total` 0 until the worker reports progress."""

    model: Load = BUILT_IN
    phase: str = ""
    done: int = 0  # bytes
    total: int = 0
    waits: str | None = None  # why nothing comes, of a model that is fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A pair is loaded. `busy` is the purpose of the request under way; None: there is none."""

    pair: PairInfo
    model: Load = BUILT_IN
    busy: Purpose | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """The worker has ended.

    `restarting`: the engine starts it again by itself; otherwise the user has to.
    `by_user`: the user asked for the restart.
    """

    failure: Failure
    restarting: bool = False
    by_user: bool = False


State = Unloaded | Loading | Ready | Dead
