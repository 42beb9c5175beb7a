"""Reports as HTML: the theme's colours, nothing invented, nothing a stranger's text can break."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

import pytest
from msgspec.structs import replace

from app.render.report_page import (
    MOST_ROWS,
    ROOMY,
    Look,
    Page,
    Picture,
    folded_name,
    page_charts,
    page_html,
    page_parts,
    palette,
)
from mtp_mlx.report import tables
from mtp_mlx.report.answer import figures, verdict
from mtp_mlx.report.charts import charts
from mtp_mlx.report.contents import Folded, Heading, Part, Verbatim
from mtp_mlx.report.model import Identity, Report
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.writer import write
from tests.app.test_theme_tokens import THEMES, tokens
from tests.report.samples import (
    NASTY,
    PARTED,
    REPORT,
    SLOWER,
    SPOILED,
    WARNED,
    a_report,
    a_run,
)

LIGHT = tokens("light")
PICTURES = (Picture("chart:0", 640, 320), Picture("chart:1", 640, 320), Picture("chart:2", 640, 9))
SECTIONS = ("Same text with and without MTP", "Runs", "Method", "Pair and machine")
NUMBERS = "The numbers of the charts"


def page(
    report: Report,
    *,
    width: int = ROOMY,
    unfolded: Sequence[str] = (),
    beside: Report | None = None,
) -> str:
    look = Look(tokens=LIGHT, width=width, unfolded=unfolded)
    return page_html(page_parts(report, beside), PICTURES, look)


def text(html: str) -> str:
    return " ".join(
        unescape(re.sub("<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)).split()
    )


def test_the_answer_stands_first() -> None:
    html = text(page(REPORT))
    said = verdict(REPORT)
    assert html.startswith(
        "Speed of target + drafter google/gemma-4 + google/helper · 4-bit · Apple M4 Pro · "
        f"MTP MLX 0.1.0 · 2 January 2026 {said.large} {said.text} {said.drafted}"
    )
    places = [html.index(one.value) for one in figures(REPORT)]
    assert max(places) < html.index(NUMBERS) < html.index("Speed by category")
    assert [html.index(name) for name in SECTIONS] == sorted(map(html.index, SECTIONS))


@pytest.mark.parametrize(
    ("report", "tone", "large"),
    [
        (SLOWER, "warning", "0.50×"),  # noqa: RUF001
        (REPORT, "plain", "No difference"),  # its interval holds 1
        (a_report([a_run("off", 30.0), a_run("auto", 60.0)]), "plain", "Faster"),  # one run each
        (
            a_report(
                [
                    r
                    for i in (0, 1)
                    for r in (a_run("off", 30.0, repeat=i), a_run(3, 60.0, repeat=i))
                ]
            ),
            "faster",
            "2.00×",  # noqa: RUF001
        ),
        (a_report([a_run("off", 30.0)]), "plain", "Not measured"),
    ],
)
def test_the_verdict_has_the_colour_of_what_is_known(report: Report, tone: str, large: str) -> None:
    shown = re.findall(r'<span class="(\w+)" style="font-size: (\S+); .*?">(.*?)<', page(report))
    size = "x-large" if tone == "plain" else "xx-large"
    assert shown[0] == (tone, size, large)


@pytest.mark.parametrize("width", [ROOMY, ROOMY - 1])
def test_each_warning_stands_once_and_before_the_charts(width: int) -> None:
    html = page(WARNED, width=width, unfolded=(*SECTIONS, NUMBERS))
    for note in notes(WARNED):
        assert text(html).count(note) == 1
    assert text(html).index(list(notes(WARNED))[-1]) < text(html).index(NUMBERS)
    assert unescape(html).count("What disturbed this run:") == 1
    assert "What disturbed this run" not in page(REPORT)


def test_a_closed_section_shows_its_name_and_summary_only() -> None:
    closed = page(REPORT)
    links = re.findall(r'<a href="fold:([^"]*)">(.)&nbsp;<b>(.*?)</b>', closed)
    assert [name for *_, name in links] == [NUMBERS, *SECTIONS]
    assert {mark for _, mark, _ in links} == {"\N{BLACK RIGHT-POINTING SMALL TRIANGLE}"}
    assert "18 runs, interleaved, temperature 0" in text(closed)
    assert "Cool-down" not in closed


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        (NUMBERS, "Accepted where all before were, %"),
        ("Same text with and without MTP", "Differs at token"),
        ("Runs", "limit"),
        ("Method", "Cool-down"),
        ("Pair and machine", "Target SHA-256"),
    ],
)
def test_a_link_opens_its_section_and_no_other(name: str, inside: str) -> None:
    closed, opened = page(REPORT), page(REPORT, unfolded=[name])
    assert inside not in text(closed)
    assert inside in text(opened)
    assert opened.count("\N{BLACK DOWN-POINTING SMALL TRIANGLE}") == 1
    links = [folded_name(link) for link in re.findall(r'<a href="([^"]*)"', closed)]
    assert name in links


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("fold:Pair%20and%20machine", "Pair and machine"),
        ("fold:a%3Cb%3E", "a<b>"),
        ("https://fold:Runs", None),
        ("file:///fold:Runs", None),
        ("chart:0", None),
        ("javascript:fold:Runs", None),
        ("", None),
    ],
)
def test_only_a_folds_link_does_something(link: str, name: str | None) -> None:
    assert folded_name(link) == name


def test_every_link_of_a_page_folds() -> None:
    for report in (REPORT, SPOILED, WARNED):
        html = page(report, unfolded=(*SECTIONS, NUMBERS))
        links = re.findall(r'href="([^"]*)"', html)
        assert {folded_name(link) for link in links} == {NUMBERS, *SECTIONS}


def test_nothing_stands_twice() -> None:
    html = page(WARNED, unfolded=(*SECTIONS, NUMBERS))
    texts = re.findall(r"<(?:h\d|p)[^>]*>(?:<span[^>]*>)?([^<]+)", html)
    sentences = [one for one in texts if one.endswith(".")]
    assert len(sentences) == len(set(sentences)) > 1


def test_a_stranger_writes_no_html() -> None:
    for html in (
        page(SPOILED, unfolded=(*SECTIONS, NUMBERS)),
        page(SPOILED, beside=SPOILED),
        page(SPOILED, beside=REPORT),
    ):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert NASTY not in html


def test_prompts_and_replies_are_left_to_the_exports() -> None:
    """They are in the page's contents, and the page does not show them."""
    spoken = tuple(replace(run, prompt="SECRET", text="SECRET") for run in REPORT.runs)
    assert "SECRET" not in page(replace(REPORT, runs=spoken), unfolded=SECTIONS)
    look = Look(tokens=LIGHT, width=ROOMY)
    parts: list[Part] = [Heading("Runs"), Verbatim(title="Prompt", text="SECRET")]
    assert write(parts, Page((), look)) == "<h3>Runs</h3>"


