"""Reports as the HTML that Qt's text layout reads, in the theme's colours. Pure.

Sections fold by links: a click on `fold:NAME` asks for the page with that section turned over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from app import strings
from mtp_mlx.report import tables
from mtp_mlx.report.answer import Figure, Verdict
from mtp_mlx.report.comparing import comparison
from mtp_mlx.report.contents import Charts, Folded, Heading, Part, contents
from mtp_mlx.report.model import Report
from mtp_mlx.report.sheet import Chart
from mtp_mlx.report.svg import Palette, quoted
from mtp_mlx.report.tables import Cell, Table
from mtp_mlx.report.words import NONE, NOT_MEASURED, Fact, count
from mtp_mlx.report.writer import SEPARATOR, Dialect, write

MOST_ROWS = 100
"""The most rows of a table in the window: laying out more takes time, and nobody reads them."""
_FOLD = "fold:"
_WHOLE = 'width="99%"'  # of a table: rounding at 100 % would widen the page
_CLOSED, _OPEN = "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}", "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"
_FIGURES = 4  # beside each other in a page that is roomy

_STYLE = """<style>
body, td, th, p, h1, h3 {{ color: {text}; }}
a {{ color: {text}; text-decoration: none; }}
.quiet, th {{ color: {text_muted}; }}
th {{ font-weight: normal; }}
.warning {{ color: {warning}; }}
.faster {{ color: {success}; }}
.best {{ font-weight: bold; }}
</style>"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing that stands in the page as the image `name`; its size is in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a page looks: the theme's colours, its width in pixels, and the sections unfolded."""

    tokens: Mapping[str, str]
    width: int
    unfolded: Collection[str] = ()

    @property
    def is_roomy(self) -> bool:
        """Whether figures and charts stand beside each other."""
        return self.width >= ROOMY


ROOMY = 760
"""The width in pixels from which on two charts stand beside each other."""


def palette(tokens: Mapping[str, str]) -> Palette:
    """Return a theme's colours for charts. Raises KeyError where it lacks one."""
    return Palette(
        paper=tokens["surface"],
        ink=tokens["text"],
        quiet=tokens["text_muted"],
        grid=tokens["chart_grid"],
        warning=tokens["warning"],
        series=(tokens["chart_plain"], tokens["chart_mtp"], tokens["target"], tokens["success"]),
    )


def page_parts(report: Report, beside: Report | None) -> tuple[Part, ...]:
    """Return the parts of a report's page, or of the page of two that are compared."""
    return tuple(contents(report) if beside is None else comparison(report, beside))


def page_charts(parts: Sequence[Part]) -> list[Chart]:
    """Return the charts of a page in order, for the window to draw."""
    return [chart for part in parts if isinstance(part, Charts) for chart in part.charts]


def page_html(parts: Sequence[Part], pictures: Sequence[Picture], look: Look) -> str:
    """Return the page, with its charts as `pictures`."""
    return _STYLE.format_map(look.tokens) + write(parts, Page(pictures, look))


def folded_name(link: str) -> str | None:
    """Return the section that a link of the page turns over; None for any other link."""
    return unquote(link.removeprefix(_FOLD)) if link.startswith(_FOLD) else None


