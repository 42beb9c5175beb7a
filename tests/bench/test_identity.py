"""Identity on a real tiny pair whose modes are made to differ: the place, the ids, the margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import mlx.core as mx
import msgspec
import pytest

from mtp_mlx import api
from mtp_mlx.api import Sampling
from mtp_mlx.bench.identity import Parting, bound, margin
from mtp_mlx.bench.plan import Plan, turns
from mtp_mlx.bench.prompts import Prompt, Suite
from mtp_mlx.bench.report import Subject
from mtp_mlx.bench.session import Circumstances, Session
from mtp_mlx.engine import Control, Engine, Instruments
from mtp_mlx.events import ReplyEvent, Round
from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Chunk
from mtp_mlx.reply import BARE
from mtp_mlx.report.model import Comparison, Environment, Report
from mtp_mlx.report.terminal import table
from tests.bench.simulated import made
from tests.support.pairs import both
from tests.support.replies import AT_ONE, GREEDY, tiny_pair
from tests.support.shapes import SHORT_12B

IDS = [5, 17, 300, 42, 9]
PROMPT = Prompt(id="forced", category="code", ids=IDS)
PLAN = Plan(modes=("off", 2), repeats=1, max_tokens=8, sampling=GREEDY)
PLACE = 4  # of the reply's token that is made to differ


class Forced(Engine):
    """Writes another token at one place where it drafts, as a mistake or a tie would."""

    def __init__(self, pair: LoadedPair, other: int) -> None:
        super().__init__(pair)
        self.other = other

    def generate(
        self, request: api.Generate, control: Control, instruments: Instruments = BARE
    ) -> Iterator[ReplyEvent]:
        at = 0
        for event in super().generate(request, control, instruments):
            if isinstance(event, Round) and request.mtp != "off":
                tokens = [
                    msgspec.structs.replace(token, id=self.other) if at + i == PLACE else token
                    for i, token in enumerate(event.tokens)
                ]
                at += len(tokens)
                yield msgspec.structs.replace(event, tokens=tokens)
            else:
                yield event


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> LoadedPair:
    return tiny_pair(tmp_path_factory.mktemp("pair"), SHORT_12B)


def session(engine: Engine, plan: Plan = PLAN) -> Session:
    suite = Suite(name="one", prompts=[PROMPT])
    subject = Subject(
        pair=engine.pair,
        environment=Environment(),
        suite=suite,
        planned=len(turns(plan, suite.prompts)),
    )
    return Session(engine, subject, plan, Circumstances())


def measured(engine: Engine, plan: Plan = PLAN) -> Report:
    report = made(session(engine, plan))
    assert report is not None
    return report


def only(report: Report) -> Comparison:
    assert report.identity is not None
    (one,) = report.identity.comparisons
    return one


def plain(pair: LoadedPair, sampling: Sampling = GREEDY) -> list[int]:
    request = api.Generate(
        prompt=(api.TokenIds(tuple(IDS)),),
        sampling=sampling,
        mtp="off",
        max_tokens=8,
        ignore_eos=True,
    )
    events = Engine(pair).generate(request, Control(mtp="off"))
    return [t.id for e in events if isinstance(e, Round) for t in e.tokens]


def logits(pair: LoadedPair, tokens: list[int]) -> mx.array:
    """Return the scores of the token after `tokens`, read one by one: not the way under test."""
    state = pair.target.new_state()
    for token in tokens:
        hidden = pair.target.forward([Chunk(state, mx.array([token]))])
    return pair.target.logits(hidden).values[0]


def number(array: mx.array) -> float:
    return float(array.item())  # type: ignore[arg-type]


def test_a_mistake_is_told_with_its_margin(pair: LoadedPair) -> None:
    text = plain(pair)
    scores = logits(pair, [*IDS, *text[:PLACE]])
    worst = int(mx.argmin(scores).item())  # type: ignore[arg-type]
    report = measured(Forced(pair, worst))
    one = only(report)
    assert (one.identical, one.parts_at, one.repeat) == (False, PLACE, 0)
    assert (one.plain_token, one.mode_token) == (text[PLACE], worst)
    apart = number(scores[text[PLACE]]) - number(scores[worst])
    assert one.margin == pytest.approx(apart, rel=1e-3)
    assert one.rounding_tie is False
    rows = [line.split() for line in table(report).splitlines() if " forced " in line]
    assert rows[0][:5] == [one.category, "forced", "K", "2", str(PLACE)]
    assert "more than rounding explains" in " ".join(rows[-1])
    assert one.plain_text is msgspec.UNSET


def test_a_tie_is_told_as_one(pair: LoadedPair) -> None:
    """Two tokens with one embedding have the same score; either may be written."""
    chosen = plain(pair)[PLACE]
    twin = 383
    embedding = both(pair).target.network.model.embed_tokens
    weight = embedding.weight
    try:
        embedding.weight = mx.where(
            mx.arange(weight.shape[0])[:, None] == twin, weight[chosen], weight
        )
        report = measured(Forced(pair, twin))
    finally:
        embedding.weight = weight
    one = only(report)
    assert (one.plain_token, one.mode_token) == (chosen, twin)
    assert one.margin == pytest.approx(0, abs=1e-5)
    assert one.rounding_tie is True
    assert one.margin_bound is not None
    assert one.margin_bound < 1e-3
    assert "a rounding tie" in table(report)


def test_what_is_equal_is_not_looked_into(pair: LoadedPair) -> None:
    one = only(measured(Engine(pair)))
    assert (one.identical, one.parts_at, one.margin, one.plain_token) == (True, None, None, None)


def test_a_difference_is_found_also_across_sessions(pair: LoadedPair) -> None:
    """Plain decoding was measured in an earlier one: its text is written again to look at."""
    other = (plain(pair)[PLACE] + 1) % 384
    whole = measured(Forced(pair, other))
    first = msgspec.structs.replace(whole, runs=whole.runs[:1], identity=None)
    resumed = made(session(Forced(pair, other)), first)
    assert resumed is not None
    assert only(resumed) == only(whole)
    assert only(resumed).margin is not None


def test_a_text_that_comes_out_otherwise_is_not_believed(pair: LoadedPair) -> None:
    other = (plain(pair)[PLACE] + 1) % 384
    whole = measured(Forced(pair, other))
    changed = msgspec.structs.replace(whole.runs[0], tokens_sha256="0" * 64)
    first = msgspec.structs.replace(whole, runs=(changed,), identity=None)
    resumed = made(session(Forced(pair, other)), first)
    assert resumed is not None
    one = only(resumed)
    assert (one.identical, one.parts_at, one.margin) == (False, None, None)


def test_above_temperature_0_noise_is_part_of_the_margin(pair: LoadedPair) -> None:
    """What was chosen with its noise is ahead of all others; without it, it need not be."""
    text = plain(pair, AT_ONE)
    behind = 0
    for place in range(1, 8):
        scores = logits(pair, [*IDS, *text[:place]])
        best = int(mx.argmax(scores).item())  # type: ignore[arg-type]
        behind += best != text[place]
        other = best if best != text[place] else (best + 1) % 384
        parting = Parting(prompt=IDS, common=text[:place], candidates=(text[place], other))
        ahead = margin(pair, parting, AT_ONE, seed=0)
        assert ahead.between is not None
        assert ahead.between > 0
        bare = abs(number(scores[text[place]]) - number(scores[other]))
        assert ahead.between != pytest.approx(bare, rel=1e-3)
    assert behind > 0


def test_a_candidate_that_was_cut_has_no_margin(pair: LoadedPair) -> None:
    best = plain(pair)[1]
    parting = Parting(prompt=IDS, common=plain(pair)[:1], candidates=(best, (best + 1) % 384))
    found = margin(pair, parting, replace(AT_ONE, top_k=1), seed=0)
    assert (found.between, found.rounding_tie) == (None, None)


def test_the_bound_is_that_of_the_dtype() -> None:
    assert bound(mx.float32, 20.0) == pytest.approx(256 * 20 * 2**-24)
    assert bound(mx.float32, 20.0) < bound(mx.float16, 20.0) < bound(mx.bfloat16, 20.0) < 0.5
    assert bound(mx.bfloat16, 0.0) == bound(mx.bfloat16, -1.0)
