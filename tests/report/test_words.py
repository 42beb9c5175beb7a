"""How numbers and findings are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.report import words
from mtp_mlx.report.model import Group
from tests.report.samples import REPORT


def a_group(speedup: float | None, low: float | None = None, high: float | None = None) -> Group:
    return replace(REPORT.summary[1], speedup=speedup, speedup_low=low, speedup_high=high)


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (0.214, "0.21 s"),
        (9.994, "9.99 s"),
        (12.34, "12.3 s"),
        (59.9, "59.9 s"),
        (75.4, "1 min 15 s"),
        (75.6, "1 min 16 s"),
        (3600, "60 min 0 s"),
    ],
)
def test_seconds(duration: float, shown: str) -> None:
    assert words.seconds(duration) == shown


@pytest.mark.parametrize(("tps", "shown"), [(4.56, "4.6"), (99.9, "99.9"), (214.4, "214")])
def test_rates_have_three_digits(tps: float, shown: str) -> None:
    assert words.rate(tps) == shown


def test_other_numbers() -> None:
    assert words.memory(3 * 2**30) == "3.00 GiB"
    assert words.percent(0.666) == "67 %"
    assert words.length(2.5) == "2.50"
    assert words.margin(0.00234) == "0.00234"
    assert words.times(1.234) == "1.23×"  # noqa: RUF001
    assert (words.mode(3), words.mode("auto")) == ("K 3", "auto")
    assert words.measured(words.rate)(None) == "not measured"


@pytest.mark.parametrize(
    ("ratio", "outcome"),
    [(1.01, "faster"), (1.004, "the same speed"), (0.996, "the same speed"), (0.99, "slower")],
)
def test_a_ratio_is_judged_by_the_digits_that_are_shown(ratio: float, outcome: str) -> None:
    assert words.faster_or_slower(ratio) == outcome
    assert words.verdict(a_group(ratio)) == outcome


@pytest.mark.parametrize(
    ("group", "verdict"),
    [
        (a_group(None), ""),
        (a_group(1.5, 1.2, 1.8), "faster"),
        (a_group(1.5, 0.9, 1.8), "faster, within the spread"),
        (a_group(0.8, 0.7, 1.1), "slower, within the spread"),
        (a_group(1.0, 0.9, 1.1), "the same speed"),
        (a_group(1.5, 1.0, 1.8), "faster"),
    ],
)
def test_a_verdict_says_whether_the_interval_holds_one(group: Group, verdict: str) -> None:
    assert words.verdict(group) == verdict
    assert words.is_slower(group) == verdict.startswith("slower")


def test_a_spread_needs_both_ends() -> None:
    assert words.spread(a_group(1.5, 1.2, 1.8)) == "1.20 to 1.80"
    assert words.spread(a_group(1.5, 1.2)) == words.spread(a_group(1.5)) == ""


@given(st.text(max_size=40), st.integers(2, 30))
def test_a_shortened_text_is_no_longer_than_asked(text: str, most: int) -> None:
    short = words.shortened(text, most)
    assert len(short) <= most
    assert short == words.line(text) or short.endswith("…")
    assert words.line(text).startswith(short.removesuffix("…"))


def test_a_text_that_fits_is_not_shortened() -> None:
    assert words.shortened("abcd", 4) == "abcd"
    assert words.shortened("abcde", 4) == "abc…"


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b b", "a\u2028b", "a\r\n\tb", "a\ud800b"])
def test_a_line_has_no_character_that_steers(text: str) -> None:
    assert words.line(text) == "a b"


def test_labels() -> None:
    assert words.label("plan_sha256") == "Plan SHA-256"
    assert words.label("draft_position") == "Draft position"
