"""How numbers and findings are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.report import words


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


@pytest.mark.parametrize(
    ("tps", "shown"), [(0.042, "0.04"), (0.0, "0.0"), (4.56, "4.6"), (99.9, "99.9"), (214.4, "214")]
)
def test_rates_have_three_digits(tps: float, shown: str) -> None:
    assert words.rate(tps) == shown


def test_other_numbers() -> None:
    assert words.memory(3 * 10**9) == "3.00 GB"
    assert words.percent(0.666) == "67 %"
    assert [words.percent(share) for share in (0, 0.0001, 0.996, 1)] == [
        "0 %", "1 %", "99 %", "100 %",
    ]  # fmt: skip
    assert words.length(2.5) == "2.50"
    assert words.margin(0.00234) == "0.00234"
    assert words.times(1.234) == "1.23×"  # noqa: RUF001
    assert (words.mode(3), words.mode("auto")) == ("K 3", "auto")
    assert words.measured(words.rate)(None) == "not measured"


def test_a_spread_needs_both_ends() -> None:
    assert words.spread(1.2, 1.8) == "1.20 to 1.80"
    assert words.spread(0.0, 1776.2) == "0.00 to 99+"
    assert words.spread(1.2, None) == words.spread(None, None) == ""


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


def test_a_whole_text_keeps_its_blanks_and_nothing_that_steers() -> None:
    kept = "a\n\tb c\u3000d\N{NO-BREAK SPACE}e\u0301"
    assert words.whole(kept) == kept
    assert words.whole("a\x00\x1b[2J\u202eb\u2028c\ud800\r") == "a[2Jbc"
