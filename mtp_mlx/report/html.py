"""Reports as HTML: the page for a browser, and the page that Qt prints as PDF. Pure.

The browser's page holds its charts, is light and dark, can be printed, and runs no script and loads
nothing. The printed page has only the elements that Qt's text layout knows.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Container, Iterable, Sequence
from html import escape
from typing import ClassVar

from mtp_mlx.report.charts import charts
from mtp_mlx.report.contents import Table, contents
from mtp_mlx.report.model import Report
from mtp_mlx.report.svg import DARK, LIGHT, NAMED, quoted, variables
from mtp_mlx.report.words import NOT_MEASURED, line
from mtp_mlx.report.writer import Dialect, write


class Html(Dialect):
    """The part of a dialect that all HTML pages share: a table, row by row."""

    most_rows: ClassVar[int | None] = None
    """The most rows of a table that are shown; laying out more takes too long."""

    def table(self, table: Table) -> str:
        numeric = table.numeric
        rows = [
            self.row(row, numeric, warning=i in table.warnings)
            for i, row in enumerate(table.rows[: self.most_rows])
        ]
        left = len(table.rows) - len(rows)
        rest = f"<p>And {left} more, which the JSON and the CSV hold.</p>" if left else ""
        return self.framed(self.names(table.head, numeric) if table.head else "", rows) + rest

    @abstractmethod
    def names(self, head: Iterable[str], numeric: Container[int]) -> str: ...

    @abstractmethod
    def row(self, cells: Iterable[str], numeric: Container[int], *, warning: bool) -> str: ...

    @abstractmethod
    def framed(self, head: str, rows: Sequence[str]) -> str: ...


_BROWSER_STYLE = f"""
:root{{color-scheme:light dark;{variables(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{{variables(DARK)}}}}}
@media print{{:root{{color-scheme:light;{variables(LIGHT)}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}}
main{{max-width:1320px;margin:0 auto;padding:2rem 1.25rem 4rem}}
h1{{font-size:1.6rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}}
h2{{font-size:1.15rem;margin:2.2rem 0 .6rem}}
h3{{font-size:1rem}}
.wide{{overflow-x:auto}}
table{{border-collapse:collapse;font-size:.87rem;font-variant-numeric:tabular-nums}}
th,td{{text-align:left;padding:.32rem .75rem .32rem 0;border-bottom:1px solid var(--grid);
vertical-align:top}}
td{{white-space:nowrap}}
.facts td{{white-space:normal;overflow-wrap:anywhere}}
th{{color:var(--quiet);font-weight:600}}
.warning,.warning td{{color:var(--warning);font-weight:600}}
th.number,td.number{{text-align:right;padding:.32rem 0 .32rem .75rem}}
.absent{{color:var(--quiet);font-weight:400}}
.charts{{display:flex;flex-wrap:wrap;gap:1.5rem 2rem;margin:1.5rem 0}}
.charts svg{{max-width:100%;height:auto;break-inside:avoid}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--grid);
padding:.2rem 1rem}}
@media print{{
@page{{size:A4 landscape;margin:12mm}}
*{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
main{{max-width:none;padding:0}}
body{{font-size:11px}}
table{{font-size:9px}}
.wide{{overflow:visible}}
tr,svg{{break-inside:avoid}}
h2,h3{{break-after:avoid}}
}}
"""


def html(report: Report) -> str:
    """Return a page that needs nothing else. Its policy allows its own style and nothing else."""
    seal = b64encode(hashlib.sha256(_BROWSER_STYLE.encode()).digest()).decode()
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{quoted(report.title)}</title>\n<style>{_BROWSER_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{write(contents(report), _Browser())}\n</main>\n</body>\n</html>\n"
    )


class _Browser(Html):
    between = "\n"

    def title(self, text: str) -> str:
        return f"<h1>{quoted(text)}</h1>"

    def heading(self, text: str) -> str:
        return f"<h2>{quoted(text)}</h2>"

    def paragraph(self, text: str, *, warning: bool) -> str:
        return f"<p{_mark(warning=warning)}>{quoted(text)}</p>"

    def charts(self, report: Report) -> str:
        drawn = "".join(chart.svg for chart in charts(report, NAMED))
        return f'<div class="charts">{drawn}</div>'

    def verbatim(self, title: str, text: str) -> str:
        kept = "".join(c for c in text if c in "\n\t " or line(c))
        return f"<h3>{quoted(title)}</h3>\n<pre>{escape(kept)}</pre>"

    def names(self, head: Iterable[str], numeric: Container[int]) -> str:
        cells = (
            f'<th scope="col"{_class("number" * (i in numeric))}>{quoted(name)}</th>'
            for i, name in enumerate(head)
        )
        return f"<thead><tr>{''.join(cells)}</tr></thead>"

    def row(self, cells: Iterable[str], numeric: Container[int], *, warning: bool) -> str:
        shown = (_cell(cell, number=i in numeric) for i, cell in enumerate(cells))
        return f"<tr{_mark(warning=warning)}>{''.join(shown)}</tr>"

    def framed(self, head: str, rows: Sequence[str]) -> str:
        """Return the table. One without a head holds facts, whose long values may wrap."""
        kind = "" if head else ' class="facts"'
        body = "\n".join(rows)
        return f'<div class="wide"><table{kind}>{head}<tbody>\n{body}\n</tbody></table></div>'


def _mark(*, warning: bool) -> str:
    return _class("warning" * warning)


def _class(*names: str) -> str:
    kept = " ".join(filter(None, names))
    return f' class="{kept}"' if kept else ""


def _cell(text: str, *, number: bool) -> str:
    mark = _class("absent" * (text == NOT_MEASURED), "number" * number)
    return f"<td{mark}>{quoted(text)}</td>"


def right(number: bool) -> str:
    """Return the attribute that puts a number at the right of its cell, for Qt's text layout."""
    return ' align="right"' if number else ""


_PAPER_STYLE = f"""<style>
body {{ color: {LIGHT.ink}; font-size: 8pt; }}
.title {{ font-size: 16pt; font-weight: bold; }}
.heading {{ font-size: 10pt; font-weight: bold; margin-top: 14px; margin-bottom: 4px; }}
.table {{ font-size: 6.5pt; }}
.warning {{ color: {LIGHT.warning}; font-weight: bold; }}
th {{ color: {LIGHT.quiet}; text-align: left; }}
</style>"""
CHART_WIDTH = 400
"""Width of a printed chart, in pixels of the layout; two stand side by side."""


def paper(report: Report, charts: int) -> str:
    """Return the page to print, with `charts` charts as the images chart:0, chart:1 and so on."""
    return _PAPER_STYLE + write(contents(report), Paper(charts))


class Paper(Html):
    between = ""
    most_rows = 500  # a benchmark of ten thousand runs would take half a minute to lay out

    def __init__(self, charts: int) -> None:
        self._charts = charts

    def title(self, text: str) -> str:
        return f'<p class="title">{quoted(text)}</p>'

    def heading(self, text: str) -> str:
        """Return a paragraph: the size of an h2 would be Qt's own."""
        return f'<p class="heading">{quoted(text)}</p>'

    def paragraph(self, text: str, *, warning: bool) -> str:
        return f"<p{_mark(warning=warning)}>{quoted(text)}</p>"

    def charts(self, report: Report) -> str:  # noqa: ARG002 - the painter has drawn them
        images = [
            f'<td><img src="chart:{i}" width="{CHART_WIDTH}"></td>' for i in range(self._charts)
        ]
        rows = (f"<tr>{''.join(images[i : i + 2])}</tr>" for i in range(0, len(images), 2))
        return f'<table cellpadding="4">{"".join(rows)}</table>'

    def verbatim(self, title: str, text: str) -> str:
        return f"{self.heading(title)}<p>{'<br>'.join(map(quoted, text.splitlines()))}</p>"

    def names(self, head: Iterable[str], numeric: Container[int]) -> str:
        cells = (
            f"<th{right(i in numeric)}>{quoted(name)}&nbsp;&nbsp;</th>"
            for i, name in enumerate(head)
        )
        return f"<thead><tr>{''.join(cells)}</tr></thead>"

    def row(self, cells: Iterable[str], numeric: Container[int], *, warning: bool) -> str:
        mark = _mark(warning=warning)
        shown = (
            f"<td{right(i in numeric)}><span{mark}>{quoted(cell)}&nbsp;&nbsp;</span></td>"
            for i, cell in enumerate(cells)
        )
        return f"<tr>{''.join(shown)}</tr>"

    def framed(self, head: str, rows: Sequence[str]) -> str:
        return f'<table class="table" cellpadding="2" cellspacing="0">{head}{"".join(rows)}</table>'
