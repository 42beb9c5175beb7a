"""Sequences as the loop leaves them: settled, cancelled, timed."""

from __future__ import annotations

import mlx.core as mx
import pytest

from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.decode.loop import Batch, Emitted, decode
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control, Sequence
from mtp_mlx.decode.watch import Starting, Timing, Watch
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.protocols import Anchor
from tests.decode.test_in_flight import ANCHOR, PROMPT, VOCABULARY, Length, Monotone

SAMPLED = Sampling(presence_penalty=2.0, temperature=1.0)


def begun(mtp: Mtp, verify: Verify = "coupled") -> Sequence:
    rule = rule_of(verify, SAMPLED, 0, PROMPT, VOCABULARY)
    rule.commit([ANCHOR])
    return Sequence(
        state=Length(),  # type: ignore[arg-type]
        draft_state=Length(),  # type: ignore[arg-type]
        rule=rule,
        anchor=Anchor(mx.array([ANCHOR]), mx.zeros((1, 1))),
        tokens_left=40,
        end_tokens=frozenset(),
        control=Control(mtp=mtp),
        depth=DepthControl(None),
    )


def batch(watch: Watch | None = None) -> Batch:
    models = Monotone()
    return Batch(target=models, drafter=models, watch=watch or Starting())  # type: ignore[arg-type]


def tokens(rounds: list[Emitted]) -> int:
    return sum(len(emitted.round.tokens) for emitted in rounds)


@pytest.mark.parametrize("mtp", ["off", 3])
def test_a_consumer_that_leaves_finds_every_token_but_the_last(mtp: Mtp) -> None:
    sequence = begun(mtp)
    rounds = decode(batch(), [sequence])
    seen = [next(rounds) for _ in range(3)]
    assert (sequence.in_flight is not None) == (mtp == "off")
    rounds.close()
    assert sequence.in_flight is None
    assert sequence.state.length == len(PROMPT) + tokens(seen)
    assert sequence.draft_state is not None
    assert sequence.draft_state.length == sequence.state.length


@pytest.mark.parametrize("mtp", ["off", 3])
def test_a_cancel_ends_a_sequence_after_the_next_round(mtp: Mtp) -> None:
    sequence = begun(mtp)
    rounds = decode(batch(), [sequence])
    next(rounds)
    sequence.control.cancelled = True
    (last,) = rounds
    assert last.finish == "cancelled"
    assert sequence.in_flight is None


def test_a_step_in_flight_lands_alone_before_a_draft() -> None:
    sequence, models = begun("off"), batch()
    in_flight, drafted = [], []
    for mtp in ("off", 3, 3):
        sequence.control.mtp = mtp
        (emitted,) = models.round([sequence])
        in_flight.append(sequence.in_flight is not None)
        drafted.append(len(emitted.round.drafted))
    assert in_flight == [True, False, False]
    assert drafted == [0, 0, 3]


@pytest.mark.parametrize("verify", ["block", "token"])
def test_plain_steps_choose_alike_under_every_rule(verify: Verify) -> None:
    sequences = [begun("off"), begun("off", verify)]
    texts = [
        [token for emitted in decode(batch(), [sequence]) for token in emitted.round.tokens]
        for sequence in sequences
    ]
    assert len(texts[0]) == 40
    assert texts[0] == texts[1]


def test_freed_memory_is_given_back_once_in_so_many_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back: list[int] = []
    monkeypatch.setattr("mtp_mlx.decode.loop.TIDY_AFTER", 8)
    monkeypatch.setattr(mx, "clear_cache", lambda: given_back.append(1))
    assert tokens(list(decode(batch(), [begun("off")]))) == 40
    assert len(given_back) == 40 // 8


def test_the_parts_of_a_round_are_timed_within_it() -> None:
    timed = list(decode(batch(Timing()), [begun(3)]))
    drafted = [emitted for emitted in timed if emitted.round.drafted]
    assert drafted
    for emitted in drafted:
        laps = emitted.round.laps
        assert laps is not None
        parts = (laps.draft_build, laps.draft_wait, laps.verify_build, laps.verify_wait)
        assert min(parts) > 0
        assert sum(parts) <= emitted.ms
    assert all(emitted.round.laps is None for emitted in decode(batch(), [begun(3)]))
