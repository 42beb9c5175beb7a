"""Replayed acceptance: the rate that was asked for, at every K, over any pair."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from mtp_mlx import api
from mtp_mlx.api import Mtp, Sampling, Stats, Verify
from mtp_mlx.bench.runs import Replay
from mtp_mlx.engine import Control, Engine, Instruments
from mtp_mlx.events import Finished, Round
from tests.support.replies import GREEDY, SHARP, tiny_pair
from tests.support.shapes import SHORT_12B, SHORT_E2B

PROMPT = [5, 17, 300, 42]
RECORDING = [(37 * i) % 384 for i in range(1, 400)]
LENGTH = 160


def replayed(
    engine: Engine,
    acceptance: float,
    mtp: Mtp,
    sampling: Sampling = GREEDY,
    verify: Verify = "coupled",
    *,
    length: int = LENGTH,
) -> tuple[list[int], Stats]:
    wrap = partial(Replay, recording=RECORDING, acceptance=acceptance, prompt_length=len(PROMPT))
    request = api.Generate(
        prompt=(api.TokenIds(tuple(PROMPT)),),
        sampling=sampling,
        mtp=mtp,
        verify=verify,
        max_tokens=length,
        ignore_eos=True,
    )
    tokens: list[int] = []
    for event in engine.generate(request, Control(mtp=mtp), Instruments(wrap=wrap)):
        if isinstance(event, Round):
            tokens += [token.id for token in event.tokens]
        elif isinstance(event, Finished):
            stats = event.stats
    return tokens, stats


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tiny_pair(tmp_path_factory.mktemp("pair"), SHORT_E2B))


@pytest.mark.parametrize("acceptance", [0.0, 0.6, 1.0])
def test_acceptance_is_what_was_asked_for(engine: Engine, acceptance: float) -> None:
    tokens, stats = replayed(engine, acceptance, 3)
    assert tokens == RECORDING[:LENGTH]
    first = stats.conditional_acceptance[0]
    assert first == pytest.approx(acceptance, abs=0.15 if 0 < acceptance < 1 else 0)


@pytest.mark.parametrize("mtp", ["off", 1, 8, "auto"])
def test_every_mode_writes_the_recording(engine: Engine, mtp: Mtp) -> None:
    assert replayed(engine, 0.7, mtp, length=50)[0] == RECORDING[:50]


@pytest.mark.parametrize("verify", ["coupled", "block", "token"])
def test_every_rule_can_be_replayed(tmp_path: Path, verify: Verify) -> None:
    found = Engine(tiny_pair(tmp_path, SHORT_12B))
    tokens, stats = replayed(found, 0.8, 3, SHARP, verify)
    assert tokens == RECORDING[:LENGTH]
    assert stats.conditional_acceptance[0] == pytest.approx(0.8, abs=0.15)


def test_the_misses_are_the_same_at_every_depth(engine: Engine) -> None:
    """So K 1 and K 8 are compared on the same text."""
    one, eight = (replayed(engine, 0.5, k, length=50)[1] for k in (1, 8))
    assert one.draft_n_accepted < eight.draft_n_accepted
    wrap = Replay(None, RECORDING, 0.5, 4)  # type: ignore[arg-type]
    again = Replay(None, RECORDING, 0.5, 4)  # type: ignore[arg-type]
    assert wrap._right == again._right  # noqa: SLF001  (two runs may meet none of the tokens that differ)
