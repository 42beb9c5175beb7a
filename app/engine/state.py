"""The engine's state: one value at a time, the whole truth about what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.wire import PairInfo


@dataclass(frozen=True, slots=True)
class Starting:
    """The process is coming up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """`total` is 0 while the size of the work is unknown."""

    phase: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    pair: PairInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Generating:
    pair: PairInfo
    reply_id: str
    stopping: bool = False
    measuring: bool = False  # a benchmark: many replies, which the MTP switch does not steer


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarting:
    """It died and is about to be started again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Nothing happens until the user asks for it. `alive`: the process runs, loading failed."""

    message: str
    remedy: str
    alive: bool = False


EngineState = Starting | Loading | Ready | Generating | Restarting | Failed
