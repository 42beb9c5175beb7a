"""Work of minutes that a child process does, as a row of the Models page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

JobStage = Literal["running", "queued", "paused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job in words. `act` is its button's text, "" where it can only be ended."""

    key: str
    title: str
    words: str
    share: float | None  # 0 to 1; None where it is unknown
    stage: JobStage
    act: str = ""
    end: str  # the label of the button that ends it