class Page(Dialect):
    """The dialect of the window, with the charts that it has drawn as `pictures`."""

    between = ""

    def __init__(self, pictures: Sequence[Picture], look: Look) -> None:
        self._pictures = pictures
        self._look = look

    def title(self, text: str) -> str:
        return f"<h1>{quoted(text)}</h1>"

    def about(self, facts: Sequence[str]) -> str:
        return f'<p class="quiet">{quoted(SEPARATOR.join(facts))}</p>'

    def verdict(self, verdict: Verdict) -> str:
        """Return the ratio or the word large, and the sentence below it."""
        size = "xx-large" if verdict.tone != "plain" else "x-large"
        drafted = verdict.drafted and f'<br><span class="quiet">{quoted(verdict.drafted)}</span>'
        raised = self._look.tokens["surface_raised"]
        return (
            f'<table {_WHOLE} cellpadding="16" cellspacing="0" bgcolor="{raised}"><tr><td>'
            f'<span class="{verdict.tone}" style="font-size: {size}; font-weight: bold">'
            f"{quoted(verdict.large)}</span><br>{quoted(verdict.text)}{drafted}</td></tr></table>"
        )

    def figures(self, figures: Sequence[Figure]) -> str:
        beside = _FIGURES if self._look.is_roomy else 2
        rows = (figures[i : i + beside] for i in range(0, len(figures), beside))
        cells = "".join(f"<tr>{''.join(map(_figure, row))}</tr>" for row in rows)
        return f'<table {_WHOLE} cellpadding="10" cellspacing="0">{cells}</table>'

    def disturbed(self, text: str) -> str:
        told = f"{quoted(strings.REPORT_DISTURBED)} {quoted(text)}"
        return f'<p><span class="warning">\N{BLACK DIAMOND} </span>{told}</p>'

    def heading(self, text: str) -> str:
        return f"<h3>{quoted(text)}</h3>"

    def paragraph(self, text: str) -> str:
        return f'<p class="quiet">{quoted(text)}</p>'

    def charts(self, charts: Sequence[Chart]) -> str:
        """Return the images, and the charts' numbers folded below them."""
        numbers = Folded(
            strings.REPORT_CHART_NUMBERS,
            "",
            tuple(part for chart in charts for part in (_titled(chart), chart.numbers)),
        )
        return self._images() + self.folded(numbers)

    def _images(self) -> str:
        if not self._look.is_roomy:
            return "".join(f"<p>{_image(picture)}</p>" for picture in self._pictures)
        pairs = (self._pictures[i : i + 2] for i in range(0, len(self._pictures), 2))
        rows = "".join(f"<tr>{''.join(map(_half, pair))}</tr>" for pair in pairs)
        return f"<table {_WHOLE}>{rows}</table>"

    def table(self, table: Table) -> str:
        shown = "".join(_row(table, i, row) for i, row in enumerate(table.rows[:MOST_ROWS]))
        left = len(table.rows) - MOST_ROWS
        rest = strings.REPORT_MORE_ROWS.format(count=count(left)) if left > 0 else ""
        return f'<table cellpadding="5" cellspacing="0">{_heads(table)}{shown}</table>' + (
            f'<p class="quiet">{quoted(rest)}</p>' if rest else ""
        )

    def facts(self, facts: Sequence[Fact]) -> str:
        rows = (
            f'<tr><td><span class="quiet">{quoted(fact.name)}</span></td>'
            f"<td>{_value(fact.value)}</td></tr>"
            for fact in facts
        )
        return f'<table cellpadding="4" cellspacing="0">{"".join(rows)}</table>'

    def verbatim(self, title: str, text: str) -> str:  # noqa: ARG002 - read in the exports
        return ""

    def folded(self, section: Folded) -> str:
        """Return the section's name as a link that turns it over; its parts where it is open."""
        is_open = section.name in self._look.unfolded
        mark = _OPEN if is_open else _CLOSED
        summary = f'&nbsp; <span class="quiet">{quoted(section.summary)}</span>'
        name = f"{mark}&nbsp;<b>{quoted(section.name)}</b>"
        link = f'<a href="{_FOLD}{quote(section.name)}">{name}</a>'
        head = f"<p>{link}{summary if section.summary else ''}</p>"
        return head + (write(section.parts, self) if is_open else "")


def _figure(figure: Figure) -> str:
    note = f'<br><span class="quiet">{quoted(figure.note)}</span>' if figure.note else ""
    value = f'<span style="font-size: large; font-weight: bold">{quoted(figure.value)}</span>'
    name = f'<span class="quiet">{quoted(figure.name)}</span>'
    return f'<td valign="top">{name}<br>{value}{note}</td>'


def _titled(chart: Chart) -> Heading:
    return Heading(chart.title)


def _heads(table: Table) -> str:
    spans = "".join(
        f'<th colspan="{span.columns}" align="center">{quoted(span.name)}</th>'
        for span in tables.spans(table)
    )
    names = "".join(
        f'<th align="{"right" if column.is_number else "left"}">{quoted(column.name)}</th>'
        for column in table.columns
    )
    return f"{f'<tr>{spans}</tr>' if spans else ''}<tr>{names}</tr>"


def _row(table: Table, i: int, row: Iterable[str]) -> str:
    return f"<tr>{''.join(_cells(table, i, row))}</tr>"


def _cells(table: Table, i: int, row: Iterable[str]) -> Iterator[str]:
    """Yield a row's cells; names, which stand first, and numbers stay on one line."""
    for j, (column, text) in enumerate(zip(table.columns, row, strict=True)):
        place = Cell(i, j)
        mark = "best" if place in table.best else "warning" if place in table.warnings else ""
        shown = quoted(text)
        if j == 0 or column.is_number:
            shown = shown.replace(" ", "&nbsp;")
        side = ' align="right"' if column.is_number else ""
        yield f"<td{side}>{_marked(shown, mark or _absence(text))}</td>"


def _value(text: str) -> str:
    return _marked(quoted(text), _absence(text))


def _absence(text: str) -> str:
    return "quiet" if text in {NONE, NOT_MEASURED} else ""


def _marked(html: str, mark: str) -> str:
    return f'<span class="{mark}">{html}</span>' if mark else html


def _half(picture: Picture) -> str:
    return f'<td width="50%" valign="top">{_image(picture)}</td>'


def _image(picture: Picture) -> str:
    return f'<img src="{picture.name}" width="{picture.width}" height="{picture.height}">'
