"""What is learned of acceptance stays what can be measured, whatever is observed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth.acceptance import PRIOR, Acceptance, ChangeDetector, Confidence
from mtp_mlx.depth.control import AutoDepth, Learned, Observation, PairState

chances = st.floats(0, 1)
rounds = st.integers(0, MAX_DEPTH).flatmap(
    lambda depth: st.builds(
        Observation,
        depth=st.just(depth),
        accepted=st.integers(0, depth),
        ms=st.floats(0.01, 1e6),
        confidence=st.lists(chances, min_size=depth, max_size=depth).map(tuple),
    )
)


@given(st.lists(rounds, max_size=200))
def test_what_is_learned_can_always_be_kept(seen: list[Observation]) -> None:
    """`Learned` refuses what makes no sense; what auto learns must never be refused."""
    auto = AutoDepth(PairState())
    for one in seen:
        auto.observe(one)
        assert isinstance(auto.pair.learned(), Learned)
        assert all(0 < a < 1 for a in auto.acceptance.expected)
        assert 0 <= auto.choose(0).depth <= MAX_DEPTH


def test_a_confident_drafter_that_is_right_keeps_counts_in_bounds() -> None:
    acceptance = Acceptance()
    for i in range(400):
        sure = i % 3 > 0
        acceptance.observe(7 if sure else 0, 7 if sure else 1, (0.99 if sure else 0.2,) * 7)
    assert all(0 <= h <= n for h, n in zip(acceptance.hits, acceptance.counts, strict=True))


def test_estimates_come_near_what_happens() -> None:
    acceptance = Acceptance()
    for i in range(400):
        accepted = (0, 1, 1, 3)[
            i % 4
        ]  # of 3: 3/4 at the first, 1/3 at the second, all at the third
        acceptance.observe(accepted, min(accepted + 1, 3), ())
    assert acceptance.estimates[0] == pytest.approx(3 / 4, abs=0.05)
    assert acceptance.estimates[1] == pytest.approx(1 / 3, abs=0.08)
    assert acceptance.estimates[2] > 0.8


def test_a_position_judged_once_stays_near_the_one_before() -> None:
    """A single outcome weighs as one draft of five, the estimate of the position before as four."""
    for accepted, estimate in ((2, 0.6), (1, 0.4)):
        acceptance = Acceptance()
        for i in range(200):
            acceptance.observe(i % 2, 1, ())
        assert acceptance.estimates[0] == pytest.approx(0.5, abs=0.05)
        acceptance.observe(accepted, 2, ())
        assert acceptance.estimates[1] == pytest.approx(estimate, abs=0.05)


def test_positions_have_acceptances_of_their_own() -> None:
    acceptance = Acceptance()
    for _ in range(100):
        acceptance.observe(2, 3, ())  # the third draft is always wrong
    first, second, third, *_ = acceptance.estimates
    assert min(first, second) > 0.95
    assert third < 0.1


def test_a_long_parking_leaves_what_was_learned_at_the_first_position() -> None:
    """One draft that happens to be right, after 4000 tokens without any, does not outweigh it."""
    acceptance = Acceptance()
    for _ in range(100):
        acceptance.observe(0, 1, ())
    for _ in range(4000):
        acceptance.observe(0, 0, ())
    assert acceptance.estimates[0] < 0.1
    acceptance.observe(1, 1, ())
    assert acceptance.estimates[0] < 0.4


def test_a_position_never_reached_is_like_the_one_before() -> None:
    acceptance = Acceptance()
    assert acceptance.estimates == [PRIOR] * MAX_DEPTH
    for _ in range(100):
        acceptance.observe(1, 1, ())
    assert acceptance.estimates[5] == pytest.approx(acceptance.estimates[0], abs=0.05)


def test_a_sudden_change_is_believed_soon() -> None:
    """After 400 tokens of one kind, twenty of another weigh more; by counting alone they do not."""
    acceptance = Acceptance()
    for _ in range(100):
        acceptance.observe(3, 3, ())
    for _ in range(20):
        acceptance.observe(0, 1, ())
    assert acceptance.estimates[0] < 0.5


def changes(turns: int, length: int = 40) -> int:
    """How many changes are noticed in a text whose drafts are right and wrong in turn."""
    detector = ChangeDetector()
    noticed = 0
    for turn in range(turns):
        for _ in range(length):
            noticed += detector.happened(float(turn % 2), 0.5)
            detector.passed(1)
    return noticed


def test_a_text_that_changes_all_the_time_is_described_by_its_mean() -> None:
    assert changes(1) > 1
    assert changes(20) < 10 * changes(2)


def test_acceptance_is_expected_to_follow_a_confidence_that_predicted_it() -> None:
    acceptance = Acceptance()
    for i in range(200):
        sure = i // 5 % 2 == 0
        acceptance.observe(3 * sure, 3 if sure else 1, (0.95 if sure else 0.3,) * 3)
    assert acceptance.expected[0] < acceptance.estimates[0] - 0.2  # the last round was unsure
    acceptance.observe(3, 3, (0.95,) * 3)
    assert acceptance.expected[0] > acceptance.estimates[0] + 0.1


def test_confidence_wears_off_while_nothing_is_drafted() -> None:
    confidence = Confidence()
    for sure in (0.5, 0.9) * 50:
        confidence.move(1, (sure,))
    surer = confidence.last
    assert surer > 0.5
    confidence.move(1, ())
    assert 0.8 * surer < confidence.last < surer
    for _ in range(50):
        confidence.move(1, ())
    assert confidence.last < 0.05 * surer
