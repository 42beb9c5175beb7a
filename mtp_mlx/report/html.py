"""Reports as HTML for a browser. Pure.

The page holds its charts, is light and dark, fits a telephone and a wide screen, can be printed,
folds sections without a script, and loads nothing.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from mtp_mlx.report import tables
from mtp_mlx.report.answer import Figure, Verdict
from mtp_mlx.report.contents import Folded, Part, contents
from mtp_mlx.report.model import Report
from mtp_mlx.report.sheet import NARROW, Chart
from mtp_mlx.report.svg import DARK, LIGHT, NAMED, quoted, variables
from mtp_mlx.report.tables import Cell, Table
from mtp_mlx.report.words import NONE, NOT_MEASURED, Fact, count, whole
from mtp_mlx.report.writer import SEPARATOR, Dialect, write

MOST_ROWS = 2000
"""The most rows of a table that a page shows; a browser takes long to lay out more."""

_STYLE = f"""
:root{{color-scheme:light dark;{variables(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{{variables(DARK)}}}}}
@media print{{:root{{color-scheme:light;{variables(LIGHT)}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 -apple-system,
"Segoe UI",system-ui,sans-serif;-webkit-text-size-adjust:100%}}
main{{max-width:1360px;margin:0 auto;padding:clamp(1rem,4vw,3.5rem) clamp(1rem,4vw,3rem) 4rem}}
h1{{font-size:clamp(1.35rem,1rem + 1.8vw,2.1rem);line-height:1.2;letter-spacing:-.015em;
margin:0 0 .4rem;overflow-wrap:anywhere;text-wrap:balance}}
h2{{font-size:1.15rem;line-height:1.3;margin:2.6rem 0 .7rem}}
h3{{font-size:1rem;margin:1.4rem 0 .4rem}}
p{{max-width:75ch;overflow-wrap:anywhere}}
.quiet{{color:var(--quiet);margin:.2rem 0}}
.verdict{{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 2rem;margin:1.6rem 0 1.2rem;
padding:1.1rem 1.4rem;border:1px solid var(--grid);border-left:6px solid var(--quiet);
border-radius:12px}}
.verdict.faster{{border-left-color:var(--series-1)}}
.verdict.warning{{border-left-color:var(--warning)}}
.verdict .large{{font-size:clamp(1.9rem,1.2rem + 2.6vw,3.2rem);font-weight:700;line-height:1.1;
letter-spacing:-.02em;margin:0;font-variant-numeric:tabular-nums}}
.verdict.plain .large{{font-size:clamp(1.4rem,1rem + 1.4vw,2rem)}}
.faster .large{{color:var(--series-1)}}
.warning .large{{color:var(--warning)}}
.verdict div{{flex:1 1 18rem}}
.verdict p{{margin:.1rem 0;font-size:1.08rem}}
.verdict .drafted{{font-size:1rem;color:var(--quiet)}}
.figures{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr));
gap:.8rem;margin:0 0 1.2rem}}
.figures div{{border:1px solid var(--grid);border-radius:12px;padding:.8rem 1.1rem}}
.figures dt{{color:var(--quiet);font-size:.86rem}}
.figures dd{{margin:.1rem 0 0;font-size:1.5rem;font-weight:650;line-height:1.25;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}}
.figures .note{{font-size:.86rem;font-weight:400;color:var(--quiet)}}
.disturbed{{max-width:none;border-left:3px solid var(--warning);padding:.1rem 0 .1rem .9rem}}
.disturbed b{{font-weight:600}}
.charts{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));
gap:1.6rem 2rem;margin:2rem 0;align-items:start}}
figure{{margin:0;min-width:0}}
figure svg{{display:block;width:100%;height:auto}}
figure svg.narrow{{display:none}}
.wide{{overflow-x:auto}}
table{{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums;
margin:.2rem 0 1rem}}
th,td{{text-align:left;padding:.34rem .9rem .34rem 0;border-bottom:1px solid var(--grid);
vertical-align:top;white-space:nowrap}}
th{{color:var(--quiet);font-weight:600}}
th.over{{text-align:center;border-bottom:1px solid var(--quiet);padding:.2rem .5rem}}
td.number,th.number{{text-align:right}}
td:first-child{{font-weight:500}}
tr:hover td{{background:color-mix(in srgb,var(--grid) 35%,transparent)}}
td.best{{font-weight:750}}
td.warning{{color:var(--warning);font-weight:650}}
td.absent{{color:var(--quiet)}}
.facts td{{white-space:normal;overflow-wrap:anywhere;font-weight:400}}
.facts td:first-child{{color:var(--quiet);white-space:nowrap}}
details{{border-top:1px solid var(--grid)}}
details.section{{margin:0;padding:.2rem 0}}
details.section:last-of-type{{border-bottom:1px solid var(--grid)}}
summary{{cursor:pointer;padding:.7rem 0;color:var(--quiet);overflow-wrap:anywhere}}
summary h2{{display:inline;margin:0 .7rem 0 .2rem;color:var(--ink)}}
summary:focus-visible{{outline:2px solid var(--series-1);outline-offset:2px;border-radius:4px}}
figure details{{border:0;font-size:.86rem}}
figure summary{{padding:.3rem 0 .3rem .5rem}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--grid);
padding:.2rem 1rem;font:13px/1.55 ui-monospace,Menlo,monospace}}
@media (max-width:520px){{
figure svg.broad{{display:none}}
figure svg.narrow{{display:block}}
.facts td:first-child{{white-space:normal}}
th,td{{padding-right:.7rem}}
}}
@media print{{
@page{{margin:14mm}}
*{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
main{{max-width:none;padding:0}}
body{{font-size:10.5px}}
.wide{{overflow:visible}}
.charts{{grid-template-columns:1fr 1fr}}
.figures{{grid-template-columns:repeat(4,1fr)}}
details::details-content{{content-visibility:visible;display:block}}
figure details{{display:none}}
tr,figure,.verdict,.figures{{break-inside:avoid}}
h2,h3,summary{{break-after:avoid}}
}}
"""


def html(report: Report) -> str:
    """Return a page that needs nothing else."""
    return html_page(report.title, contents(report))


def html_page(title: str, parts: Iterable[Part]) -> str:
    """Return a page of the parts that needs nothing else."""
    return page(title, write(parts, _Browser()))


def page(title: str, body: str) -> str:
    """Return a whole page around `body`. Its policy allows its own style and nothing else."""
    seal = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{quoted(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


class _Browser(Dialect):
    between = "\n"

    def title(self, text: str) -> str:
        return f"<h1>{quoted(text)}</h1>"

    def about(self, facts: Sequence[str]) -> str:
        return f'<p class="quiet">{quoted(SEPARATOR.join(facts))}</p>'

    def verdict(self, verdict: Verdict) -> str:
        drafted = f'<p class="drafted">{quoted(verdict.drafted)}</p>' if verdict.drafted else ""
        return (
            f'<section class="verdict {verdict.tone}"><p class="large">{quoted(verdict.large)}</p>'
            f"<div><p>{quoted(verdict.text)}</p>{drafted}</div></section>"
        )

    def figures(self, figures: Sequence[Figure]) -> str:
        tiles = (
            f"<div><dt>{quoted(one.name)}</dt><dd>{quoted(one.value)}</dd>"
            + (f'<dd class="note">{quoted(one.note)}</dd>' if one.note else "")
            + "</div>"
            for one in figures
        )
        return f'<dl class="figures">{"".join(tiles)}</dl>'

    def disturbed(self, text: str) -> str:
        return f'<p class="disturbed"><b>What disturbed this run:</b> {quoted(text)}</p>'

    def heading(self, text: str) -> str:
        return f"<h2>{quoted(text)}</h2>"

    def paragraph(self, text: str) -> str:
        return f'<p class="quiet">{quoted(text)}</p>'

    def charts(self, charts: Sequence[Chart]) -> str:
        figures = "".join(map(self._figure, charts))
        return f'<div class="charts">{figures}</div>'

    def _figure(self, chart: Chart) -> str:
        """Return the chart for wide and for narrow screens, and its numbers folded below it."""
        broad = chart.svg(NAMED).replace("<svg ", '<svg class="broad" ', 1)
        narrow = chart.svg(NAMED, NARROW).replace("<svg ", '<svg class="narrow" ', 1)
        return (
            f"<figure>{broad}{narrow}<details><summary>Numbers of this chart</summary>"
            f"{self.table(chart.numbers)}</details></figure>"
        )

    def table(self, table: Table) -> str:
        rows = "\n".join(_row(table, i, row) for i, row in enumerate(table.rows[:MOST_ROWS]))
        left = len(table.rows) - MOST_ROWS
        more = f"<p>And {count(left)} more rows, which the JSON and the CSV hold.</p>"
        rest = more if left > 0 else ""
        return (
            f'<div class="wide"><table><thead>{_heads(table)}</thead><tbody>\n{rows}\n</tbody>'
            f"</table></div>{rest}"
        )

    def facts(self, facts: Sequence[Fact]) -> str:
        rows = "\n".join(
            f"<tr><td>{quoted(fact.name)}</td><td{_absent(fact.value)}>{quoted(fact.value)}</td></tr>"
            for fact in facts
        )
        return f'<div class="wide"><table class="facts"><tbody>\n{rows}\n</tbody></table></div>'

    def verbatim(self, title: str, text: str) -> str:
        return f"<h3>{quoted(title)}</h3>\n<pre>{escape(whole(text))}</pre>"

    def folded(self, section: Folded) -> str:
        return (
            f'<details class="section"><summary><h2>{quoted(section.name)}</h2>'
            f"{quoted(section.summary)}</summary>\n{write(section.parts, self)}\n</details>"
        )


def _heads(table: Table) -> str:
    over = "".join(
        f'<th scope="colgroup" class="over" colspan="{span.columns}">{quoted(span.name)}</th>'
        if span.name
        else f'<td colspan="{span.columns}"></td>'
        for span in tables.spans(table)
    )
    names = "".join(
        f'<th scope="col"{_class("number" * column.is_number)}>{quoted(column.name)}</th>'
        for column in table.columns
    )
    return f"{f'<tr>{over}</tr>' if over else ''}<tr>{names}</tr>"


def _row(table: Table, i: int, row: Sequence[str]) -> str:
    cells = (
        f"<td{_class(*_marks(table, Cell(i, j), cell))}>{quoted(cell)}</td>"
        for j, cell in enumerate(row)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _marks(table: Table, place: Cell, text: str) -> Sequence[str]:
    return (
        "number" * table.columns[place.column].is_number,
        "best" * (place in table.best),
        "warning" * (place in table.warnings),
        "absent" * (text in {NONE, NOT_MEASURED}),
    )


def _absent(text: str) -> str:
    return _class("absent" * (text in {NONE, NOT_MEASURED}))


def _class(*names: str) -> str:
    kept = " ".join(filter(None, names))
    return f' class="{kept}"' if kept else ""
