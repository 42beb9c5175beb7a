"""A baseline is right or absent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.conversation import EngineRecord
from app.domain.numbers import Span
from app.domain.speeds import Baseline, baseline_key, updated
from tests.app.helpers import PAIR
from tests.app.records import ENGINE

DAY, NEXT = "2026-11-24", "2026-11-25"
KNOWN = Baseline(tokens=100, seconds=5, day=DAY)


def test_the_first_measurement_is_the_baseline() -> None:
    known = updated(None, Span(40, 2.0), DAY)
    assert known == Baseline(tokens=40, seconds=2.0, day=DAY)
    assert known is not None
    assert known.tps == 20


def test_too_little_changes_nothing() -> None:
    assert updated(None, Span(31, 2.0), DAY) is None
    assert updated(KNOWN, Span(31, 2.0), DAY) == KNOWN
    assert updated(KNOWN, Span(31, 2.0), NEXT) == KNOWN


def test_one_day_is_averaged() -> None:
    known = updated(KNOWN, Span(100, 10.0), DAY)
    assert known == Baseline(tokens=200, seconds=15, day=DAY)


def test_another_day_is_not() -> None:
    assert updated(KNOWN, Span(40, 4.0), NEXT) == Baseline(tokens=40, seconds=4.0, day=NEXT)


def test_about_a_thousand_tokens_are_remembered() -> None:
    known = updated(Baseline(tokens=1000, seconds=50, day=DAY), Span(524, 52.4), DAY)
    assert known is not None
    assert known.tokens == pytest.approx(1024)
    assert known.seconds == pytest.approx(25 + 52.4)
    much = updated(KNOWN, Span(5000, 500), DAY)
    assert much == Baseline(tokens=5000, seconds=500, day=DAY)


def test_it_belongs_to_a_target_a_device_and_a_release() -> None:
    key = baseline_key(PAIR, ENGINE)
    assert baseline_key(replace(PAIR, drafter=None), ENGINE) == key
    assert baseline_key(PAIR, EngineRecord()) != key
    others = [
        baseline_key(replace(PAIR, target="Other"), ENGINE),
        baseline_key(replace(PAIR, quantization="4-bit"), ENGINE),
        baseline_key(PAIR, EngineRecord(versions=ENGINE.versions, device={"name": "B"})),
        baseline_key(PAIR, EngineRecord(versions={"mlx": "9"}, device=ENGINE.device)),
    ]
    assert len({key, *others}) == 5