def test_long_tables_end_with_what_is_left() -> None:
    many = Identity(measured=True, comparisons=(PARTED,) * (MOST_ROWS + 7))
    html = page(replace(REPORT, identity=many), unfolded=SECTIONS[:1])
    assert html.count(">code-1</td>") == MOST_ROWS
    assert "And 7 more rows, which the JSON and the CSV hold." in html


def test_names_over_columns_span_them() -> None:
    html = page(REPORT)
    assert '<th colspan="3" align="center">Tokens/s</th>' in html
    for table in re.findall(r"<table.*?</table>", html):
        rows = re.findall(r"<tr>.*?</tr>", table)
        spans = [int(each) for each in re.findall(r'colspan="(\d+)"', rows[0])]
        assert sum(spans) in {0, rows[1].count("<th ") if len(rows) > 1 else 0}


def test_numbers_stand_at_the_right_and_texts_at_the_left() -> None:
    html = page(REPORT)
    assert '<th align="right">95 %</th>' in html
    assert '<th align="left">Result</th>' in html
    assert (
        '<td align="right">30.3</td><td align="right"><span class="best">60.6</span></td>' in html
    )
    assert '<td><span class="warning">slower</span></td>' in html


def test_names_and_numbers_stay_on_one_line_and_results_may_wrap() -> None:
    html = page(REPORT)
    assert "<td>free&nbsp;prose</td>" in html
    assert "0.94&nbsp;to&nbsp;2.00" in html
    assert "<td>no difference</td>" in html


def test_what_was_not_measured_is_quiet() -> None:
    html = page(REPORT, unfolded=SECTIONS)
    assert '<span class="quiet">not measured</span>' in html
    assert html.count(">not measured<") == html.count('"quiet">not measured<')


