"""What machine a benchmark ran on and in what state: power, heat, load.

A fact the system does not tell is None, "not measured"; asking never fails and never waits long.
Nothing that names a person or one machine is kept: no host names, no serial numbers.
"""

from __future__ import annotations

import platform

from mtp_mlx.bench.machine import asking, linux, macos
from mtp_mlx.bench.machine.facts import Conditions, Machine

__all__ = ["Conditions", "Machine", "conditions", "machine"]


def machine() -> Machine:
    """What does not change while a benchmark runs."""
    if platform.system() == "Darwin":
        return macos.machine(asking.output)
    return linux.machine(asking.text) if platform.system() == "Linux" else Machine()


def conditions() -> Conditions:
    """What does; asked before and after, never during a run."""
    if platform.system() == "Darwin":
        return macos.conditions(asking.output, asking.load())
    if platform.system() == "Linux":
        return linux.conditions(asking.text, asking.listed, asking.load())
    return Conditions(load=asking.load())
