"""The page: self-contained, in both themes, and no text can become a part of it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from mtp_mlx.report.html import html
from mtp_mlx.report.model import Report
from tests.report.samples import NASTY, REPORT, SLOWER, SPOILED, WARNED, a_report, a_run

OPEN = {"meta", "rect", "line", "polyline"}  # without an end of their own


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


def test_charts_and_tables_are_in_it() -> None:
    page = Page(html(REPORT))
    assert sum(tag == "svg" for tag, _ in page.tags) == 4
    assert sum(tag == "table" for tag, _ in page.tags) == 8
    assert "2.00×" in page.texts["td"]  # noqa: RUF001


def test_texts_come_out_as_they_went_in() -> None:
    page = Page(html(SPOILED))
    flat = " ".join(NASTY.split())
    assert page.texts["h1"] == page.texts["title"] == [flat]
    assert flat in page.texts["td"]
    assert page.texts["pre"] == [NASTY, NASTY]


def test_a_slow_down_is_marked_and_said() -> None:
    page = Page(html(SLOWER))
    assert "slower" in page.texts["td"]
    assert [a for tag, a in page.tags if tag == "tr" and a.get("class") == "warning"]


def classes(page: Page, tag: str) -> list[str | None]:
    return [attributes.get("class") for name, attributes in page.tags if name == tag]


def test_facts_may_wrap_and_numbers_do_not() -> None:
    """Summary, positions, runs and identity have a head; pair, settings and the like have none."""
    assert classes(Page(html(REPORT)), "table") == [None] * 4 + ["facts"] * 4
    assert html(REPORT).count("<thead>") == 4


def test_what_was_not_measured_is_quiet_and_a_warning_is_not() -> None:
    page = Page(html(WARNED))
    cells = [name for name in classes(page, "td") if name and "absent" in name]
    assert len(cells) * ["absent"] == ["absent"] * html(WARNED).count(">not measured<") != []
    assert classes(page, "p").count("warning") == 10


def test_no_control_character_reaches_a_page() -> None:
    spoken = html(a_report([a_run("off", 1.0, text="a\x00\x1b[2J\n\tb\x7f")]))
    assert "<pre>a[2J\n\tb</pre>" in spoken
    assert not [c for c in spoken if ord(c) < 32 and c not in "\n\t"]
