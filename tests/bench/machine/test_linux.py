"""Linux: from files of /proc and /sys to facts; what they do not say is None, never an error."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.bench.machine import Conditions, linux

SUPPLY = "/sys/class/power_supply"
ZONES = "/sys/class/thermal"
LAPTOP = {
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD Ryzen 7  7840U w/ Radeon\n\nprocessor\t: 1",
    "/proc/meminfo": "MemTotal:       32000000 kB\nMemFree:         1000000 kB",
    "/etc/os-release": 'NAME="Fedora Linux"\nPRETTY_NAME="Fedora Linux 41 (Workstation Edition)"',
    "/sys/class/dmi/id/product_name": "Laptop 13",
    "/sys/firmware/acpi/platform_profile": "low-power",
    "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave",
    f"{SUPPLY}/AC/type": "Mains",
    f"{SUPPLY}/AC/online": "0",
    f"{SUPPLY}/BAT0/type": "Battery",
    f"{SUPPLY}/BAT0/status": "Discharging",
    f"{ZONES}/thermal_zone0/temp": "54000",
    f"{ZONES}/thermal_zone1/temp": "61500",
    f"{ZONES}/thermal_zone2/temp": "-274000",
    f"{ZONES}/cooling_device0/type": "Fan",
}


def facts(files: Mapping[str, str]) -> Conditions:
    def listed(folder: str) -> list[str]:
        inside = (path.removeprefix(f"{folder}/") for path in files if path.startswith(folder))
        return sorted({f"{folder}/{path.partition('/')[0]}" for path in inside})

    return linux.conditions(files.get, listed, 0.5)


def test_a_laptop_on_its_battery() -> None:
    assert facts(LAPTOP) == Conditions(
        power_source="battery",
        low_power_mode=True,
        thermal="62 \N{DEGREE SIGN}C",
        governor="powersave",
        load=0.5,
    )
    found = linux.machine(LAPTOP.get)
    assert found.cpu == "AMD Ryzen 7 7840U w/ Radeon"
    assert found.memory_bytes == 32_000_000 * 1024
    assert found.os == "Fedora Linux 41 (Workstation Edition)"
    assert found.model == "Laptop 13"


@pytest.mark.parametrize(
    ("changed", "source"),
    [
        ({f"{SUPPLY}/AC/online": "1", f"{SUPPLY}/BAT0/status": "Charging"}, "mains"),
        ({f"{SUPPLY}/AC/type": "UPS", f"{SUPPLY}/BAT0/status": "Full"}, "mains"),
        ({f"{SUPPLY}/BAT0/status": "Unknown"}, None),
        ({f"{SUPPLY}/BAT0/scope": "Device"}, None),  # a mouse's
    ],
)
def test_where_power_comes_from(changed: dict[str, str], source: str | None) -> None:
    assert facts({**LAPTOP, **changed}).power_source == source


def test_a_virtual_machine_says_nothing() -> None:
    assert facts({}) == Conditions(load=0.5)
    assert linux.machine(lambda _: None).cpu is None


@pytest.mark.parametrize(
    ("told", "cpu"),
    [
        ("Model\t\t: Raspberry Pi 5 Model B Rev 1.0", "Raspberry Pi 5 Model B Rev 1.0"),
        ("model\t\t: 17\nmodel name\t: X", "X"),
        ("processor : 0", None),
    ],
)
def test_processors(told: str, cpu: str | None) -> None:
    assert linux.processor(told) == cpu


@pytest.mark.parametrize("word", ["To Be Filled By O.E.M.", "", None, "a\nb"])
def test_a_product_name_that_is_none(word: str | None) -> None:
    assert linux.product(word) is None


@pytest.mark.parametrize("told", ['PRETTY_NAME="open', "PRETTY_NAME=", "x", None])
def test_a_damaged_release(told: str | None) -> None:
    assert linux.distribution(told) is None


@given(st.text())
def test_nonsense_is_no_error(told: str) -> None:
    assert linux.machine(lambda _: told).gpu_cores is None
    state = linux.conditions(lambda _: told, lambda _: ["a", "b"], None)
    assert state.power_source in (None, "mains", "battery")
