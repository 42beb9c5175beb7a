"""Charts: well-formed, true to their numbers, and drawn only where there is something to draw."""

from __future__ import annotations

import math
import re
from xml.etree.ElementTree import Element

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.report.charts import charts
from mtp_mlx.report.model import Mode, Report
from mtp_mlx.report.saving import decode
from mtp_mlx.report.sheet import NARROW, PRINTED, WIDE, Chart
from mtp_mlx.report.svg import DARK, LIGHT, NAMED, Palette, ratio_ticks, ticks
from mtp_mlx.report.tables import spans
from mtp_mlx.report.timeline import timelines
from tests.report.samples import (
    OLD,
    REPORT,
    SLOWER,
    SPOILED,
    WARNED,
    a_report,
    a_round,
    a_run,
    parsed,
)

SVG = "{http://www.w3.org/2000/svg}"
ALL = [REPORT, SLOWER, SPOILED, *(decode(file.read_bytes()) for file in OLD)]


def chart_of(report: Report, title: str) -> Chart:
    (chart,) = (one for one in charts(report) if one.title.startswith(title))
    return chart


def drawn(report: Report, title: str, width: int = WIDE) -> Element:
    return parsed(chart_of(report, title).svg(LIGHT, width))


def texts(chart: Element) -> list[str]:
    return [one.text or "" for one in chart.iter(f"{SVG}text")]


def filled(chart: Element, colour: str) -> list[dict[str, str]]:
    """Return the filled bars of a colour, without the square in the legend."""
    rects = (one for one in chart.iter(f"{SVG}rect") if one.get("rx") == "2")
    return [one.attrib for one in rects if one.get("fill") == colour]


def hollow(chart: Element, colour: str) -> list[dict[str, str]]:
    rects = (one for one in chart.iter(f"{SVG}rect") if one.get("fill-opacity"))
    return [one.attrib for one in rects if one.get("fill") == colour]


def marks(chart: Element, tag: str, colour: str) -> list[dict[str, str]]:
    """Return the circles or squares of a colour, the legend's first."""
    return [one.attrib for one in chart.iter(f"{SVG}{tag}") if one.get("stroke") == colour]


LETTER = 0.56
"""The mean width of a letter, as a share of its size; bold ones are a little wider."""


def edges(text: Element) -> tuple[float, float]:
    """Return about where a text begins and ends."""
    size = float(text.get("font-size", 0))
    length = LETTER * size * len(text.text or "")
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")]
    start = float(text.get("x", 0)) - before * length
    return start, start + length


@pytest.mark.parametrize("report", ALL)
@pytest.mark.parametrize("palette", [LIGHT, DARK, NAMED])
@pytest.mark.parametrize("width", [WIDE, PRINTED, NARROW])
def test_every_chart_is_well_formed(report: Report, palette: Palette, width: int) -> None:
    found = charts(report)
    assert found
    for chart in found:
        root = parsed(chart.svg(palette, width))
        assert (root.get("role"), root.get("width")) == ("img", str(width))
        assert (root.get("aria-label") or "").startswith(f"{chart.title}. ")
        assert not re.search(r"nan|inf\b", chart.svg(palette, width))
        places = [float(one.get(k, 0)) for one in root.iter() for k in ("x", "x1", "x2", "cx")]
        assert all(0 <= place <= width for place in places)
        heights = [float(one.get(k, 0)) for one in root.iter() for k in ("y", "y1", "y2", "cy")]
        assert all(0 <= place <= float(root.get("height", 0)) for place in heights)


FAST: dict[Mode, float] = {"off": 1000.4, "auto": 4000.4, 3: 90.0}
LONG = a_report(
    [a_run(mode, FAST[mode], name) for name in ("W" * 40, "summarising") for mode in FAST]
)


