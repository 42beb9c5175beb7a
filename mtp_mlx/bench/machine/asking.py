"""The facts of a machine, and how its system is asked for them. A fact it does not tell is None."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PATIENCE_S = 10.0  # system_profiler takes one or two seconds where it is slow
_MOST = 2**20  # characters; what is longer is no answer

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


def output(*command: str) -> str | None:
    """Return what a tool prints, also where it then fails: sysctl fails for one unknown key."""
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
    told = data.decode(errors="replace").strip()
    return told if 0 < len(told) <= _MOST else None
