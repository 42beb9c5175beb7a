"""macOS: the output of its own tools, which need no administrator's rights. Parsers are pure.

sysctl(8), sw_vers(1), system_profiler(8), pmset(1), notifyutil(1). The thermal levels are those of
OSThermalNotification.h.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from mtp_mlx.bench.machine import Conditions, Machine, PowerSource

Ask = Callable[..., str | None]

_KEYS = ("machdep.cpu.brand_string", "hw.physicalcpu", "hw.memsize", "hw.model")
_SOURCES: dict[str, PowerSource] = {"AC": "mains", "Battery": "battery", "UPS": "UPS"}
_LEVELS = ("nominal", "moderate", "heavy", "trapping", "sleeping")
_PRESSURE = "com.apple.system.thermalpressurelevel"
_FANLESS = "MacBook Air"


def machine(ask: Ask) -> Machine:
    values = pairs(ask("sysctl", *_KEYS))
    hardware = profile(ask("system_profiler", "-json", "SPHardwareDataType"), "SPHardwareDataType")
    displays = profile(ask("system_profiler", "-json", "SPDisplaysDataType"), "SPDisplaysDataType")
    name = _word(hardware[0].get("machine_name")) if hardware else None
    return Machine(
        model=model(name, values.get("hw.model")),
        cpu=values.get("machdep.cpu.brand_string"),
        cpu_cores=count(values.get("hw.physicalcpu")),
        gpu_cores=gpu_cores(displays),
        memory_bytes=count(values.get("hw.memsize")),
        os=system(ask("sw_vers")),
        fanless=None if name is None else name == _FANLESS,
    )


def conditions(ask: Ask, load: float | None) -> Conditions:
    source = power_source(ask("pmset", "-g", "batt"))
    return Conditions(
        power_source=source,
        low_power_mode=low_power_mode(ask("pmset", "-g", "custom"), source),
        thermal=pressure(ask("notifyutil", "-g", _PRESSURE))
        or warnings(ask("pmset", "-g", "therm")),
        load=load,
    )


def pairs(printed: str | None) -> dict[str, str]:
    """Return the lines `key: value`; other lines are left out."""
    cut = (line.partition(":") for line in (printed or "").splitlines())
    return {key.strip(): value.strip() for key, _, value in cut if key.strip() and value.strip()}


def count(value: object) -> int | None:
    """Return a whole number above 0, also from text; None for anything else."""
    word = str(value) if isinstance(value, int | str) else ""
    return int(word) if re.fullmatch(r"[1-9][0-9]{0,17}", word) else None


def profile(printed: str | None, kind: str) -> list[dict[str, object]]:
    """Return the entries of one kind in system_profiler's JSON."""
    try:
        entries = json.loads(printed or "")[kind]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []


def gpu_cores(displays: list[dict[str, object]]) -> int | None:
    """Return the cores of the first GPU that lists them, which those of Intel Macs do not."""
    return next((n for entry in displays if (n := count(entry.get("sppci_cores")))), None)


def model(name: str | None, identifier: str | None) -> str | None:
    if name and identifier:
        return f"{name} ({identifier})"
    return name or identifier


def system(printed: str | None) -> str | None:
    values = pairs(printed)
    version = values.get("ProductVersion")
    if version is None:
        return None
    words = [values.get("ProductName", "macOS"), version, values.get("ProductVersionExtra", "")]
    build = values.get("BuildVersion")
    return " ".join(filter(None, words)) + (f" ({build})" if build else "")


def power_source(printed: str | None) -> PowerSource | None:
    match = re.search(r"drawing from '(\w+) Power'", printed or "")
    return _SOURCES.get(match[1]) if match else None


def low_power_mode(printed: str | None, source: PowerSource | None) -> bool | None:
    """Return the mode set for the power source in use; None where this macOS has none.

    Machines with a high-power mode keep all three in `powermode`: 0 automatic, 1 low, 2 high.
    """
    section = None  # the power source that the lines belong to
    for line in (printed or "").splitlines():
        title = re.fullmatch(r"(\w+) Power:", line.strip())
        if title:
            section = _SOURCES.get(title[1])
        setting = re.fullmatch(r"(?:lowpowermode|powermode)\s+([012])", line.strip())
        if setting and section is not None and section == source:
            return setting[1] == "1"
    return None


def pressure(printed: str | None) -> str | None:
    """Return the thermal pressure, by which Apple silicon is throttled."""
    match = re.search(rf"{re.escape(_PRESSURE)}\s+([0-4])$", printed or "", re.MULTILINE)
    return _LEVELS[int(match[1])] if match else None


def warnings(printed: str | None) -> str | None:
    """Return the thermal warnings since the start, for Macs that report no pressure."""
    limit = re.search(r"CPU_Speed_Limit\s*=\s*(\d{1,3})\b", printed or "")
    if limit:
        return "nominal" if int(limit[1]) >= 100 else f"CPU limited to {int(limit[1])} %"
    level = re.search(r"thermal warning level = (\d{1,3})\b", printed or "", re.IGNORECASE)
    if level:
        return "nominal" if int(level[1]) == 0 else f"warning level {int(level[1])}"
    return "no warning recorded" if "No thermal warning level" in (printed or "") else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