@pytest.mark.parametrize("report", [*ALL, LONG, WARNED], ids=range(len(ALL) + 2))
@pytest.mark.parametrize("width", [WIDE, PRINTED, NARROW])
def test_no_text_is_outside_its_drawing(report: Report, width: int) -> None:
    for chart in charts(report):
        for text in parsed(chart.svg(LIGHT, width)).iter(f"{SVG}text"):
            start, end = edges(text)
            assert start >= -1, (chart.title, text.text)
            assert end <= width + 1, (chart.title, text.text)


@pytest.mark.parametrize("report", [REPORT, SLOWER, SPOILED])
def test_a_charts_numbers_are_a_table(report: Report) -> None:
    """They are for those who do not see the drawing, and a screen reader hears them."""
    for chart in charts(report):
        table = chart.numbers
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}
        assert sum(span.columns for span in spans(table)) in {0, len(table.columns)}
        label = parsed(chart.svg(LIGHT)).get("aria-label") or ""
        assert f"{table.columns[0].name} {' '.join(table.rows[0][0].split())}" in label


def test_the_numbers_of_each_chart() -> None:
    rows = {chart.title: chart.numbers.rows for chart in charts(REPORT)}
    assert rows["Speed-up by category, auto"][:2] == (
        ("all", "1.47", "0.94 to 2.00", "no difference"),
        ("all, K 3", "1.24", "0.65 to 1.83", "no difference"),
    )
    assert rows["Tokens/s over time"][1] == ("auto", "200.0", "200.0", "100.0", "100.0")
    assert rows["Acceptance by position"] == (
        ("1", "100", "100"), ("2", "50", "50"), ("3", "50", "100"),
    )  # fmt: skip
    assert rows["Cost of a round by K"] == (
        ("0", "36", "30.00", "1.00"),
        ("3", "24", "20.00", "3.00"),
    )


def test_a_report_has_all_four() -> None:
    assert [chart.title for chart in charts(REPORT)] == [
        "Speed-up by category, auto",
        "Tokens/s over time",
        "Acceptance by position",
        "Cost of a round by K",
    ]


def test_what_was_not_measured_is_not_drawn() -> None:
    assert charts(a_report([a_run("off", None, rounds=[])])) == ()
    plain = charts(a_report([a_run("off", 30.0)]))
    assert [chart.title for chart in plain] == ["Tokens/s over time"]


def test_a_ratio_that_may_not_be_shown_is_not_drawn() -> None:
    assert not [chart for chart in charts(WARNED) if chart.title.startswith("Speed-up")]


def test_a_slow_down_is_drawn_as_plainly_as_a_gain() -> None:
    """Each has its own colour and shape, the same in the legend; what is not sure is a ring."""
    chart = drawn(REPORT, "Speed-up")
    named = {"2.00× faster", "0.65× slower", "1.47× no difference"}  # noqa: RUF001
    assert {*named, "faster", "slower", "not sure"} <= set(texts(chart))
    assert len(marks(chart, "rect", LIGHT.warning)) == 1 + 2
    assert len(marks(chart, "circle", LIGHT.series[1])) == 1 + 2
    rings = marks(chart, "circle", LIGHT.quiet)
    assert [ring["fill"] for ring in rings] == [LIGHT.paper] * 3
    assert {one["r"] for one in [*rings, *marks(chart, "circle", LIGHT.series[1])]} == {"5"}
    assert {one["width"] for one in marks(chart, "rect", LIGHT.warning)} == {"10"}


def of_ratios(*ratios: float) -> Report:
    groups = [
        replace(
            REPORT.summary[1],
            category=str(ratio),
            speedup=ratio,
            speedup_low=0.9 * ratio,
            speedup_high=1.1 * ratio,
        )
        for ratio in ratios
    ]
    return replace(REPORT, summary=tuple(groups))


