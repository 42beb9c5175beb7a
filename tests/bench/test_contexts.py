"""The text before the prompts: so many tokens exactly, real, the same each time, and read anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mtp_mlx.api import DEMO_PAIR, Bench, Generate, Load, Sampling
from mtp_mlx.bench.contexts import Contexts, notes
from mtp_mlx.bench.plan import Plan, turns
from mtp_mlx.bench.prompts import Prompt, load_suite, tokens_sha256
from mtp_mlx.bench.report import run as reported
from mtp_mlx.bench.runs import Run, runs
from mtp_mlx.bench.session import benchmark
from mtp_mlx.engine import Engine
from mtp_mlx.events import BenchFinished
from mtp_mlx.text.codec import Cancelled, ReadingCancelledError, never
from tests.support.random_pairs import random_tiny_pair

PROMPT = load_suite("quick").prompts[0]


@pytest.fixture(scope="module")
def demo() -> Iterator[Engine]:
    engine = Engine.load(Load(target=DEMO_PAIR))
    yield engine
    engine.close()


def test_a_prompt_stands_behind_so_many_tokens_within_its_turn(demo: Engine) -> None:
    contexts = Contexts(demo)
    alone = contexts.prompt_ids(PROMPT)
    codec = demo.codec
    assert codec is not None
    for length in (1, 7, 100, 1000):
        ids = contexts.behind(PROMPT, length).ids
        assert len(ids) == len(alone) + length
        head = next(i for i, (a, b) in enumerate(zip(alone, ids, strict=False)) if a != b)
        assert (ids[:head], ids[head + length :]) == (alone[:head], alone[head:])
        assert codec.decode(ids[:head]).strip().endswith("user")
    text = codec.decode(ids)
    assert "Notes of several people" in text
    assert f"The notes end here. Now to something else.\n\n{PROMPT.text}" in text


def test_ids_stand_behind_the_token_that_begins_a_text(demo: Engine) -> None:
    codec = demo.codec
    assert codec is not None
    (begin,) = codec.encode("")
    contexts = Contexts(demo)
    for ids, head in (([begin, 70, 71], [begin]), ([70, 71], [])):
        whole = contexts.behind(Prompt(id="a", category="x", ids=ids), 20).ids
        assert list(whole) == [*head, *contexts.tokens(20), 70, 71]


def test_without_a_tokenizer_the_context_is_random_ids() -> None:
    engine = Engine(random_tiny_pair())
    prompt = Prompt(id="a", category="x", ids=[5, 6])
    contexts = Contexts(engine)
    assert list(contexts.behind(prompt, 30).ids) == [*contexts.tokens(30), 5, 6]
    assert len(set(contexts.tokens(30))) > 20
    assert Contexts(engine).tokens(30) == contexts.tokens(30)


def test_the_notes_are_the_same_each_time_and_no_paragraph_comes_twice() -> None:
    assert notes(100_000).startswith(notes(5_000))
    paragraphs = notes(100_000).split("\n\n")[1:]
    bodies = [paragraph.partition(". ")[2] for paragraph in paragraphs if paragraph]
    assert len(set(bodies)) == len(bodies) > 200
    assert notes(1) == notes(1)


def test_every_run_reads_its_context_anew() -> None:
    """Also the second run of the same prompt: prefill tokens/s are those of the whole."""
    plan = Plan(
        modes=("off", 2), repeats=2, max_tokens=4, sampling=Sampling(), context_tokens=(0, 40)
    )
    prompt = Prompt(id="a", category="x", ids=[5, 6])
    made: list[Run] = list(runs(Engine(random_tiny_pair()), plan, [prompt]))
    assert [(run.context_tokens, run.mode, run.repeat) for run in made] == [
        (0, "off", 0), (0, 2, 0), (40, "off", 0), (40, 2, 0),
        (40, 2, 1), (40, "off", 1), (0, 2, 1), (0, "off", 1),
    ]  # fmt: skip
    assert {run.finished.reused_tokens for run in made} == {0}
    for context in (0, 40):
        mine = [run for run in made if run.context_tokens == context]
        assert {run.finished.prompt_tokens for run in mine} == {context + 2}
        assert len({run.tokens for run in mine}) == 1
        assert len({run.prompt_sha256 for run in mine}) == 1
    bare, behind = reported(made[0]), reported(made[2])
    assert (bare.context_tokens, bare.prompt_sha256) == (0, prompt.sha256)
    assert behind.context_tokens == 40
    assert behind.prompt_sha256 not in (None, prompt.sha256, tokens_sha256((*made[2].tokens,)))
    assert [turn.context_tokens for turn in turns(plan, [prompt])] == [0, 0, 40, 40, 40, 40, 0, 0]


def test_cancelled_while_a_context_is_made_nothing_comes_of_it() -> None:
    class Stopped(Engine):
        def prompt_ids(self, request: Generate, cancelled: Cancelled = never) -> tuple[int, ...]:
            del request, cancelled
            raise ReadingCancelledError

    asked = Bench(modes=("off",), repeats=1, max_tokens=4, context_tokens=(40,))
    *_, last = benchmark(Stopped(random_tiny_pair()), asked, never)
    assert isinstance(last, BenchFinished)
    assert (last.reason, last.report) == ("cancelled", None)
