"""The page that is printed as PDF: HTML of the few words that Qt's own text layout reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mtp_mlx.report.contents import Heading, Paragraph, Part, Table, Verbatim, details, summary
from mtp_mlx.report.model import Report
from mtp_mlx.report.svg import LIGHT
from mtp_mlx.report.words import line

_HEAD = f"""<style>
body {{ color: {LIGHT.ink}; font-size: 8pt; }}
.title {{ font-size: 16pt; font-weight: bold; }}
.heading {{ font-size: 10pt; font-weight: bold; margin-top: 14px; margin-bottom: 4px; }}
.table {{ font-size: 6.5pt; }}
.warning {{ color: {LIGHT.warning}; font-weight: bold; }}
th {{ color: {LIGHT.quiet}; text-align: left; }}
</style>"""
MOST_ROWS = 500
"""Of a table on paper; a benchmark of ten thousand runs would take half a minute to lay out."""

CHART_WIDTH = 400
"""Of a chart on paper, in the pixels of the layout; two stand side by side."""


def paper(report: Report, charts: int) -> str:
    """`charts` of them stand in it as the images chart:0, chart:1 and so on."""
    return (
        f'{_HEAD}<p class="title">{escape(line(report.title))}</p>'
        f"{''.join(map(_element, summary(report)))}"
        f"{''.join(_side_by_side(charts))}"
        f"{''.join(map(_element, details(report)))}"
    )


def _side_by_side(charts: int) -> Iterator[str]:
    images = [f'<td><img src="chart:{i}" width="{CHART_WIDTH}"></td>' for i in range(charts)]
    rows = (f"<tr>{''.join(images[i : i + 2])}</tr>" for i in range(0, len(images), 2))
    yield f'<table cellpadding="4">{"".join(rows)}</table>'


def _element(part: Part) -> str:
    match part:
        case Heading():
            return _heading(line(part.text))
        case Paragraph():
            mark = ' class="warning"' * part.warning
            return f"<p{mark}>{escape(line(part.text))}</p>"
        case Table():
            return _table(part)
        case Verbatim():
            lines = "<br>".join(escape(line(one)) for one in part.text.splitlines())
            return f"{_heading(part.title)}<p>{lines}</p>"


def _heading(words: str) -> str:
    """Not h2, whose size Qt takes from its own scale."""
    return f'<p class="heading">{escape(words)}</p>'


def _table(part: Table) -> str:
    left = len(part.rows) - MOST_ROWS
    rest = f"<p>And {left} more, which the JSON and the CSV hold.</p>" * (left > 0)
    head = f"<thead><tr>{''.join(map(_named, part.head))}</tr></thead>" if any(part.head) else ""
    rows = "".join(
        f"<tr>{''.join(_cell(cell, warning=i in part.warnings) for cell in row)}</tr>"
        for i, row in enumerate(part.rows[:MOST_ROWS])
    )
    return f'<table class="table" cellpadding="2" cellspacing="0">{head}{rows}</table>{rest}'


def _named(words: str) -> str:
    return f"<th>{escape(words)}&nbsp;&nbsp;</th>"


def _cell(words: str, *, warning: bool) -> str:
    mark = ' class="warning"' * warning
    return f"<td><span{mark}>{escape(line(words))}&nbsp;&nbsp;</span></td>"
