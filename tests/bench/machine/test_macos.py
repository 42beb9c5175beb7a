"""macOS: from what its tools print to facts; what they do not say is None, never an error."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.bench.machine import Conditions, Machine, macos
from tests.bench.machine.recorded import DESKTOP, LAPTOP, OLDER, VIRTUAL


def told(recorded: Mapping[str, str]) -> macos.Ask:
    """A machine whose tools print this; those that are not there print nothing."""

    def ask(tool: str, *arguments: str) -> str | None:
        subject = arguments[-1] if tool in ("pmset", "system_profiler") else ""
        return recorded.get(f"{tool} {subject}".strip())

    return ask


def test_a_laptop_on_its_battery() -> None:
    assert macos.machine(told(LAPTOP)) == Machine(
        model="MacBook Pro (Mac15,9)",
        cpu="Apple M3 Max",
        cpu_cores=16,
        gpu_cores=40,
        memory_bytes=48 * 2**30,
        os="macOS 15.3.1 (24D70)",
        fanless=False,
    )
    assert macos.conditions(told(LAPTOP), 1.5) == Conditions(
        power_source="battery", low_power_mode=True, thermal="heavy", load=1.5
    )


def test_low_power_mode_is_that_of_the_source_in_use() -> None:
    plugged = {**LAPTOP, "pmset batt": "Now drawing from 'AC Power'"}
    found = macos.conditions(told(plugged), None)
    assert (found.power_source, found.low_power_mode) == ("mains", False)


def test_a_desktop_without_a_battery() -> None:
    found = macos.machine(told(DESKTOP))
    assert (found.gpu_cores, found.model) == (76, "Mac Studio (Mac14,14)")
    assert macos.conditions(told(DESKTOP), None) == Conditions(
        power_source="mains", low_power_mode=False, thermal="nominal"
    )
    saving = {**DESKTOP, "pmset custom": "AC Power:\n powermode            1"}
    assert macos.conditions(told(saving), None).low_power_mode is True


def test_a_virtual_machine_says_little() -> None:
    assert macos.machine(told(VIRTUAL)) == Machine(
        model="Apple Virtual Machine 1",
        cpu="Apple processor",
        memory_bytes=8 * 2**30,
        os="macOS 13.2.1 (a) (22D68)",
        fanless=False,
    )
    assert macos.conditions(told(VIRTUAL), None) == Conditions(power_source="mains")


def test_an_older_system_without_a_fan() -> None:
    found = macos.machine(told(OLDER))
    assert (found.fanless, found.gpu_cores, found.os) == (True, 7, "macOS 11.7.10 (20G1427)")
    assert macos.conditions(told(OLDER), None) == Conditions(
        power_source="mains", thermal="CPU limited to 62 %"
    )


def test_nothing_that_names_a_machine_is_kept() -> None:
    for recorded in (LAPTOP, DESKTOP, VIRTUAL, OLDER):
        facts = f"{macos.machine(told(recorded))}{macos.conditions(told(recorded), None)}"
        assert "SECRET" not in facts
        assert "BEEF" not in facts


@pytest.mark.parametrize(
    ("printed", "word"),
    [
        ("Note: No thermal warning level has been recorded", "no warning recorded"),
        ("Thermal warning level = 0", "nominal"),
        ("Thermal warning level = 2", "warning level 2"),
        ("CPU_Speed_Limit \t= 100", "nominal"),
        ("", None),
        (None, None),
    ],
)
def test_warnings(printed: str | None, word: str | None) -> None:
    assert macos.warnings(printed) == word


def test_tools_that_are_missing() -> None:
    assert macos.machine(lambda *_: None) == Machine()
    assert macos.conditions(lambda *_: None, None) == Conditions()


LINES = [line for recorded in (LAPTOP, OLDER) for text in recorded.values() for line in [text]]


@given(st.one_of(st.text(), st.sampled_from(LINES)), st.sampled_from([0, 5, 40]))
def test_nonsense_is_no_error(printed: str, cut: int) -> None:
    """Also the output of another tool, or half of one's own."""
    found = macos.machine(lambda *_: printed[cut:])
    state = macos.conditions(lambda *_: printed[cut:], None)
    assert found.gpu_cores is None or found.gpu_cores > 0
    assert state.power_source in (None, "mains", "battery", "UPS")


@pytest.mark.parametrize("number", ["0", "-3", "40 cores", "forty", "", None, 4.5, "9" * 40, "٤"])
def test_a_count_is_a_number_above_none(number: object) -> None:
    assert macos.count(number) is None


@pytest.mark.parametrize(
    "json",
    ["[]", "null", "{}", '{"SPDisplaysDataType": 3}', "[" * 9999, '{"SPDisplaysDataType": ['],
)
def test_a_profile_of_another_form(json: str) -> None:
    assert macos.profile(json, "SPDisplaysDataType") == []
