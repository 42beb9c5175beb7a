"""The machine a benchmark ran on, by the names of the report's schema."""

from __future__ import annotations

import platform

from mtp_mlx.loading.device import describe, versions


def environment() -> dict[str, object]:
    known = versions()
    device = describe()
    return {
        "app_version": known["mtp-mlx"],
        "python": known["python"],
        "mlx": known["mlx"],
        "mlx_lm": known["mlx-lm"],
        "os": platform.platform(terse=True),
        "device": device.name,
        "backend": device.backend,
        "memory_bytes": device.memory_bytes,
    }
