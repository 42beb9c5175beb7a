"""Linux: files of /proc and /sys, and os-release. Parsers are pure.

Documented in the kernel's ABI/testing/sysfs-class-power, -class-thermal and -platform_profile.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mtp_mlx.bench.machine.asking import Conditions, Machine, PowerSource

Read = Callable[[str], str | None]
List = Callable[[str], list[str]]

_SUPPLIES = "/sys/class/power_supply"
_ZONES = "/sys/class/thermal"
_GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
_PROFILE = "/sys/firmware/acpi/platform_profile"
_MADE_UP = {"", "none", "default string", "to be filled by o.e.m.", "system product name"}


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
    scope: str | None = None  # "Device": a mouse's battery says nothing of the machine
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
    """Return the source; None where the system lists none: most desktops, virtual machines."""
    found = [one for one in supplies if one.scope != "Device"]
    if any(one.kind == "Battery" and one.status == "Discharging" for one in found):
        return "battery"
    if any(one.kind in ("Mains", "USB") and one.online == "1" for one in found):
        return "mains"
    held = {"Charging", "Full", "Not charging"}
    return "mains" if any(one.kind == "Battery" and one.status in held for one in found) else None


def low_power_mode(profile: str | None) -> bool | None:
    word = _line(profile)
    known = {"low-power", "quiet", "cool", "balanced", "balanced-performance", "performance"}
    return word == "low-power" if word in known else None


def temperature(zones: Iterable[str | None]) -> str | None:
    """Return the hottest zone; the files hold thousandths of a degree Celsius."""
    told = (_line(zone) or "" for zone in zones)
    degrees = [int(word) / 1000 for word in told if re.fullmatch(r"[0-9]{4,6}", word)]
    plausible = [value for value in degrees if value < 150]
    return f"{max(plausible):.0f} \N{DEGREE SIGN}C" if plausible else None


def processor(cpuinfo: str | None) -> str | None:
    """Return the brand: "model name" on x86, "Model" or "Hardware" on some Arm boards."""
    for key in ("model name", "Model", "Hardware"):
        found = re.search(rf"^{key}[ \t]*:[ \t]*(\S.*)$", cpuinfo or "", re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return None


def memory(meminfo: str | None) -> int | None:
    found = re.search(r"^MemTotal:\s+([0-9]{1,15}) kB$", meminfo or "", re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def distribution(release: str | None) -> str | None:
    """Return PRETTY_NAME, which is quoted as in a shell."""
    found = re.search(r"^PRETTY_NAME=(.+)$", release or "", re.MULTILINE)
    try:
        return " ".join(shlex.split(found[1])) or None if found else None
    except ValueError:
        return None


def product(told: str | None) -> str | None:
    word = (_line(told) or "").rstrip("\0")
    return None if word.lower() in _MADE_UP else word


def _line(told: str | None) -> str | None:
    """Return the text of a file of one line; a longer file is no answer."""
    word = (told or "").strip()
    return word if word and "\n" not in word else None