@pytest.mark.parametrize("width", [WIDE, PRINTED, NARROW])
def test_half_and_twice_lie_equally_far_from_one(width: int) -> None:
    chart = drawn(of_ratios(0.5, 2.0), "Speed-up", width)
    slow, fast = (
        marks(chart, "rect", LIGHT.warning)[-1],
        marks(chart, "circle", LIGHT.series[1])[-1],
    )
    (one,) = (
        line for line in chart.iter(f"{SVG}line")
        if line.get("stroke") == LIGHT.ink and line.get("x1") == line.get("x2")
    )  # fmt: skip
    middle = float(one.get("x1", 0))
    left = middle - (float(slow["x"]) + 5)
    assert left > 20
    assert float(fast["cx"]) - middle == pytest.approx(left, abs=0.2)


def test_a_mark_lies_within_its_interval() -> None:
    chart = drawn(of_ratios(0.3, 0.5, 2.0, 3.0), "Speed-up")
    places = [float(one["x"]) + 5 for one in marks(chart, "rect", LIGHT.warning)[1:]]
    places += [float(one["cx"]) for one in marks(chart, "circle", LIGHT.series[1])[1:]]
    assert places == sorted(places)
    level = [one for one in chart.iter(f"{SVG}line") if one.get("y1") == one.get("y2")]
    extents = [(float(one.get("x1", 0)), float(one.get("x2", 0))) for one in level]
    wide = [extent for extent in extents if extent[1] - extent[0] > 9]
    assert len(wide) == len(places)
    assert all(low < place < high for (low, high), place in zip(wide, places, strict=True))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_chart_of_many_rows_shows_the_headlines_mode(width: int) -> None:
    names = [f"category {i}" for i in range(8)]
    runs = [a_run(m, 30.0, name) for name in names for m in MODES]
    chart = chart_of(a_report(runs), "Speed-up")
    assert [row[0] for row in chart.numbers.rows] == ["all", *names]
    root = parsed(chart.svg(LIGHT, width))
    assert len(marks(root, "circle", LIGHT.quiet)) == 1 + 9


MODES: tuple[Mode, ...] = ("off", "auto", 3)


def test_the_chosen_depth_is_marked() -> None:
    chart = drawn(REPORT, "Cost")
    assert "auto used most: K 3" in texts(chart)
    assert len(filled(chart, LIGHT.series[1])) == 1
    fixed = drawn(a_report([a_run("off", 1.0), a_run(3, 2.0)]), "Cost")
    assert not [told for told in texts(fixed) if "auto" in told]
    assert filled(fixed, LIGHT.series[1]) == []


