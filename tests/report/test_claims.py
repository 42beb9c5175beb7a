"""A speed-up is claimed only where the runs bear it out, and in every place in the same words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.render.report_page import Look, page_html, page_parts
from app.viewmodels.reports.bench_run import group_cells
from mtp_mlx.report.answer import message
from mtp_mlx.report.card import card
from mtp_mlx.report.claims import (
    LEAST_NOISE,
    MOST_NOISE,
    Drafting,
    Evidence,
    Outcome,
    claim,
    claim_of,
)
from mtp_mlx.report.derived import groups, headline
from mtp_mlx.report.html import html
from mtp_mlx.report.model import Mode, Report, Run
from mtp_mlx.report.svg import DARK
from mtp_mlx.report.terminal import table
from mtp_mlx.report.writer import markdown
from tests.app.test_theme_tokens import tokens
from tests.report.samples import a_report, a_round, a_run, parsed

RATIOS = st.floats(0.05, 20)


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    ratio = draw(RATIOS | st.none())
    ends = sorted(draw(st.tuples(RATIOS, RATIOS)))
    has_interval = draw(st.booleans()) and ratio is not None
    rounds = draw(st.integers(1, 400))
    drafting = Drafting(
        draft_rounds=draw(st.integers(0, rounds)),
        rounds=rounds,
        tokens_per_round=draw(st.floats(1, 9)),
    )
    return Evidence(
        ratio=ratio,
        low=min(ends[0], ratio) if has_interval and ratio else None,
        high=max(ends[1], ratio) if has_interval and ratio else None,
        most=draw(st.none() | st.floats(1, 9)),
        noise=draw(st.none() | st.floats(0, 3)),
        mode=draw(st.sampled_from(["auto", 1, 8])),
        drafting=draw(st.none() | st.just(drafting)),
    )


@given(evidence())
def test_a_claim_is_sure_only_where_its_interval_excludes_one(known: Evidence) -> None:
    said = claim(known)
    if said.is_sure:
        assert known.low is not None
        assert known.high is not None
        assert known.low > 1 or known.high < 1
        assert said.outcome == ("faster" if known.low > 1 else "slower")
        assert said.verdict == said.outcome
    else:
        assert said.tone == "plain"
        assert said.verdict not in {"faster", "slower"}


@given(evidence())
def test_no_number_is_shown_that_drafts_do_not_explain(known: Evidence) -> None:
    said = claim(known)
    if known.ratio is None:
        assert said.outcome == "unmeasured"
    elif known.most is not None and known.ratio > known.most * (1 + MOST_NOISE):
        assert (said.outcome, said.ratio, said.low, said.high) == ("busy", None, None, None)
    elif known.most is None or known.ratio <= known.most * (1 + LEAST_NOISE):
        assert said.outcome != "busy"
        assert said.ratio == known.ratio


@given(evidence())
def test_a_parked_auto_is_neither_faster_nor_slower(known: Evidence) -> None:
    said = claim(known)
    parked = known.drafting is not None and known.drafting.is_parked and known.mode == "auto"
    if parked:
        assert said.outcome in {"parked", "busy", "unmeasured"}
    else:
        assert said.outcome != "parked"


@given(evidence())
def test_rounds_that_drafted_stand_beside_every_claim(known: Evidence) -> None:
    assert claim(known).drafted == ("" if known.drafting is None else known.drafting.words)


@given(
    st.lists(
        st.tuples(st.floats(1, 9), st.floats(0.1, 1)).map(
            lambda pair: (pair[0], pair[1] * pair[0])
        ),
        min_size=1,
        max_size=12,
    )
)
def test_runs_whose_drafts_explain_them_are_never_called_busy(
    pairs: list[tuple[float, float]],
) -> None:
    """A median of ratios is no greater than the median of bounds, however runs differ."""
    runs: list[Run] = []
    for repeat, (mean, ratio) in enumerate(pairs):
        rounds = [a_round(8, 0, tokens=t) for t in split(mean)]
        runs += [
            a_run("off", 10.0, repeat=repeat),
            a_run(8, 10.0 * ratio, repeat=repeat, rounds=rounds),
        ]
    (group,) = (one for one in groups(runs) if one.mode == 8)
    assert claim_of(group).outcome != "busy"


def split(mean: float) -> list[int]:
    """Return the tokens of a hundred rounds with a mean just above `mean`."""
    low, share = int(mean), mean - int(mean)
    more = int(share * 100) + 1
    return [low + 1] * more + [low] * (100 - more)


@pytest.mark.parametrize("repeats", [2, 3, 5, 12])
def test_equal_speeds_are_seldom_called_different(repeats: int) -> None:
    """About one in twenty of 300 benchmarks without a difference may claim one, and no more."""
    chance = random.Random(repeats)
    sure = 0
    for _ in range(300):
        runs = [
            a_run(mode, 50 * chance.lognormvariate(0, 0.05), repeat=repeat)
            for repeat in range(repeats)
            for mode in MODES
        ]
        sure += claim_of(groups(runs)[1]).is_sure
    assert sure <= 27  # 5 % and three standard deviations


MODES: tuple[Mode, Mode] = ("off", 3)
PLAIN_ROUND = a_round(0, 0, 30.0)
PARKED = [*[a_round(3, 1)] * 8, *[a_round(0, 0, state="parked")] * 115]
EVEN = (0.95, 1.06, 0.99, 1.04, 0.97, 1.02)


def report_of(mode: Mode, *ratios: float, rounds: list[object] | None = None) -> Report:
    made: list[Run] = []
    for repeat, ratio in enumerate(ratios):
        made += [
            a_run("off", 40.0, repeat=repeat),
            a_run(mode, 40.0 * ratio, repeat=repeat, rounds=rounds),  # type: ignore[arg-type]
        ]
    return a_report(made)


CASES: dict[str, tuple[Report, Outcome, str, str]] = {
    "faster": (report_of(3, 1.5, 1.51, 1.49), "faster", "1.50×", "faster"),  # noqa: RUF001
    "slower": (report_of(3, 0.5, 0.51, 0.49), "slower", "0.50×", "slower"),  # noqa: RUF001
    "even": (report_of(3, *EVEN), "even", "1.00×", "no clear difference in this run"),  # noqa: RUF001
    "one run each": (
        report_of("auto", 1.5),
        "faster",
        "1.50×",  # noqa: RUF001
        "faster in one run each, which has no interval",
    ),
    "parked": (
        report_of("auto", 1.05, 1.05, 1.051, rounds=[*PARKED]),
        "parked",
        "1.05×",  # noqa: RUF001
        "auto parked: the difference comes from the machine",
    ),
    "busy": (
        report_of("auto", 1.4, 1.41, 1.39, rounds=[*PARKED]),
        "busy",
        "1.40×",  # noqa: RUF001
        "the machine was busy: measure again",
    ),
}
PLACES: dict[str, Callable[[Report], str]] = {
    "Markdown": lambda report: plain_text(markdown(report)),
    "HTML": html,
    "terminal": table,
    "card": lambda report: " ".join(parsed(card(report)).itertext()),
    "window": lambda report: page_html(
        page_parts(report, None), (), Look(tokens=tokens("light"), width=900)
    ),
    "message": message,
    "benchmark": lambda report: " ".join(group_cells(report.summary[1])),
}
SENTENCES = {
    "faster": "wrote {} times as fast as plain decoding (95 %: 1.4",
    "slower": "was slower: it wrote at {} times the speed of plain decoding (95 %: 0.4",
    "even": "shows no clear difference between MTP with K 3 and plain decoding: {} times its speed",
    "one run each": "wrote {} times as fast as plain decoding in one run each, which has no",
    "parked": "parked, because drafting did not pay here: it wrote at {} times the speed of plain",
    "busy": "The machine was busy, so this run gives no speed-up of MTP auto: measure again",
}


def plain_text(text: str) -> str:
    return text.replace("*", "").replace("\\", "")


def flat(text: str) -> str:
    return " ".join(unescape(text).split())


@pytest.mark.parametrize("place", [place for place in PLACES if place != "benchmark"])
@pytest.mark.parametrize("case", CASES)
def test_every_place_says_the_same(case: str, place: str) -> None:
    report, outcome, ratio, _ = CASES[case]
    group = headline(report)
    assert group is not None
    assert claim_of(group).outcome == outcome
    shown = flat(PLACES[place](report))
    number = ratio.rstrip("×")  # noqa: RUF001
    assert SENTENCES[case].format(number) in shown
    assert f"{group.draft_rounds} of {group.rounds}" in shown
    assert (case != "parked") == ("So the difference comes from the machine." not in shown)
    if outcome == "busy":
        assert number not in shown


@pytest.mark.parametrize("case", CASES)
def test_a_running_benchmark_says_the_same(case: str) -> None:
    report, outcome, ratio, verdict = CASES[case]
    shown = PLACES["benchmark"](report)
    assert verdict.lower() in shown.lower()
    assert (ratio in shown) == (outcome != "busy")


@pytest.mark.parametrize("case", CASES)
def test_only_a_sure_ratio_is_large_or_in_colour(case: str) -> None:
    report, _, ratio, _ = CASES[case]
    sure = case in {"faster", "slower"}
    colour = {"faster": DARK.series[1], "slower": DARK.warning}.get(case, DARK.ink)
    large = max(parsed(card(report)).iter(), key=lambda one: float(one.get("font-size", "0")[:3]))
    assert ((large.text or "") == ratio) == sure
    assert large.get("fill") == colour
    shown = PLACES["window"](report)
    tone = {"faster": "faster", "slower": "warning"}.get(case, "plain")
    assert re.findall(r'<span class="(\w+)" style="font-size: x+-large', shown) == [tone]
    assert (f">{ratio}</span>" in shown) == sure
    assert re.findall(r'<section class="verdict (\w+)"', html(report)) == [tone]
    assert (f'<p class="large">{ratio}</p>' in html(report)) == sure


def test_a_busy_machine_is_told_once_with_its_evidence() -> None:
    report, *_ = CASES["busy"]
    for place in ("Markdown", "HTML", "terminal", "window", "message"):
        shown = flat(PLACES[place](report))
        assert shown.count("The machine was busy: MTP auto ran at") == 1, place
        assert "56.0 tokens/s against 40.0 of plain decoding" in shown
        assert "1.07 tokens each" in shown
