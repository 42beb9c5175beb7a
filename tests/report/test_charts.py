"""Charts: well-formed, true to their numbers, and drawn only where there is something to draw."""

from __future__ import annotations

import math
import re
from xml.etree.ElementTree import Element

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.report.charts import charts, timelines
from mtp_mlx.report.model import Mode, Report
from mtp_mlx.report.saving import decode
from mtp_mlx.report.svg import DARK, LIGHT, NAMED, ratio_ticks, ticks
from tests.report.samples import OLD, REPORT, SLOWER, SPOILED, a_report, a_round, a_run, parsed

SVG = "{http://www.w3.org/2000/svg}"
ALL = [REPORT, SLOWER, SPOILED, *(decode(file.read_bytes()) for file in OLD)]


def drawn(report: Report, title: str) -> Element:
    (chart,) = (one for one in charts(report, LIGHT) if one.title.startswith(title))
    return parsed(chart.svg)


def texts(chart: Element) -> list[str]:
    return [one.text or "" for one in chart.iter(f"{SVG}text")]


def bars(chart: Element, colour: str) -> list[dict[str, str]]:
    """Those in the legend stand above all others."""
    return [one.attrib for one in chart.iter(f"{SVG}rect") if one.get("fill") == colour]


@pytest.mark.parametrize("report", ALL)
@pytest.mark.parametrize("palette", [LIGHT, DARK, NAMED])
def test_every_chart_is_well_formed(report: Report, palette: object) -> None:
    found = charts(report, palette)  # type: ignore[arg-type]
    assert found
    for chart in found:
        root = parsed(chart.svg)
        assert root.get("role") == "img"
        assert root.get("aria-label") == chart.title
        assert not re.search(r"nan|inf\b", chart.svg)
        places = [float(one.get(k, 0)) for one in root.iter() for k in ("x", "x1", "x2")]
        assert all(0 <= place <= 640 for place in places)


def test_a_report_has_all_four() -> None:
    titles = [chart.title.split(",")[0] for chart in charts(REPORT, LIGHT)]
    assert titles == [
        "Speed-up by category",
        "Tokens/s over time",
        "Acceptance by position",
        "Cost of a round by K",
    ]


def test_what_was_not_measured_is_not_drawn() -> None:
    assert charts(a_report([a_run("off", None, rounds=[])]), LIGHT) == ()
    plain = charts(a_report([a_run("off", 30.0)]), LIGHT)
    assert [chart.title for chart in plain] == ["Tokens/s over time"]


def test_a_slow_down_is_drawn_as_plainly_as_a_gain() -> None:
    chart = drawn(REPORT, "Speed-up")
    told = texts(chart)
    named = {"2.00× faster", "0.65× slower", "1.47× no difference"}  # noqa: RUF001
    assert {*named, "faster", "slower", "not sure"} <= set(told)
    assert len(bars(chart, LIGHT.warning)) == 1 + 2
    assert len(bars(chart, LIGHT.series[1])) == 1 + 2
    assert len(bars(chart, LIGHT.series[0])) == 1 + 2


def test_half_and_twice_are_bars_of_one_length() -> None:
    half_and_twice = [
        replace(
            REPORT.summary[1],
            category=name,
            speedup=ratio,
            speedup_low=0.9 * ratio,
            speedup_high=1.1 * ratio,
        )
        for name, ratio in (("a", 0.5), ("b", 2.0))
    ]
    chart = drawn(replace(REPORT, summary=tuple(half_and_twice)), "Speed-up")
    (slow, fast) = bars(chart, LIGHT.warning)[-1], bars(chart, LIGHT.series[1])[-1]
    assert float(slow["width"]) == pytest.approx(float(fast["width"]), abs=0.2)
    assert float(slow["x"]) + float(slow["width"]) == pytest.approx(float(fast["x"]), abs=0.2)


def test_the_chosen_depth_is_marked() -> None:
    chart = drawn(REPORT, "Cost")
    assert "auto used most: K 3" in texts(chart)
    assert len(bars(chart, LIGHT.series[1])) == 1 + 1
    fixed = a_report([a_run("off", 1.0), a_run(3, 2.0)])
    assert not [told for told in texts(drawn(fixed, "Cost")) if "auto" in told]


