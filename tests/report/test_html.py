"""The page: self-contained, in both themes, and no text can become a part of it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from mtp_mlx.report.charts import charts
from mtp_mlx.report.html import MOST_ROWS, html
from mtp_mlx.report.model import Identity, Report
from mtp_mlx.report.sheet import NARROW, WIDE
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

OPEN = {"meta", "rect", "line", "polyline", "circle"}  # without an end of their own


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._path: list[str] = []
        self.feed(text)
        assert self._path == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in OPEN:
            self._path.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._path.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._path:
            self.texts.setdefault(self._path[-1], []).append(data)


@pytest.mark.parametrize("report", [REPORT, SLOWER, SPOILED])
def test_nothing_runs_and_nothing_is_fetched(report: Report) -> None:
    page = Page(html(report))
    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "a", "object"}
    told = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in told if name.startswith("on") or name in {"src", "href", "style"}}
    assert not re.findall(r"url\(|@import|https?:", html(report).replace("http://www.w3.org/", ""))


def test_the_policy_allows_its_own_style_only() -> None:
    text = html(REPORT)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    seal = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert f"default-src 'none'; style-src 'sha256-{seal}'" in policy


def test_both_themes_and_print_name_every_colour() -> None:
    text = html(REPORT)
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    for start in (":root{", "dark){:root{", "print{:root{"):
        block = text[text.index(start) :].split("}")[0]
        assert used <= set(re.findall(r"(--[\w-]+):", block))
    assert "prefers-color-scheme:dark" in text


def test_each_chart_stands_there_wide_and_narrow_with_its_numbers() -> None:
    drawn = charts(REPORT)
    page = Page(html(REPORT))
    sizes = [a.get("width") for tag, a in page.tags if tag == "svg"]
    assert sizes == [str(WIDE), str(NARROW)] * len(drawn)
    assert classes(page, "svg") == ["broad", "narrow"] * len(drawn)
    for figure, chart in zip(re.findall(r"<figure>.*?</figure>", html(REPORT), re.DOTALL), drawn,
                             strict=True):  # fmt: skip
        assert chart.title in figure
        assert "<details><summary>Numbers of this chart</summary>" in figure
        cells = [cell for row in chart.numbers.rows for cell in row]
        assert Page(f"<html>{figure}</html>").texts["td"] == cells


def test_only_one_of_a_charts_drawings_is_shown() -> None:
    style = html(REPORT).split("<style>")[1].split("</style>")[0]
    narrow = style.index("@media (max-width:520px)")
    assert "svg.narrow{display:none}" in style[:narrow]
    assert "svg.broad{display:none}" in style[narrow:]
    assert "svg.narrow{display:block}" in style[narrow:]


def test_sections_fold_without_a_script() -> None:
    page = Page(html(REPORT))
    assert classes(page, "details").count("section") == 4
    summaries = re.findall(
        r'<details class="section"><summary><h2>(.*?)</h2>(.*?)</s', html(REPORT)
    )
    assert [name for name, _ in summaries] == [
        "Same text with and without MTP", "Runs", "Method", "Pair and machine",
    ]  # fmt: skip
    assert all(said for _, said in summaries)
    assert not [a for tag, a in page.tags if tag == "details" and "open" in a]


def test_printing_opens_what_is_folded() -> None:
    style = html(REPORT).split("@media print{\n")[1]
    assert "details::details-content{content-visibility:visible" in style
    assert "tr,figure,.verdict,.figures{break-inside:avoid}" in style


def test_the_answer_stands_large_and_first() -> None:
    page = Page(html(SLOWER))
    assert page.texts["h1"] == [SLOWER.title]
    assert [a.get("class") for tag, a in page.tags if tag == "section"] == ["verdict warning"]
    large = re.findall(r'<p class="large">(.*?)</p>', html(SLOWER))
    assert large == ["0.50×"]  # noqa: RUF001
    assert len(page.texts["dt"]) == 4
    assert re.findall(r'<p class="large">(.*?)</p>', html(REPORT)) == ["No difference"]


def test_names_over_columns_span_them() -> None:
    text = html(REPORT)
    assert '<th scope="colgroup" class="over" colspan="3">Tokens/s</th>' in text
    assert '<th scope="colgroup" class="over" colspan="3">auto against plain</th>' in text
    for table in re.findall(r"<table>.*?</table>", text, re.DOTALL):
        heads = re.findall(r"<tr>.*?</tr>", table.split("</thead>")[0])
        names = heads[-1].count("<th ")
        for over in heads[:-1]:
            assert sum(map(int, re.findall(r'colspan="(\d+)"', over))) == names


def test_numbers_stand_at_the_right_under_their_heads() -> None:
    text = html(REPORT)
    assert '<th scope="col" class="number">Repeat</th>' in text
    assert '<th scope="col">Category</th>' in text
    assert '<tr><td>code</td><td class="number">30.3</td><td class="number best">60.6</td>' in text


def test_a_long_table_ends_with_what_is_left() -> None:
    many = replace(REPORT, identity=Identity(measured=True, comparisons=(PARTED,) * 2007))
    text = html(many)
    assert text.count("<td>code-1</td><td>K 3</td>") == MOST_ROWS + 3  # and the runs
    assert "And 7 more rows, which the JSON and the CSV hold." in text


def test_texts_come_out_as_they_went_in() -> None:
    page = Page(html(SPOILED))
    flat = " ".join(NASTY.split())
    assert page.texts["h1"] == page.texts["title"] == [flat]
    assert flat in page.texts["td"]
    assert page.texts["pre"] == [NASTY, NASTY]


def test_a_slow_down_is_marked_and_said() -> None:
    text = html(SLOWER)
    assert '<td class="number warning">0.50</td>' in text
    assert '<td class="warning">slower</td>' in text
    assert "best" not in {name for one in classes(Page(text), "td") if one for name in one.split()}


def classes(page: Page, tag: str) -> list[str | None]:
    return [attributes.get("class") for name, attributes in page.tags if name == tag]


def test_facts_may_wrap_and_numbers_do_not() -> None:
    """Numbers of charts, speeds, drafts, partings and runs have a head; facts have none."""
    page = Page(html(REPORT))
    assert classes(page, "table") == [None] * (len(charts(REPORT)) + 4) + ["facts"] * 4
    assert html(REPORT).count("<thead>") == len(charts(REPORT)) + 4


def test_what_was_not_measured_is_quiet_and_a_warning_is_not() -> None:
    page = Page(html(WARNED))
    cells = [name for name in classes(page, "td") if name and "absent" in name]
    assert cells.count("absent") == html(WARNED).count(">not measured</td>") > 0
    assert classes(page, "p").count("disturbed") == 1
    assert classes(Page(html(REPORT)), "p").count("disturbed") == 0


def test_no_control_character_reaches_a_page() -> None:
    spoken = html(a_report([a_run("off", 1.0, text="a\x00\x1b[2J\n\tb\x7f")]))
    assert "<pre>a[2J\n\tb</pre>" in spoken
    assert not [c for c in spoken if ord(c) < 32 and c not in "\n\t"]