def test_axes_have_units() -> None:
    for title, unit in {
        "Tokens/s": "seconds since the first token",
        "Acceptance": "position in the draft",
        "Cost": "ms, median",
        "Speed-up": "times plain decoding; lines: 95 %",
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
    for chart in charts(a_report([a_run("auto", 1.0, rounds=rounds)])):
        parsed(chart.svg(LIGHT, NARROW))


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


def heights(bars: list[dict[str, str]], outline: float = 0) -> list[float]:
    """Return the outer heights of bars; an outline lies half within and half without its box."""
    return [float(bar["height"]) + outline for bar in bars]


def test_bars_are_as_high_as_their_shares() -> None:
    chart = drawn(REPORT, "Acceptance")
    assert heights(filled(chart, LIGHT.series[1])) == pytest.approx([190, 95, 95])
    assert heights(hollow(chart, LIGHT.series[1]), 1) == pytest.approx([190, 95, 190])
    shown = [text for text in texts(chart) if text in {"50", "100"}]
    assert shown == ["100", "100", "50", "50", "50", "100"]
    assert {"1", "2", "3"} <= set(texts(chart))


def test_bars_are_as_high_as_their_costs() -> None:
    chart = drawn(REPORT, "Cost")
    (chosen,) = filled(chart, LIGHT.series[1])
    (plain,) = hollow(chart, LIGHT.series[0])
    assert float(plain["height"]) + 1 == pytest.approx(1.5 * float(chosen["height"]), rel=0.01)
    assert float(plain["x"]) < float(chosen["x"])
    rounds = [a_round(0, 0, 31.64), a_round(3, 1, 23.4), a_round(3, 1, 23.4)]
    odd = drawn(a_report([a_run("auto", 1.0, rounds=rounds)]), "Cost")
    shown = [text for text in texts(odd) if text in {"31.6", "23.4", "0", "3"}]
    assert shown[-4:] == ["31.6", "0", "23.4", "3"]


def test_the_grid_has_its_values() -> None:
    """The value 0 stands at the foot of the bars, and the highest at their head."""
    chart = drawn(REPORT, "Acceptance")
    places = {one.text: float(one.get("y", 0)) - 4 for one in chart.iter() if one.text}
    first = filled(chart, LIGHT.series[1])[0]
    head, foot = float(first["y"]), float(first["y"]) + float(first["height"])
    assert (places["100 %"], places["0 %"]) == pytest.approx((head, foot), abs=0.2)
    assert places["50 %"] == pytest.approx((head + foot) / 2, abs=0.2)


def test_an_interval_is_drawn_as_a_line_in_the_colour_of_its_mark() -> None:
    chart = drawn(REPORT, "Speed-up")
    for colour, groups in ((LIGHT.series[1], 2), (LIGHT.warning, 2), (LIGHT.quiet, 2)):
        lines = [one for one in chart.iter(f"{SVG}line") if one.get("stroke") == colour]
        assert len(lines) == 3 * groups  # the line and its two ends
    alone = drawn(a_report([a_run("off", 30.0), a_run(3, 60.0)]), "Speed-up")
    assert not [one for one in alone.iter(f"{SVG}line") if one.get("stroke") == LIGHT.quiet]


def test_the_legend_names_the_colours() -> None:
    chart = drawn(REPORT, "Speed-up")
    disc, square = (
        marks(chart, "circle", LIGHT.series[1])[0],
        marks(chart, "rect", LIGHT.warning)[0],
    )
    named = {one.text: float(one.get("x", 0)) for one in chart.iter() if one.text}
    assert float(disc["cx"]) < named["faster"] < float(square["x"]) < named["slower"]


def test_a_narrow_legend_has_more_rows() -> None:
    def rows(width: int) -> set[str | None]:
        chart = drawn(REPORT, "Acceptance", width)
        return {one.get("y") for one in chart.iter(f"{SVG}text") if "accepted" in (one.text or "")}

    assert (len(rows(WIDE)), len(rows(NARROW))) == (1, 1)
    long = drawn(a_report([a_run(mode, 30.0) for mode in MANY[2:]]), "Cost", 180)
    names = [one for one in long.iter(f"{SVG}text") if "K" in (one.text or "")]
    assert len({one.get("y") for one in names[:2]}) == 2


def test_a_line_follows_its_speed() -> None:
    """The plain runs write 1 token in 30 ms, the others 3 in 20 ms on average, falling."""
    chart = drawn(REPORT, "Tokens/s")
    lines = {one.get("stroke"): one.get("points", "") for one in chart.iter(f"{SVG}polyline")}
    assert len(list(chart.iter(f"{SVG}polyline"))) == 6  # three of the legend come first
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


def test_lines_differ_in_their_dashes() -> None:
    chart = drawn(a_report([a_run(mode, 30.0) for mode in MANY[2:]]), "Tokens/s")
    dashes = [one.get("stroke-dasharray") for one in chart.iter(f"{SVG}polyline")]
    assert len(set(dashes)) == 4
    assert dashes[:4] == dashes[4:]  # the legend's samples, then the lines


MANY: list[Mode] = [5, 4, 3, 2, "auto", "off"]


def test_of_many_modes_two_are_drawn() -> None:
    many = a_report([a_run(mode, 30.0) for mode in MANY])
    assert [text for text in texts(drawn(many, "Tokens/s")) if text[0] in "Kao"] == ["off", "auto"]
    few = a_report([a_run(mode, 30.0) for mode in MANY[2:]])
    assert [text for text in texts(drawn(few, "Tokens/s")) if text[0] in "Kao"] == [
        "off",
        "auto",
        "K 2",
        "K 3",
    ]
