from __future__ import annotations

import pytest

from app.domain.speeds import Course, Recent, rates
from tests.app.records import a_round, plain_rounds


def recent(*arrivals: tuple[float, int]) -> Recent:
    window = Recent()
    for at, tokens in arrivals:
        window = window.plus(at, tokens)
    return window


def test_a_rate_needs_two_arrivals_and_some_time() -> None:
    assert recent((1.0, 3)).tps is None
    assert recent((1.0, 3), (1.0, 3)).tps is None
    assert recent((1.0, 9), (1.5, 3)).tps == pytest.approx(6)


def test_what_is_old_is_forgotten_but_for_a_few() -> None:
    window = recent(*((float(i), i) for i in range(6)))
    assert [arrival.at for arrival in window.arrivals] == [1, 2, 3, 4, 5]
    assert [arrival.at for arrival in window.plus(100.0, 7).arrivals] == [2, 3, 4, 5, 100]
    dense = recent(*((i / 10, i) for i in range(40)))
    assert [arrival.tokens for arrival in dense.arrivals] == list(range(24, 40))
    assert dense.tokens == sum(range(24, 40))
    assert dense.tps == pytest.approx(sum(range(25, 40)) / 1.5)


def test_silence_is_measured_in_the_engines_own_gaps() -> None:
    assert Recent().stale_after == 1.0
    assert recent((0.0, 1), (0.1, 1)).stale_after == 1.0
    assert recent((0.0, 1), (2.0, 1)).stale_after == 8.0


@pytest.mark.parametrize("gap", [0.01, 0.09, 0.4, 2.0])
def test_a_whole_reply_has_the_rates_that_were_shown(gap: float) -> None:
    rounds = plain_rounds(60, gap=gap)
    rounds += [a_round(60 + i, 60 * gap + (i + 1) * 0.03, tokens=1 + i % 3) for i in range(90)]
    course, shown = Course(rounds), Recent()
    for row, record in enumerate(rounds):
        shown = shown.plus(record.at, len(record.tokens))
        assert course.tps(row) == shown.tps
        assert course.stale_after(row) == shown.stale_after


def test_the_rate_of_every_round_but_the_first_moments() -> None:
    rounds = [*plain_rounds(40, gap=0.1), a_round(40, 4.1, tokens=3, depth=3)]
    found = list(rates(rounds))
    assert [rate.at for rate in found] == [record.at for record in rounds[3:]]
    assert found[30].tps == pytest.approx(10)
    assert found[-1].tps > 10


def test_a_burst_is_no_rate() -> None:
    assert recent((1.0, 1), (1.001, 30)).tps is None
    assert recent((1.0, 1), (1.25, 5)).tps == pytest.approx(20)
