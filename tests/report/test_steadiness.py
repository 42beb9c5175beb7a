"""How steady the machine was: plain steps, and plain decoding from start to end."""

from __future__ import annotations

import pytest

from mtp_mlx.report.model import Run
from mtp_mlx.report.steadiness import drift, unsteadiness
from tests.report.samples import a_round, a_run


def test_how_steady_a_machine_was_is_measured_on_plain_steps() -> None:
    steady, busy = [a_round(0, 0, 30.0)] * 40, [a_round(0, 0, ms) for ms in (30.0, 60.0)]
    assert unsteadiness(steady) == 0
    uneven = unsteadiness([busy[0]] * 20 + [busy[1]] * 20)
    assert uneven is not None
    assert uneven > 0.3
    assert unsteadiness(steady[:7]) is None
    assert unsteadiness([a_round(3, 3)] * 40) is None


def paced(*speeds: float, prompts: int = 1) -> list[Run]:
    """Plain runs of these speeds, one after the other, on each prompt in turn."""
    return [
        a_run("off", tps, f"p{i % prompts}", i // prompts, prompt_id=f"p{i % prompts}")
        for i, tps in enumerate(speeds)
    ]


def test_drift_is_the_last_third_over_the_first() -> None:
    assert drift(paced(10, 10, 9, 9, 8, 8)) == pytest.approx(-0.2)
    assert drift(paced(8, 8, 9, 9, 10, 10)) == pytest.approx(0.25)
    assert drift(paced(10, 10, 10, 10, 10, 10)) == 0


def test_prompts_of_different_speed_are_no_drift() -> None:
    assert drift(paced(*[10, 20, 30, 40, 50] * 2, prompts=5)) == pytest.approx(0)


def test_drift_needs_repeats_and_enough_runs() -> None:
    assert drift(paced(10, 9, 8, 7, 6)) is None
    assert drift(paced(10, 9, 8, 7, 6, 5, prompts=6)) is None
    assert drift([a_run(3, 10.0, repeat=i) for i in range(9)]) is None
    assert drift(paced(10, 10, 10, 8, 8, 8, prompts=3)) == pytest.approx(-0.2)


def test_a_deep_context_at_the_end_is_no_drift() -> None:
    runs = [
        a_run("off", 10.0 if context else 40.0, repeat=repeat, context_tokens=context)
        for repeat, context in enumerate([0, 0, 0, 4096, 4096, 4096])
    ]
    assert drift(runs) == 0
