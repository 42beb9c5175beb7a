"""The facts, each measured or None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PowerSource = Literal["mains", "battery", "UPS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    model: str | None = None  # "MacBook Pro (Mac15,9)"
    cpu: str | None = None  # its brand, as the system names it
    cpu_cores: int | None = None
    gpu_cores: int | None = None
    memory_bytes: int | None = None
    os: str | None = None  # with its version
    fanless: bool | None = None  # cooled by its case alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    power_source: PowerSource | None = None
    low_power_mode: bool | None = None
    thermal: str | None = None  # the system's own word for it, or a temperature
    governor: str | None = None  # what sets the CPU's clock on Linux
    load: float | None = None  # the mean number of runnable processes over the last minute
