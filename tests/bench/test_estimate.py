"""What measuring a pair of random weights would take."""

from __future__ import annotations

import mlx.core as mx
import pytest

from mtp_mlx.bench.estimate import FEWEST, MOST, START_S, Estimate, Rates, estimate, rates_of
from mtp_mlx.families import PAIRS, SHAPE_NAMES, reported_acceptance, shape
from mtp_mlx.families.base import ReportedAcceptance
from tests.support.random_pairs import tiny_shape
from tests.support.shapes import E2B


def of(
    name: str, read: float, *, bits: int = 4, repeats: int = 2, max_tokens: int | None = None
) -> Estimate:
    """An estimate on a machine that reads so many bytes a second."""
    return estimate(
        shape(name), bits=bits, modes=("off", "auto"), repeats=repeats, max_tokens=max_tokens,
        look=lambda _bits, _dtype: Rates(read=read, drawn=10**9),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "gigabytes"), [("12b", 6.70), ("31b", 17.27)])
def test_a_dense_target_is_read_whole_for_a_token(name: str, gigabytes: float) -> None:
    """At 4.5 bits a number these are the text weights that the files have."""
    assert shape(name).blueprint.numbers_read * 4.5 / 8e9 == pytest.approx(gigabytes, abs=0.01)


def test_of_experts_only_the_chosen_ones_are_read() -> None:
    dense, experts = (shape(name).blueprint.numbers_read for name in ("31b", "26b"))
    assert 3.5e9 < experts < 4.1e9 < dense  # "A4B"


def test_time_grows_with_the_bytes_of_a_token_and_with_the_runs() -> None:
    slow = of("31b", 10e9, max_tokens=32)
    assert of("31b", 20e9, max_tokens=32).seconds < slow.seconds
    assert of("31b", 10e9, max_tokens=64).seconds > slow.seconds
    assert of("31b", 10e9, max_tokens=32, bits=8).seconds > slow.seconds
    assert of("31b", 10e9, max_tokens=32, repeats=3).seconds > slow.seconds
    assert of("e2b", 10e9, max_tokens=32).seconds < slow.seconds
    assert slow.fit.need.target > 17e9


def test_a_slow_machine_writes_fewer_tokens_of_a_run() -> None:
    assert of("31b", 10**8).max_tokens == FEWEST
    assert of("e2b", 400e9).max_tokens == MOST
    assert FEWEST < of("12b", 30e9).max_tokens < MOST
    assert of("31b", 10**8, max_tokens=7).max_tokens == 7
    assert of("e2b", 400e9).seconds < 60


@pytest.mark.parametrize("bits", [4, 16])
def test_a_look_at_this_machine(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("_MATRIX_ROWS", 2**9), ("_DRAWN", 2**12)):
        monkeypatch.setattr(f"mtp_mlx.bench.estimate.{name}", size)
    rates = rates_of(bits, mx.float32)
    assert 10**6 < rates.read < 10**13
    assert 10**5 < rates.drawn < 10**13


def test_a_tiny_pair_is_estimated_with_a_real_look(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("_MATRIX_ROWS", 2**9), ("_DRAWN", 2**12)):
        monkeypatch.setattr(f"mtp_mlx.bench.estimate.{name}", size)
    judged = estimate(tiny_shape(E2B), bits=4, modes=("off",), repeats=1, max_tokens=8)
    assert START_S < judged.seconds < START_S + 10


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_every_pair_has_an_acceptance_with_its_source(pair: object) -> None:
    reported = pair.acceptance  # type: ignore[attr-defined]
    assert 0.5 < reported.chance < 0.95
    accepted = sum(reported.chance**i for i in range(1, reported.drafts + 1))
    assert 1 + accepted == pytest.approx(reported.tokens_a_round)
    assert reported.source


def test_a_shape_has_the_acceptance_of_its_pair() -> None:
    found = [reported_acceptance(name) for name in SHAPE_NAMES]
    assert found == [pair.acceptance for pair in PAIRS]
    assert reported_acceptance("26B-A4B") is PAIRS[3].acceptance
    assert reported_acceptance("9b") is None


@pytest.mark.parametrize(("tokens", "chance"), [(4.0, 1.0), (1.0, 0.0), (1.875, 0.5)])
def test_the_chance_of_a_draft(tokens: float, chance: float) -> None:
    reported = ReportedAcceptance(pair="x", drafts=3, tokens_a_round=tokens, source="x")
    assert reported.chance == pytest.approx(chance, abs=1e-3)
