from __future__ import annotations

import pytest

from app.domain.speeds import Arrival, rate_of, rates, stale_after, within
from tests.app.records import a_round, plain_rounds


def test_a_rate_needs_two_arrivals_and_some_time() -> None:
    assert rate_of([Arrival(1.0, 3)]) is None
    assert rate_of([Arrival(1.0, 3), Arrival(1.0, 3)]) is None
    assert rate_of([Arrival(1.0, 9), Arrival(1.5, 3)]) == pytest.approx(6)


def test_what_is_old_is_forgotten_but_for_a_few() -> None:
    recent = tuple(Arrival(float(i), 1) for i in range(6))
    assert within(recent, 100.0) == recent[2:]
    assert within(recent, 1.0) == recent[1:]


def test_silence_is_measured_in_the_engines_own_gaps() -> None:
    assert stale_after(()) == 1.0
    assert stale_after([Arrival(0.0, 1), Arrival(0.1, 1)]) == 1.0
    assert stale_after([Arrival(0.0, 1), Arrival(2.0, 1)]) == 8.0


def test_the_rate_of_every_round_but_the_first_moments() -> None:
    rounds = [*plain_rounds(40, gap=0.1), a_round(40, 4.1, tokens=3, depth=3)]
    found = list(rates(rounds))
    assert [rate.at for rate in found] == [record.at for record in rounds[3:]]
    assert found[30].tps == pytest.approx(10)
    assert found[-1].tps > 10


def test_a_burst_is_no_rate() -> None:
    assert rate_of([Arrival(1.0, 1), Arrival(1.001, 30)]) is None
    assert rate_of([Arrival(1.0, 1), Arrival(1.25, 5)]) == pytest.approx(20)