def test_two_charts_stand_beside_each_other_where_there_is_room() -> None:
    wide, narrow = page(REPORT, width=ROOMY), page(REPORT, width=ROOMY - 1)
    cell = '<td width="50%" valign="top"><img src="chart:{}" width="640" height="{}"></td>'
    assert f"<tr>{cell.format(0, 320)}{cell.format(1, 320)}</tr>" in wide
    assert f"<tr>{cell.format(2, 9)}</tr>" in wide
    assert narrow.count('<p><img src="chart:') == 3
    assert '<td width="50%"' not in narrow


def test_figures_stand_in_one_row_where_there_is_room() -> None:
    def rows(width: int) -> list[int]:
        found = re.findall(r"<tr>(.*?)</tr>", page(REPORT, width=width))
        counts = [row.count('<td valign="top"><span class="quiet">') for row in found]
        return [count for count in counts if count]

    assert (rows(ROOMY), rows(ROOMY - 1)) == ([4], [2, 2])


def test_each_picture_stands_once() -> None:
    names = re.findall(r'<img src="([^"]+)"', page(REPORT))
    assert names == ["chart:0", "chart:1", "chart:2"]


def test_the_charts_to_draw_are_those_of_the_page() -> None:
    assert [one.title for one in page_charts(page_parts(REPORT, None))] == [
        one.title for one in charts(REPORT)
    ]
    (both,) = page_charts(page_parts(REPORT, REPORT))
    assert both.title.startswith("Speed of B over A")


def test_the_numbers_of_the_charts_are_on_the_page() -> None:
    html = page(REPORT, unfolded=[NUMBERS])
    look = Look(tokens=LIGHT, width=ROOMY)
    for chart in charts(REPORT):
        assert f"<h3>{chart.title}</h3>{Page((), look).table(chart.numbers)}" in html


def test_two_side_by_side() -> None:
    faster = tuple(replace(run, decode_tps=(run.decode_tps or 0) * 2) for run in REPORT.runs)
    other = replace(REPORT, runs=faster, pair=replace(REPORT.pair, quantization="8-bit"))
    html = page(REPORT, beside=other)
    assert '<span class="faster" style="font-size: xx-large; font-weight: bold">2.00×' in html  # noqa: RUF001
    assert "<td>Pair</td><td>Quantization</td><td>4-bit</td><td>8-bit</td>" in html
    assert html.index("What differs") < html.index("Speed of B over A") < html.index("A by itself")


def test_a_slow_down_between_two_is_marked() -> None:
    slower = tuple(replace(run, decode_tps=(run.decode_tps or 0) / 2) for run in REPORT.runs)
    html = page(REPORT, beside=replace(REPORT, runs=slower))
    assert '<span class="warning">0.50</span>' in html
    assert "Machine, versions, pair and settings are the same." in html


def test_what_is_not_comparable_has_no_ratio() -> None:
    other = replace(REPORT, settings=replace(REPORT.settings, suite="full 0"))
    html = page(REPORT, beside=other)
    assert "Not comparable: no run of A is known to have the prompt" in html
    assert "B over A" not in html


@pytest.mark.parametrize("theme", THEMES)
def test_charts_have_the_themes_colours(theme: str) -> None:
    known = tokens(theme)
    made = palette(known)
    assert (made.ink, made.series[1]) == (known["text"], known["chart_mtp"])
    assert len(set(made.series)) == 4


def test_charts_are_drawn_on_the_surface_of_the_theme() -> None:
    made = palette(LIGHT)
    assert (made.paper, made.quiet, made.grid, made.warning) == (
        LIGHT["surface"],
        LIGHT["text_muted"],
        LIGHT["chart_grid"],
        LIGHT["warning"],
    )
    plain, mtp, *_ = made.series
    assert (plain, mtp) == (LIGHT["chart_plain"], LIGHT["chart_mtp"])


def test_a_section_in_no_hands_but_a_strangers_folds() -> None:
    """Its name may hold anything, and the link gives it back."""
    look = Look(tokens=LIGHT, width=ROOMY, unfolded=[NASTY])
    section = Folded(NASTY, NASTY, tables.speeds(SLOWER.summary))
    html = Page((), look).folded(section)
    (link,) = re.findall(r'<a href="([^"]*)">', html)
    assert folded_name(link) == NASTY
    assert "<script>" not in html
    assert "<table" in html
