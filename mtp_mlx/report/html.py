"""A report as one HTML page: charts inside, light and dark, printable; no script, no request."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from html import escape

from mtp_mlx.report.charts import charts
from mtp_mlx.report.contents import Heading, Paragraph, Part, Table, Verbatim, details, summary
from mtp_mlx.report.model import Report
from mtp_mlx.report.svg import DARK, LIGHT, NAMED, variables
from mtp_mlx.report.words import NOT_MEASURED, line

_STYLE = f"""
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
    """Its style is the only one that may apply, and nothing else may load or run."""
    title = escape(line(report.title))
    seal = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    drawn = "".join(chart.svg for chart in charts(report, NAMED))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n{elements(summary(report))}\n"
        f'<div class="charts">{drawn}</div>\n{elements(details(report))}\n'
        "</main>\n</body>\n</html>\n"
    )


def elements(parts: Iterable[Part]) -> str:
    return "\n".join(map(_element, parts))


def _element(part: Part) -> str:
    match part:
        case Heading():
            return f"<h2>{escape(line(part.text))}</h2>"
        case Paragraph():
            mark = ' class="warning"' * part.warning
            return f"<p{mark}>{escape(line(part.text))}</p>"
        case Table():
            return _table(part)
        case Verbatim():
            kept = "".join(c for c in part.text if c in "\n\t " or line(c))
            return f"<h3>{escape(part.title)}</h3>\n<pre>{escape(kept)}</pre>"


def _table(part: Table) -> str:
    """A head without a word is none: facts have their names at the left."""
    facts = not any(part.head)
    head = "" if facts else f"<thead>{_row(part.head, _named)}</thead>"
    body = "\n".join(
        _row(row, _cell, ' class="warning"' * (i in part.warnings))
        for i, row in enumerate(part.rows)
    )
    kind = ' class="facts"' * facts
    return f'<div class="wide"><table{kind}>{head}<tbody>\n{body}\n</tbody></table></div>'


def _row(cells: Iterable[str], show: Callable[[str], str], mark: str = "") -> str:
    return f"<tr{mark}>{''.join(map(show, cells))}</tr>"


def _named(words: str) -> str:
    return f'<th scope="col">{escape(words)}</th>'


def _cell(words: str) -> str:
    mark = ' class="absent"' * (words == NOT_MEASURED)
    return f"<td{mark}>{escape(line(words))}</td>"
