"""The machine that a benchmark runs on and its state: power, heat, load; and how to read them.

A fact that the system does not report is None, "not measured". Reading never fails and never waits
long. Nothing that names a person or one machine is kept: no host names, no serial numbers.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PATIENCE_S = 10.0  # system_profiler takes one or two seconds where it is slow
_MOST = 2**20  # characters; longer output is no answer

PowerSource = Literal["mains", "battery", "UPS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The facts of a machine that do not change."""

    model: str | None = None  # "MacBook Pro (Mac15,9)"
    cpu: str | None = None  # the brand, as the system names it
    cpu_cores: int | None = None
    gpu_cores: int | None = None
    memory_bytes: int | None = None
    os: str | None = None  # with its version
    fanless: bool | None = None  # cooled by its case alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The state of a machine at one time."""

    power_source: PowerSource | None = None
    low_power_mode: bool | None = None
    thermal: str | None = None  # the thermal state in the system's own word, or a temperature
    governor: str | None = None  # the policy that sets the CPU's clock on Linux
    load: float | None = None  # the mean number of runnable processes over the last minute


def output(*command: str) -> str | None:
    """Return the output of a tool, also of one that fails: sysctl does for a single unknown key."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            env=os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _short(done.stdout)


def text(path: str) -> str | None:
    """Return the text of a small file of the system."""
    try:
        with Path(path).open("rb") as file:
            return _short(file.read(_MOST + 1))
    except OSError:
        return None


def listed(folder: str) -> list[str]:
    """Return the paths in a folder; none where there is no such folder."""
    try:
        return sorted(str(entry) for entry in Path(folder).iterdir())
    except OSError:
        return []


def load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (OSError, AttributeError):
        return None


def _short(data: bytes) -> str | None:
    words = data.decode(errors="replace").strip()
    return words if 0 < len(words) <= _MOST else None
