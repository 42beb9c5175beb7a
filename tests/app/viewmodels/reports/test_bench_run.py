"""A benchmark under way, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_struct

from app.viewmodels.reports.bench_run import (
    MOST_SHOWN,
    BenchState,
    Choice,
    contexts_text,
    contexts_within,
    group_cells,
    headings,
    overall,
    progress_text,
    run_text,
)
from mtp_mlx.report.derived import groups
from mtp_mlx.wire import BenchProgress, BenchRun
from tests.app.helpers import PAIR
from tests.report.samples import RUNS, a_run

BEGUN = BenchState(name="r.json")
MEASURING = BenchProgress(
    id="b",
    phase="measuring",
    done=4,
    total=24,
    mode="auto",
    category="code",
    prompt_id="code-1",
    repeat=0,
    elapsed_s=10.0,
    left_s=150.0,
)


def test_the_choice_as_a_request() -> None:
    choice = Choice(suite="full", modes=("off", 3), repeats=5, max_tokens=64, include_text=True)
    asked = choice.request(PAIR, "/r.json")
    assert (asked.suite, asked.modes, asked.out) == ("full", ("off", 3), "/r.json")
    assert (asked.repeats, asked.max_tokens, asked.temperature) == (5, 64, 0.0)
    assert asked.include_text
    own = replace(choice, own_sampling=True, include_text=False).request(PAIR, "/r.json")
    assert own.temperature == PAIR.recommended.temperature == 1.0
    assert not own.include_text


@pytest.mark.parametrize(
    ("context_length", "max_tokens", "offered"),
    [
        (0, 128, ["None"]),
        (2175, 128, ["None"]),
        (2176, 128, ["None", "0 · 1\N{THIN SPACE}024 tokens"]),
        (131_072, 128, ["None", "0 · 1\N{THIN SPACE}024 tokens", "0 · 4\N{THIN SPACE}096 tokens",
                        "0 · 4\N{THIN SPACE}096 · 16\N{THIN SPACE}384 tokens",
                        "0 · 16\N{THIN SPACE}384 · 65\N{THIN SPACE}536 tokens"]),
        (131_072, 131_072, ["None"]),
    ],
)  # fmt: skip
def test_contexts_are_offered_that_the_model_holds(
    context_length: int, max_tokens: int, offered: list[str]
) -> None:
    within = contexts_within(context_length, max_tokens)
    assert list(map(contexts_text, within)) == offered
    asked = Choice(context_tokens=within[-1]).request(PAIR, "/r.json")
    assert asked.context_tokens == within[-1]


def test_a_context_is_told_with_the_run() -> None:
    now = replace_struct(MEASURING, context_tokens=4096)
    assert "code-1, Auto · after 4\N{THIN SPACE}096 tokens of context" in progress_text(
        replace(BEGUN, progress=now, total=24)
    )
    assert "after" not in progress_text(replace(BEGUN, progress=MEASURING, total=24))
    deep = a_run("off", 10.0, context_tokens=4096)
    assert run_text(deep) == "code-1, Off · after 4\N{THIN SPACE}096 tokens of context · 10.0 tok/s"
    assert "after" not in run_text(a_run("off", 10.0, context_tokens=0))


@pytest.mark.parametrize(
    ("modes", "compares"),
    [(("off", "auto"), True), (("off",), False), (("auto", 3), False), (("off", 1), True)],
)
def test_a_speed_up_needs_two(modes: tuple[object, ...], *, compares: bool) -> None:
    assert Choice(modes=modes).compares is compares  # type: ignore[arg-type]


def test_nothing_is_told_before_it_is_known() -> None:
    assert progress_text(BEGUN) == "Starting…"
    assert BEGUN.share is None
    hashing = BEGUN.progressed(
        BenchProgress(id="b", phase="hashing", done=0, total=0, elapsed_s=0.0)
    )
    assert progress_text(hashing) == "Reading the model's files"
    assert hashing.share is None


def test_where_it_is_and_what_is_left() -> None:
    state = BEGUN.progressed(MEASURING)
    assert progress_text(state) == (
        "Measuring · 4 of 24 runs · code-1, Auto · about 2 min left"  # of 2.5, half to even
    )
    assert state.share == pytest.approx(1 / 6)
    assert progress_text(replace(state, stopping=True)).startswith("Stopping")


def test_only_the_last_runs_are_kept_and_all_are_counted() -> None:
    state = BEGUN
    for i, run in enumerate(RUNS, 1):
        summary = groups(RUNS[:i])
        state = state.ran(BenchRun(id="b", done=i, total=18, run=run, summary=summary))
    assert state.runs == tuple(RUNS[-MOST_SHOWN:])
    assert (state.done, state.total) == (18, 18)
    assert [group.mode for group in overall(state)] == ["off", "auto", 3]
    heads = ("MTP", "Runs", "tok/s", "Speed-up", "Against plain", "Drafted in", "Accepted")
    assert headings() == heads
    unsure = "no clear difference in this run"
    assert [group_cells(group) for group in overall(state)] == [
        ("Off", "6", "30.8", "–", "–", "–", "–"),  # noqa: RUF001
        ("Auto", "6", "44.8", "1.47×", unsure, "drafted in 12 of 12 rounds", "67 %"),  # noqa: RUF001
        ("K 3", "6", "37.7", "1.24×", unsure, "drafted in 12 of 12 rounds", "67 %"),  # noqa: RUF001
    ]


def test_a_run_in_one_line() -> None:
    assert run_text(a_run("auto", 60.0)) == "code-1, Auto · 60.0 tok/s · 67 % accepted"
    assert run_text(a_run("off", 30.0)) == "code-1, Off · 30.0 tok/s"
    assert run_text(a_run(3, None, rounds=[], prompt_id=None)) == "code, K 3 · not measured"
