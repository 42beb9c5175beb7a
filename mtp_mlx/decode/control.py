"""What may change while a reply is written, from another thread."""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.api import Mtp


@dataclass(slots=True)
class Control:
    """Two flags, each read once a round: plain assignments, so no lock is needed."""

    mtp: Mtp = "auto"
    cancelled: bool = False
