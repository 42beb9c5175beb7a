"""A plain speed holds only near in time, context and load; elsewhere there is none."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from app.domain.conversation import EngineRecord
from app.domain.numbers import Plain, Span
from app.domain.speeds import (
    NEAR_S,
    NEAR_TOKENS,
    Moment,
    Stretch,
    baseline_key,
    plain_at,
    remembered,
)
from tests.app.helpers import PAIR
from tests.app.records import ENGINE

DAY = "2026-11-24"
NOW = Moment(at=10_000.0, context=400, load=1.0, cores=8)


def at(**changes: object) -> Moment:
    return msgspec.structs.replace(NOW, **changes)


def stretch(tps: float = 20.0, **changes: object) -> Stretch:
    return Stretch(tokens=100, seconds=100 / tps, moment=at(**changes), day=DAY)


def test_what_was_measured_near_is_the_plain_speed() -> None:
    assert plain_at([stretch()], NOW) == Plain(tps=20.0, day=DAY, noise=None)


@pytest.mark.parametrize(
    ("far", "near"),
    [
        ({"at": NOW.at - NEAR_S - 1}, {"at": NOW.at - NEAR_S + 1}),
        ({"at": NOW.at + NEAR_S + 1}, {"at": NOW.at + NEAR_S - 1}),
        ({"context": 400 + NEAR_TOKENS + 1}, {"context": 400 + NEAR_TOKENS}),
        ({"load": 3.5}, {"load": 2.9}),
    ],
)
def test_what_is_far_is_none(far: dict[str, object], near: dict[str, object]) -> None:
    assert plain_at([stretch(**far)], NOW) is None  # type: ignore[arg-type]
    assert plain_at([stretch(**near)], NOW) is not None  # type: ignore[arg-type]


def test_of_a_long_context_a_quarter_is_near() -> None:
    assert plain_at([stretch(context=8_000)], at(context=10_000)) is not None
    assert plain_at([stretch(context=7_000)], at(context=10_000)) is None


def test_a_load_that_nobody_measured_is_near_any() -> None:
    assert plain_at([stretch(load=None)], NOW) is not None
    assert plain_at([stretch(load=9.0)], at(load=None)) is not None
    assert plain_at([stretch(load=5.0, cores=32)], at(cores=32)) is not None


def test_stretches_are_summed_and_their_spread_is_the_noise() -> None:
    plain = plain_at([stretch(10.0), stretch(30.0), stretch(99.0, context=9_000)], NOW)
    assert plain is not None
    assert plain.tps == pytest.approx(200 / (10 + 100 / 30))
    assert plain.noise == pytest.approx(10 / plain.tps)


def test_too_little_is_not_remembered() -> None:
    assert remembered((), Span(31, 2.0), NOW, DAY) == ()
    (one,) = remembered((), Span(40, 2.0), NOW, DAY)
    assert (one.tps, one.moment, one.day) == (20.0, NOW, DAY)


def test_what_is_old_is_forgotten() -> None:
    old, new = stretch(at=NOW.at - NEAR_S - 1), stretch()
    assert remembered((old, new), Span(), NOW, DAY) == (new,)
    many = tuple(stretch() for _ in range(100))
    assert len(remembered(many, Span(40, 2.0), NOW, DAY)) == 64


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
