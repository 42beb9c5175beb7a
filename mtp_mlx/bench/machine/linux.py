"""Linux: the files of /proc and /sys, and os-release. Parsers are pure.

Documented in the kernel's ABI/testing/sysfs-class-power, -class-thermal and -platform_profile.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mtp_mlx.bench.machine import Conditions, Machine, PowerSource

Read = Callable[[str], str | None]
List = Callable[[str], list[str]]

_SUPPLIES = "/sys/class/power_supply"
_ZONES = "/sys/class/thermal"
_GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
_PROFILE = "/sys/firmware/acpi/platform_profile"
_PLACEHOLDERS = {"", "none", "default string", "to be filled by o.e.m.", "system product name"}


def machine(read: Read) -> Machine:
    return Machine(
        model=product(read("/sys/class/dmi/id/product_name"))
        or product(read("/proc/device-tree/model")),
        cpu=processor(read("/proc/cpuinfo")),
        cpu_cores=os.cpu_count(),
        memory_bytes=memory(read("/proc/meminfo")),
        os=distribution(read("/etc/os-release")),
    )


def conditions(read: Read, listed: List, load: float | None) -> Conditions:
    return Conditions(
        power_source=power_source(Supply.read(read, path) for path in listed(_SUPPLIES)),
        low_power_mode=low_power_mode(read(_PROFILE)),
        thermal=temperature(read(f"{path}/temp") for path in listed(_ZONES)),
        governor=_line(read(_GOVERNOR)),
        load=load,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """One entry of /sys/class/power_supply."""

    kind: str | None
    scope: str | None = None  # "Device": the battery of a mouse or the like, not the machine's
    online: str | None = None
    status: str | None = None

    @classmethod
    def read(cls, read: Read, path: str) -> Supply:
        return cls(
            kind=_line(read(f"{path}/type")),
            scope=_line(read(f"{path}/scope")),
            online=_line(read(f"{path}/online")),
            status=_line(read(f"{path}/status")),
        )


def power_source(supplies: Iterable[Supply]) -> PowerSource | None:
    """Return the source; None where none is listed, as on most desktops and virtual machines."""
    own = [supply for supply in supplies if supply.scope != "Device"]
    states = {supply.status for supply in own if supply.kind == "Battery"}
    if "Discharging" in states:
        return "battery"
    if any(supply.kind in ("Mains", "USB") and supply.online == "1" for supply in own):
        return "mains"
    return "mains" if states & {"Charging", "Full", "Not charging"} else None


def low_power_mode(profile: str | None) -> bool | None:
    word = _line(profile)
    profiles = {"low-power", "quiet", "cool", "balanced", "balanced-performance", "performance"}
    return word == "low-power" if word in profiles else None


def temperature(zones: Iterable[str | None]) -> str | None:
    """Return the temperature of the hottest zone; files hold thousandths of a degree Celsius."""
    words = (_line(zone) or "" for zone in zones)
    degrees = [int(word) / 1000 for word in words if re.fullmatch(r"[0-9]{4,6}", word)]
    plausible = [value for value in degrees if value < 150]
    return f"{max(plausible):.0f} \N{DEGREE SIGN}C" if plausible else None


def processor(cpuinfo: str | None) -> str | None:
    """Return the brand: "model name" on x86, "Model" or "Hardware" on some Arm boards."""
    for key in ("model name", "Model", "Hardware"):
        match = re.search(rf"^{key}[ \t]*:[ \t]*(\S.*)$", cpuinfo or "", re.MULTILINE)
        if match:
            return " ".join(match[1].split())
    return None


def memory(meminfo: str | None) -> int | None:
    match = re.search(r"^MemTotal:\s+([0-9]{1,15}) kB$", meminfo or "", re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def distribution(release: str | None) -> str | None:
    """Return PRETTY_NAME, which is quoted as in a shell."""
    match = re.search(r"^PRETTY_NAME=(.+)$", release or "", re.MULTILINE)
    try:
        return " ".join(shlex.split(match[1])) or None if match else None
    except ValueError:
        return None


def product(name: str | None) -> str | None:
    """Return the product's name; None for the placeholders that some makers leave there."""
    word = (_line(name) or "").rstrip("\0")
    return None if word.lower() in _PLACEHOLDERS else word


def _line(content: str | None) -> str | None:
    """Return the line of a file that has one; None for a longer or an empty file."""
    word = (content or "").strip()
    return word if word and "\n" not in word else None
