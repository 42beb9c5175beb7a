"""What the engine's state means for a question. Pure."""

from __future__ import annotations

from app import strings
from app.engine.state import EngineState, Failed, Generating, Ready, Restarting, Starting
from mtp_mlx.wire import PairInfo


def obstacle(state: EngineState, busy: str) -> str:
    """Why nothing can be asked now; "" where it can. `busy` says what the engine is busy with."""
    match state:
        case Ready():
            return ""
        case Generating():
            return busy
        case Starting() | Restarting():
            return strings.OBSTACLE_STARTING
        case Failed():
            return strings.OBSTACLE_FAILED
        case _:
            return strings.OBSTACLE_LOADING


def loaded_pair(state: EngineState) -> PairInfo | None:
    match state:
        case Ready(pair=pair) | Generating(pair=pair):
            return pair
        case _:
            return None
