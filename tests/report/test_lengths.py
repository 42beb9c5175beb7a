"""Speeds by the length of the prompt, and speed-ups by the context before it."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.report.derived import follows, groups, ratios
from mtp_mlx.report.html import html
from mtp_mlx.report.lengths import EDGES, LengthSpeed, Speed, by_context, speeds_by_length
from mtp_mlx.report.model import Identity, Mode, Run
from mtp_mlx.report.saving import decode
from tests.report.samples import OLD, PARTED, REPORT, RUNS, SAME, a_report, a_run

SPEEDS: dict[int, dict[Mode, float]] = {0: {"off": 40.0, 3: 80.0}, 4096: {"off": 10.0, 3: 15.0}}
BEHIND = [
    a_run(
        mode,
        tps,
        category,
        repeat,
        context_tokens=context,
        prompt_tokens=context + 20 + repeat,
        prefill_tps=1000.0 - context / 10 + repeat,
    )
    for repeat in range(2)
    for context, speeds in SPEEDS.items()
    for category in ("code", "chat")
    for mode, tps in speeds.items()
]


def test_each_context_is_a_length_where_several_were_measured() -> None:
    bare, deep = speeds_by_length(BEHIND)
    assert (bare.context_tokens, deep.context_tokens) == (0, 4096)
    assert (deep.prompt_tokens, deep.shortest, deep.longest, deep.runs) == (4116, 4116, 4117, 8)
    assert bare.prefill == Speed(tps=1000.5, low=1000.0, high=1001.0, runs=8)
    assert [(one.mode, one.speed.tps) for one in deep.decode] == [("off", 10.0), (3, 15.0)]


def test_prompts_of_one_context_are_banded_by_their_length() -> None:
    runs = [a_run("off", 10.0 + n, prompt_tokens=n, prefill_tps=float(n)) for n in (127, 128, 511)]
    short, long = speeds_by_length(runs)
    assert (short.context_tokens, short.shortest, short.longest) == (None, 127, 127)
    assert (long.shortest, long.longest, long.runs) == (EDGES[0], EDGES[1] - 1, 2)
    assert long.prefill == Speed(tps=319.5, low=128.0, high=511.0, runs=2)


def test_a_prompt_that_was_reused_in_part_has_no_prefill_speed() -> None:
    runs = [a_run("off", 10.0, prefill_tps=5.0, reused_tokens=n) for n in (0, 7)]
    (both,) = speeds_by_length(runs)
    assert both.prefill == Speed(tps=5.0, low=5.0, high=5.0, runs=1)
    assert both.runs == 2
    (alone,) = speeds_by_length(runs[1:])
    assert alone.prefill is None
    assert alone.decode[0].speed.tps == 10.0


def test_nothing_measured_gives_nothing() -> None:
    assert speeds_by_length([]) == ()
    assert speeds_by_length([a_run("off", 1.0, finish_reason="cancelled")]) == ()
    assert speeds_by_length([a_run("off", 1.0, prompt_tokens=None)]) == ()
    (bare,) = speeds_by_length([a_run("off", None, rounds=[])])
    assert (bare.prefill, bare.decode) == (None, ())
    assert by_context([]) is None
    for old in OLD:
        assert speeds_by_length(decode(old.read_bytes()).runs)


any_run = st.builds(
    lambda mode, tps, tokens, context, ending: a_run(
        mode, tps, prompt_tokens=tokens, context_tokens=context, finish_reason=ending
    ),
    st.sampled_from(["off", "auto", 3]),
    st.none() | st.floats(0, 1e6),
    st.none() | st.integers(0, 2**40),
    st.sampled_from([None, 0, 4096]),
    st.sampled_from(["stop", "length", "failed"]),
)


@given(st.lists(any_run, max_size=12))
def test_every_whole_run_is_of_one_length(runs: list[Run]) -> None:
    lengths: tuple[LengthSpeed, ...] = speeds_by_length(runs)
    assert sum(one.runs for one in lengths) == sum(
        not run.cut and bool(run.prompt_tokens) for run in runs
    )
    assert all(one.shortest <= one.prompt_tokens <= one.longest for one in lengths)


def test_runs_are_paired_behind_one_context_only() -> None:
    mine = [run for run in BEHIND if run.mode == 3]
    assert ratios(mine, BEHIND) == [2.0, 2.0, 1.5, 1.5] * 2
    bare_plain = [run for run in BEHIND if run.mode == 3 or run.context_tokens == 0]
    assert ratios(mine, bare_plain) == [2.0] * 4
    old = [replace(run, context_tokens=None) for run in BEHIND if run.context_tokens == 0]
    assert ratios(mine, old) == [2.0] * 4  # an older program measured behind no context


def test_each_context_has_its_own_speed_up() -> None:
    made = by_context(BEHIND)
    assert made is not None
    found = {(one.context_tokens, one.mode): one for one in made}
    assert {place: one.speedup for place, one in found.items()} == {
        (0, "off"): None, (0, 3): 2.0, (4096, "off"): None, (4096, 3): 1.5,
    }  # fmt: skip
    assert {(one.category, one.contexts, one.runs) for one in made} == {(None, 1, 4)}
    assert by_context(RUNS) is None
    assert by_context([run for run in BEHIND if run.context_tokens]) is None


def test_a_group_says_that_it_mixes_contexts() -> None:
    assert {one.contexts for one in groups(BEHIND)} == {2}
    assert {one.contexts for one in groups(BEHIND[:4])} == {1}
    assert {one.contexts for one in groups(RUNS)} == {None}
    assert {one.context_tokens for one in groups(BEHIND)} == {None}


def test_speed_ups_by_context_that_were_changed_are_found_out() -> None:
    made = by_context(BEHIND)
    assert made is not None
    honest = a_report(BEHIND, by_context=made)
    assert follows(honest)
    boasting = (*made[:-1], replace(made[-1], speedup=9.0))
    assert not follows(replace(honest, by_context=boasting))


def test_every_format_says_which_context_a_row_is_of() -> None:
    parted = replace(PARTED, context_tokens=4096)
    settings = replace(REPORT.settings, context_tokens=(0, 4096), context_sha256="ab" * 32)
    report = a_report(
        BEHIND,
        settings=settings,
        by_context=by_context(BEHIND),
        identity=Identity(measured=True, comparisons=(parted, replace(SAME, context_tokens=0))),
    )
    text = " ".join(unescape(html(report)).split())
    assert "Tokens/s by category mix 2 lengths of context." in text
    assert "1 of 2, by prompt, context and mode" in text
    assert "code-1, after 4 096" in text
    assert "0, 4 096 tokens" in text
    assert "Context SHA-256" in text
    bare = unescape(html(REPORT))
    assert not re.findall(r"category mix|, after [0-9]|[Cc]ontext before", bare)
