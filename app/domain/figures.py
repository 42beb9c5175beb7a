"""How a measured figure is written: as in reports, to the last digit."""

from __future__ import annotations

from mtp_mlx.report.words import length as tau
from mtp_mlx.report.words import percent, rate, seconds, times

__all__ = ["percent", "rate", "seconds", "tau", "times"]
