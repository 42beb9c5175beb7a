"""The machine a benchmark ran on, by the names of the report's schema."""

from __future__ import annotations

import platform

import msgspec

from mtp_mlx.bench.machine import Conditions, Machine, asking
from mtp_mlx.bench.machine.checkout import commit
from mtp_mlx.loading.device import describe, versions
from mtp_mlx.paths import checkout
from mtp_mlx.report.model import Environment


def environment(machine: Machine, before: Conditions) -> Environment:
    known = versions()
    device = describe()
    program = commit(asking.output, checkout())
    return Environment(
        app_version=known["mtp-mlx"],
        commit=program.sha,
        commit_clean=program.clean,
        python=known["python"],
        mlx=known["mlx"],
        mlx_lm=known["mlx-lm"],
        os=machine.os or platform.platform(terse=True),
        machine=machine.model,
        device=device.name,
        backend=device.backend,
        cpu=machine.cpu,
        cpu_cores=machine.cpu_cores,
        gpu_cores=machine.gpu_cores,
        memory_bytes=machine.memory_bytes or device.memory_bytes,
        fanless=machine.fanless,
        power_source=before.power_source,
        low_power_mode=before.low_power_mode,
        thermal_before=before.thermal,
        governor=before.governor,
        load_before=before.load,
    )


def finished(found: Environment, after: Conditions) -> Environment:
    """With the state at the end; a low power mode that came meanwhile counts."""
    slowed = {found.low_power_mode, after.low_power_mode}
    return msgspec.structs.replace(
        found,
        power_source_after=after.power_source,
        low_power_mode=True if True in slowed else found.low_power_mode,
        thermal_after=after.thermal,
        load_after=after.load,
    )


def cooldown_s(machine: Machine, before: Conditions) -> float:
    """The pause between runs where none was asked for: heat without a fan, a battery's limits."""
    return 5.0 if machine.fanless or before.power_source == "battery" else 0.0
