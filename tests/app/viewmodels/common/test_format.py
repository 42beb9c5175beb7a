from __future__ import annotations

import pytest

from app.viewmodels.common import format as fmt


@pytest.mark.parametrize(("value", "text"), [(4.567, "4.6"), (61.34, "61.3"), (213.7, "214")])
def test_rate(value: float, text: str) -> None:
    assert fmt.rate(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999, "999"), (1204, "1\u2009204")])
def test_count(value: int, text: str) -> None:
    assert fmt.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.213, "0.21 s"), (12.34, "12.3 s"), (75.2, "1 min 15 s")]
)
def test_seconds(value: float, text: str) -> None:
    assert fmt.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(3.9, "3 s"), (65.2, "1:05"), (600, "10:00")])
def test_clock(value: float, text: str) -> None:
    assert fmt.clock(value) == text


@pytest.mark.parametrize(("value", "text"), [(1.874, "1.87\u00d7"), (0.984, "0.98\u00d7")])
def test_times(value: float, text: str) -> None:
    assert fmt.times(value) == text


@pytest.mark.parametrize(("value", "text"), [(432_000_000, "432 MB"), (4_500_000_000, "4.5 GB")])
def test_memory(value: int, text: str) -> None:
    assert fmt.memory(value) == text


def test_percent() -> None:
    assert fmt.percent(0.779) == "78 %"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (59.0, "less than a minute left"),
        (60.0, "about 1 min left"),
        (3599.0, "about 60 min left"),
        (3600.0, "about 1 h 0 min left"),
        (9000.0, "about 2 h 30 min left"),
    ],
)
def test_what_is_left(seconds: float, told: str) -> None:
    assert fmt.left(seconds) == told
