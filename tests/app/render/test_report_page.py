"""Reports as HTML: the theme's colours, nothing invented, nothing a stranger's text can break."""

from __future__ import annotations

import re
from html import escape, unescape

import pytest
from msgspec.structs import replace

from app.render.report_page import (
    Page,
    Picture,
    comparison_html,
    palette,
    report_html,
)
from mtp_mlx.report.contents import Heading, Part, Verbatim
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
HEADINGS = ("Same text with and without MTP", "Pair", "Settings", "Environment", "Definitions")
PICTURES = (Picture("chart:a0", 640, 320), Picture("chart:a1", 640, 320))


def page(report: Report, *, roomy: bool = True) -> str:
    return report_html(report, LIGHT, PICTURES, roomy=roomy)


TWICE = a_report(
    [run for i in (0, 1) for run in (a_run("off", 30.0, repeat=i), a_run(3, 60.0, repeat=i))]
)


def test_what_it_comes_to_stands_first() -> None:
    html = page(REPORT)
    places = [
        html.index(told)
        for told in ("1.47×", "Tokens/s", "chart:a0", "chart:a1", "Same text", "Apple M4 Pro</span")  # noqa: RUF001
    ]
    assert places == sorted(places)
    assert "not measured" in html


@pytest.mark.parametrize(
    ("report", "tone"),
    [
        (SLOWER, "warning"),
        (REPORT, "plain"),  # its interval holds 1
        (a_report([a_run("off", 30.0), a_run("auto", 60.0)]), "plain"),  # one run each
        (
            a_report(
                [
                    r
                    for i in (0, 1)
                    for r in (a_run("off", 30.0, repeat=i), a_run(3, 60.0, repeat=i))
                ]
            ),
            "faster",
        ),
    ],
)
def test_the_headline_has_the_colour_of_what_is_known(report: Report, tone: str) -> None:
    large = re.search(r'<h1><span class="(\w+)">\d\.\d\d', page(report))
    assert (large.group(1) if large else "plain") == tone
    assert (f'<p><span class="{tone}">' in page(report)) is True


def test_without_a_speed_up_there_is_no_headline() -> None:
    assert "<h1>" not in page(a_report([a_run("off", 30.0)]))


@pytest.mark.parametrize("roomy", [True, False])
def test_each_warning_stands_once_and_before_the_numbers(*, roomy: bool) -> None:
    html = page(WARNED, roomy=roomy)
    warnings = [unescape(text) for text in re.findall(r'<p><span class="warning">(.*?)<', html)]
    assert [one for one in warnings if not one.startswith("slower")] == list(notes(WARNED))
    assert html.rindex(escape(warnings[-1])) < html.index("<table")
    for note in notes(WARNED):
        assert unescape(html).count(note) == 1


def test_nothing_stands_twice() -> None:
    texts = re.findall(r"<(?:h\d|p)>(?:<span[^>]*>)?([^<]+)", page(WARNED))
    sentences = [text for text in texts if text.endswith(".") or text in HEADINGS]
    assert len(sentences) == len(set(sentences)) > len(HEADINGS)
    assert set(HEADINGS) <= set(sentences)


def test_a_small_window_has_fewer_columns() -> None:
    assert ">First token</th>" in page(REPORT)
    narrow = page(REPORT, roomy=False)
    assert ">First token</th>" not in narrow
    assert ">Speed-up</th>" in narrow
    assert ">Margin there</th>" in narrow  # few columns: all of them


def test_a_stranger_writes_no_html() -> None:
    for html in (
        page(SPOILED),
        comparison_html(SPOILED, SPOILED, LIGHT, [], roomy=True),
        comparison_html(SPOILED, REPORT, LIGHT, [], roomy=True),
    ):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
    assert NASTY not in page(SPOILED)


def test_prompts_and_replies_are_left_to_the_exports() -> None:
    """They are neither in the page's contents nor shown by it where they are handed over."""
    spoken = tuple(replace(run, prompt="SECRET", text="SECRET") for run in REPORT.runs)
    assert page(replace(REPORT, runs=spoken)) == page(REPORT)
    parts: list[Part] = [Heading("Runs"), Verbatim(title="Prompt", text="SECRET")]
    assert write(parts, Page(PICTURES, roomy=True)) == "<h3>Runs</h3>"


def test_long_tables_end_with_what_is_left() -> None:
    many = Identity(measured=True, comparisons=(PARTED,) * (Page.most_rows + 7))
    html = page(replace(REPORT, identity=many))
    assert html.count(">code-1</span>") == Page.most_rows
    assert "And 7 more, which the JSON and the CSV hold." in html