def test_axes_have_units() -> None:
    for title, unit in {
        "Tokens/s": "seconds since the first token",
        "Acceptance": "position in the draft",
        "Cost": "ms, median",
        "Speed-up": "times plain decoding, on a logarithmic scale; lines: 95 %",
    }.items():
        assert unit in texts(drawn(REPORT, title))


def test_a_timeline_holds_the_rate_of_its_rounds() -> None:
    steady = a_run("off", 1.0, rounds=[a_round(0, 0, 50.0)] * 40)
    (series,) = timelines([steady], ["off", "auto"])
    assert [point.tps for point in series.points] == pytest.approx([20.0] * len(series.points))
    assert series.points[-1].at_s < 2.0


def test_a_timeline_does_not_fall_because_fast_runs_ended() -> None:
    fast = a_run("off", 1.0, rounds=[a_round(0, 0, 10.0)] * 60)
    slow = a_run("off", 1.0, rounds=[a_round(0, 0, 40.0)] * 60)
    (series,) = timelines([fast, slow], ["off"])
    assert series.points[-1].at_s < 0.6
    assert series.points[-1].tps == pytest.approx(series.points[0].tps, rel=0.05)


def test_a_timeline_starts_at_the_first_token() -> None:
    """A window tells when each round ended since the request; the first of them is prefill."""
    timed = [a_round(0, 0, 900.0, at_s=5.0)]
    timed += [a_round(0, 0, 1.0, at_s=5.0 + 0.1 * i) for i in range(1, 31)]
    (series,) = timelines([a_run("off", 1.0, rounds=timed)], ["off"])
    assert [point.tps for point in series.points] == pytest.approx([10.0] * len(series.points))


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 1e4)), max_size=60))
@example([(0, 5e-324), (1, 0.0)])
@example([(0, 2.225073858507203e-309)])
def test_any_rounds_can_be_drawn(made: list[tuple[int, float]]) -> None:
    rounds = [a_round(depth, depth // 2, ms) for depth, ms in made]
    for chart in charts(a_report([a_run("auto", 1.0, rounds=rounds)]), LIGHT):
        parsed(chart.svg)


@given(st.floats(1e-6, 1e9))
def test_ticks_are_round_and_hold_the_most(most: float) -> None:
    found = ticks(most)
    assert found[0] == 0
    assert most <= found[-1] * (1 + 1e-9)
    assert 2 <= len(found) <= 7
    assert found[-2] < most


@given(st.floats(0.2, 8), st.floats(0.2, 8))
def test_ratio_ticks_hold_both_and_one(a: float, b: float) -> None:
    found = ratio_ticks(min(a, b), max(a, b))
    assert found[0] <= min(a, b, 1)
    assert found[-1] >= max(a, b, 1)
    assert 1 in found
    assert all(math.isfinite(tick) for tick in found)


def rates(*runs: list[tuple[float, int]]) -> list[float]:
    """Return the line of runs, each given as the ms and the tokens of its rounds."""
    made = [
        a_run("auto", 1.0, rounds=[a_round(3, 0, ms, tokens=tokens) for ms, tokens in rounds])
        for rounds in runs
    ]
    found = timelines(made, ["auto"])
    return [point.tps for series in found for point in series.points]


def test_a_round_is_spread_over_its_time() -> None:
    """Two bins of 0.3 s: 4 tokens in 0.4 s, then 1 in 0.2 s."""
    assert rates([(400.0, 4), (200.0, 1)]) == pytest.approx([10.0, 2.0 / 0.3])


def test_a_run_that_has_ended_writes_at_no_speed() -> None:
    """Bins of 0.3 s; in the second only ten of eleven still write, at 10 tokens/s each."""
    short, long = [(300.0, 6)], [(600.0, 6)]
    assert rates(short, *[long] * 10) == pytest.approx([(6 + 10 * 3) / (11 * 0.3), 10.0])


def test_a_round_without_a_duration_counts_for_nothing() -> None:
    """A clock that did not move tells no speed."""
    assert rates([(0.0, 100), (400.0, 4), (0.0, 100), (200.0, 2)]) == pytest.approx([10.0, 10.0])


def numbers(chart: Element, name: str) -> list[float]:
    return [float(one.get(name, "nan")) for one in chart.iter()]


def heights(chart: Element, colour: str) -> list[float]:
    """Return the heights of the bars of a colour, without the one in the legend."""
    return [float(bar["height"]) for bar in bars(chart, colour)[1:]]


def test_bars_are_as_high_as_their_shares() -> None:
    chart = drawn(REPORT, "Acceptance")
    assert heights(chart, LIGHT.series[1]) == pytest.approx([200, 100, 100])
    assert heights(chart, LIGHT.series[2]) == pytest.approx([200, 100, 200])
    assert [text for text in texts(chart) if text in {"50", "100"}] == ["100"] * 2 + ["50"] * 3 + [
        "100"
    ]
    assert {"1", "2", "3"} <= set(texts(chart))


def test_bars_are_as_high_as_their_costs() -> None:
    chart = drawn(REPORT, "Cost")
    (chosen,) = bars(chart, LIGHT.series[1])[1:]
    (plain,) = bars(chart, LIGHT.series[0])
    assert float(plain["height"]) == pytest.approx(1.5 * float(chosen["height"]), rel=0.01)
    assert float(plain["x"]) < float(chosen["x"])
    rounds = [a_round(0, 0, 31.64), a_round(3, 1, 23.4), a_round(3, 1, 23.4)]
    odd = drawn(a_report([a_run("auto", 1.0, rounds=rounds)]), "Cost")
    assert [text for text in texts(odd) if text in {"31.6", "23.4", "0", "3"}][-4:] == [
        "31.6",
        "0",
        "23.4",
        "3",
    ]


def test_the_grid_has_its_values() -> None:
    """The value 0 stands at the foot of the frame, and the highest at its head."""
    places = {
        one.text: float(one.get("y", 0)) for one in drawn(REPORT, "Acceptance").iter() if one.text
    }
    assert places["0 %"] - 4 == 272
    assert places["50 %"] - 4 == 172
    assert places["100 %"] - 4 == 72


def test_an_interval_is_drawn_as_a_line() -> None:
    """Each group with an interval has a line and its two ends."""
    with_interval = [group for group in REPORT.summary if group.speedup_low]
    chart = drawn(REPORT, "Speed-up")
    lines = [one for one in chart.iter(f"{SVG}line") if one.get("stroke") == LIGHT.ink]
    assert len(lines) == 3 * len(with_interval) + 1  # and the one at 1
    level = [one for one in lines if one.get("y1") == one.get("y2")]
    assert len(level) == len(with_interval) > 0
    extents = [float(one.get("x2", 0)) - float(one.get("x1", 0)) for one in level]
    assert extents[0] > extents[1] * 0.5 > 20


def test_the_legend_names_the_colours() -> None:
    chart = drawn(REPORT, "Speed-up")
    first, second = bars(chart, LIGHT.series[1])[0], bars(chart, LIGHT.warning)[0]
    named = {one.text: float(one.get("x", 0)) for one in chart.iter() if one.text}
    assert named["faster"] == pytest.approx(float(first["x"]) + 18)
    assert named["slower"] == pytest.approx(float(second["x"]) + 18)
    assert named["slower"] - named["faster"] > 60


def test_a_line_follows_its_speed() -> None:
    """The plain runs write 1 token in 30 ms, the others 3 in 20 ms on average, falling."""
    chart = drawn(REPORT, "Tokens/s")
    lines = {one.get("stroke"): one.get("points", "") for one in chart.iter(f"{SVG}polyline")}
    assert list(lines) == [LIGHT.series[0], LIGHT.series[1], LIGHT.series[2]]
    plain = {point.split(",")[1] for point in lines[LIGHT.series[0]].split()}
    assert len(plain) == 1  # level
    fast = [float(point.split(",")[1]) for point in lines[LIGHT.series[1]].split()]
    assert max(fast) < float(plain.pop())  # higher on the page
    assert fast == sorted(fast)  # 4 tokens in the first round, 2 in the second
    assert [text for text in texts(chart) if text in {"off", "auto", "K 3"}] == [
        "off",
        "auto",
        "K 3",
    ]


def test_of_many_modes_two_are_drawn() -> None:
    modes: list[Mode] = [5, 4, 3, 2, "auto", "off"]
    many = a_report([a_run(mode, 30.0) for mode in modes])
    assert [text for text in texts(drawn(many, "Tokens/s")) if text[0] in "Kao"] == ["off", "auto"]
    few = a_report([a_run(mode, 30.0) for mode in modes[2:]])
    assert [text for text in texts(drawn(few, "Tokens/s")) if text[0] in "Kao"] == [
        "off",
        "auto",
        "K 2",
        "K 3",
    ]
