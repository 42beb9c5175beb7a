"""How a measured figure is written: as in reports, but that a glance has less room for digits."""

from __future__ import annotations

from mtp_mlx.report.words import TIMES, percent, rate, seconds
from mtp_mlx.report.words import length as tau

__all__ = ["percent", "rate", "seconds", "tau", "times"]


def times(ratio: float) -> str:
    """1.874 -> "1.9x"; near 1 two decimals, for there they decide."""
    return f"{ratio:.2f}{TIMES}" if 0.9 < ratio < 1.1 else f"{ratio:.1f}{TIMES}"