def test_two_side_by_side() -> None:
    faster = tuple(replace(run, decode_tps=(run.decode_tps or 0) * 2) for run in REPORT.runs)
    other = replace(REPORT, runs=faster, pair=replace(REPORT.pair, quantization="8-bit"))
    html = comparison_html(REPORT, other, LIGHT, [PICTURES, (PICTURES[0], None)], roomy=True)
    assert ">2.00×</span>" in html  # noqa: RUF001
    assert re.search(
        r">Quantization</span></p></td><td><p><span>4-bit</span></p></td><td><p><span>8-bit<", html
    )
    assert html.count("<img") == 3
    assert "<p><b>A</b></p>" not in html
    narrow = comparison_html(REPORT, other, LIGHT, [PICTURES, (PICTURES[0], None)], roomy=False)
    assert narrow.count("<p><b>A</b></p>") == 2
    assert narrow.count("<p><b>B</b></p>") == 1


def test_a_slow_down_between_two_is_marked() -> None:
    slower = tuple(replace(run, decode_tps=(run.decode_tps or 0) / 2) for run in REPORT.runs)
    html = comparison_html(REPORT, replace(REPORT, runs=slower), LIGHT, [], roomy=True)
    assert '<span class="warning">0.50×</span>' in html  # noqa: RUF001
    assert "Pair, settings and environment are the same." in html


def test_without_common_prompts_no_ratio_is_made_up() -> None:
    other = replace(REPORT, settings=replace(REPORT.settings, suite="full 0"))
    html = comparison_html(REPORT, other, LIGHT, [], roomy=True)
    assert "no prompts in common" in html
    assert "B over A" not in html


@pytest.mark.parametrize("theme", THEMES)
def test_charts_have_the_themes_colours(theme: str) -> None:
    known = tokens(theme)
    made = palette(known)
    assert (made.ink, made.series[1]) == (known["text"], known["chart_mtp"])
    assert len(set(made.series)) == 4


def test_the_head_names_the_subject_and_the_claim() -> None:
    subject = "google/gemma-4 + google/helper · 4-bit · Apple M4 Pro · 2026-01-02"
    assert f'<h2>Speed of target + drafter</h2><p class="quiet">{subject}</p>' in page(REPORT)
    facts = "MTP auto · 1.47× · 95 %: 0.94 to 2.00 · drafted in 12 of 12 rounds"  # noqa: RUF001
    claim = '<h2><span class="plain">No difference this run can show</span></h2>'
    assert f'{claim}<p><span class="plain">{facts}</span></p>' in page(REPORT)


def test_numbers_stand_at_the_right_and_texts_at_the_left() -> None:
    assert '<th align="right">Tokens/s</th>' in page(REPORT)
    assert "<th>Against plain</th>" in page(REPORT)


def test_two_charts_stand_beside_each_other_where_there_is_room() -> None:
    wide = report_html(REPORT, LIGHT, PICTURES, roomy=True, paired=True)
    assert wide.count('<td width="50%" valign="top"><img') == len(PICTURES)
    assert page(REPORT).count('<td width="50%"') == 0


def test_each_picture_stands_once() -> None:
    assert re.findall(r'<img src="([^"]+)" width="640" height="320">', page(REPORT)) == [
        "chart:a0",
        "chart:a1",
    ]


def test_names_stay_on_one_line_and_values_may_wrap() -> None:
    row = re.findall(r"<tr><td>.*?</tr>", page(REPORT))[0]
    assert row.count('<p class="name">') == 1
    assert row.startswith('<tr><td><p class="name"><span>all</span></p></td><td><p><span>off<')


def test_a_comparison_has_both_heads_and_says_each_thing_once() -> None:
    other = replace(REPORT, title="The other")
    html = comparison_html(REPORT, other, LIGHT, [], roomy=True)
    assert re.findall(r"<b>(.)</b><h2>(.*?)</h2>", html) == [
        ("A", "Speed of target + drafter"),
        ("B", "The other"),
    ]
    assert html.count("Pair, settings and environment are the same.") == 1
    assert html.count("B over A") == 1


def test_two_charts_stand_side_by_side_where_there_is_room() -> None:
    pairs = [PICTURES]
    roomy = comparison_html(REPORT, REPORT, LIGHT, pairs, roomy=True)
    cell = '<td width="50%" valign="top"><img src="chart:a{}" width="640" height="320"></td>'
    assert f"<tr>{cell.format(0)}{cell.format(1)}</tr>" in roomy
    assert "<p><b>A</b></p><p><img" in comparison_html(REPORT, REPORT, LIGHT, pairs, roomy=False)


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
