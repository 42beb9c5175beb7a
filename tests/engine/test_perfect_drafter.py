"""With a drafter that is never wrong, every draft is accepted: nothing else sees wrong inputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import ReplyEvent, Round
from tests.engine.conftest import PairOf, PlainTexts
from tests.support.boards import mostly_slow
from tests.support.oracle import Oracle
from tests.support.pairs import both
from tests.support.replies import AT_ONE, EVERYTHING, PROMPT, Reply, reply, with_drafter
from tests.support.shapes import SHORT, SHORT_12B, SHORT_26B, SHORT_E2B, Shape

LENGTH = 60
Miss = Callable[[int], bool]


@pytest.fixture(
    params=mostly_slow(SHORT.values(), (SHORT_E2B, SHORT_12B, SHORT_26B)),
    ids=lambda shape: shape.name,
)
def shape(request: pytest.FixtureRequest) -> Shape:
    found: Shape = request.param
    return found


def never(position: int) -> bool:
    return False


class Bench:
    """Replies of one shape, drafted by an oracle that misses on purpose where it is told to."""

    def __init__(self, shape: Shape, pair_of: PairOf, plain_text: PlainTexts) -> None:
        self._plain_text = plain_text
        self._shape = shape
        self._pair = pair_of(shape)

    def reply(
        self,
        depth: Mtp,
        sampling: Sampling = AT_ONE,
        *,
        miss: Miss = never,
        reads_hidden: bool = False,
        watch: Callable[[ReplyEvent, Control], None] = lambda event, control: None,
    ) -> Reply:
        """A reply that is right, and whose every draft was asked for with the right inputs."""
        plain = self._plain_text(self._shape, sampling=sampling, max_tokens=LENGTH)
        target = both(self._pair).target
        oracle = Oracle([*PROMPT, *plain], target, reads_hidden=reads_hidden, miss=miss)
        engine = Engine(with_drafter(self._pair, oracle))
        found = reply(engine, PROMPT, sampling=sampling, max_tokens=LENGTH, mtp=depth, watch=watch)
        assert oracle.faults == []
        assert found.tokens == plain
        return found


@pytest.fixture
def bench(shape: Shape, pair_of: PairOf, plain_text: PlainTexts) -> Bench:
    return Bench(shape, pair_of, plain_text)


@pytest.mark.parametrize(
    ("depth", "reads_hidden"),
    [(1, False), (3, True), (8, False)],
    ids=["1-views", "3-reads", "8-views"],
)
def test_all_is_accepted(bench: Bench, depth: int, *, reads_hidden: bool) -> None:
    """Whether the drafter views the target's cache only, or reads every row with its state."""
    found = bench.reply(depth, reads_hidden=reads_hidden)
    assert found.finished.stats.acceptance_rate == 1.0


def test_all_is_accepted_under_biases_and_penalties(bench: Bench) -> None:
    """Each of the nine rows of a verify pass counts the drafts before it."""
    found = bench.reply(8, EVERYTHING)
    assert found.finished.stats.acceptance_rate == 1.0


def test_all_is_accepted_again_after_a_forced_miss(bench: Bench) -> None:
    """Misses at every 7th position: the round after one starts from the row that was right."""
    missed = {position for position in range(len(PROMPT) + LENGTH) if position % 7 == 0}
    found = bench.reply(3, miss=missed.__contains__, reads_hidden=True)
    place = len(PROMPT) + 1  # of the first drafted token
    for r in found.rounds:
        until_miss = next((i for i in range(r.depth) if place + i in missed), r.depth)
        assert r.accepted == until_miss, r.index
        place += len(r.tokens)


def test_a_parked_drafter_reads_every_token(bench: Bench) -> None:
    """Plain steps are read like drafted ones, so that drafting can begin at any time."""

    def switch(event: ReplyEvent, control: Control) -> None:
        if isinstance(event, Round) and event.index == 20:
            control.mtp = 3

    found = bench.reply("off", reads_hidden=True, watch=switch)
    assert found.finished.stats.acceptance_rate == 1.0
