"""Reports as the HTML that Qt's text layout reads, in the theme's colours. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat

from app import strings
from mtp_mlx.report import words
from mtp_mlx.report.comparing import Row, SideBySide, side_by_side
from mtp_mlx.report.contents import Headline, Paragraph, Part, Table, contents, head
from mtp_mlx.report.html import Html, right
from mtp_mlx.report.model import Report
from mtp_mlx.report.svg import Palette, quoted
from mtp_mlx.report.writer import write

_NARROW = {
    "Category", "MTP", "Tokens/s", "Speed-up", "95 %", "Against plain", "Drafted in",
    "Tokens/round",
}  # fmt: skip
"""The columns that a small window keeps of the widest table."""

_STYLE = """<style>
body, td, th {{ color: {text}; }}
.name {{ white-space: nowrap; }}
.quiet, th {{ color: {text_muted}; }}
th {{ text-align: left; font-weight: normal; }}
.warning {{ color: {warning}; }}
.faster {{ color: {success}; }}
</style>"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing that stands in the page as the image `name`; its size is in pixels."""

    name: str
    width: int
    height: int


_Pairs = Sequence[tuple[Picture | None, Picture | None]]


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


def report_html(
    report: Report,
    tokens: Mapping[str, str],
    pictures: Iterable[Picture],
    *,
    roomy: bool,
    paired: bool = False,
) -> str:
    """Return the report's page; `roomy` says that its widest table fits, `paired` two charts."""
    page = write(contents(report, brief=True), Page(tuple(pictures), roomy=roomy, paired=paired))
    return _STYLE.format_map(tokens) + page


def comparison_html(
    a: Report, b: Report, tokens: Mapping[str, str], pictures: _Pairs, *, roomy: bool
) -> str:
    """Return both heads in two columns, the ratios, what differs, and the charts in pairs.

    Where the window is not roomy, paired charts stand one below the other: half of it is too small.
    """
    page = Page((), roomy=roomy)
    heads = (f"<b>{name}</b>{write(head(report), page)}" for name, report in (("A", a), ("B", b)))
    return "".join(
        [
            _STYLE.format_map(tokens),
            f'<table width="99%">{_columns(heads)}</table>',
            write(_comparison(side_by_side(a, b)), page),
            *(_beside(pictures) if roomy else _stacked(pictures)),
        ]
    )


def _comparison(both: SideBySide) -> Iterator[Part]:
    yield from (Paragraph(warning, warning=True) for warning in both.warnings)
    slow = frozenset(
        i for i, row in enumerate(both.rows) if row.ratio.has_spread and row.outcome == "slower"
    )
    if both.rows:
        yield Table(strings.COMPARED_HEADS, tuple(map(_compared, both.rows)), slow)
    else:
        yield Paragraph(strings.COMPARED_NO_ROWS)
    differences = tuple((each.name, each.a, each.b) for each in both.differences)
    if differences:
        yield Table(strings.COMPARED_OTHERWISE, differences)
    else:
        yield Paragraph(strings.COMPARED_ALIKE)


def _compared(row: Row) -> tuple[str, ...]:
    ratio = row.ratio
    return (
        words.category(row.category),
        words.mode(row.mode),
        str(row.pairs),
        words.rate(row.a_tps),
        words.rate(row.b_tps),
        words.times(ratio.median),
        words.between(ratio.low, ratio.high) if ratio.has_spread else words.NONE,
        row.verdict,
    )


class Page(Html):
    """The dialect of the window, with the charts that it has drawn as `pictures`."""

    between = ""
    most_rows = 100  # nobody reads more of them here, and laying them out takes time

    def __init__(self, pictures: Sequence[Picture], *, roomy: bool, paired: bool = False) -> None:
        self._pictures = pictures
        self._roomy = roomy
        self._paired = paired

    def title(self, text: str) -> str:
        return f"<h2>{quoted(text)}</h2>"

    def about(self, facts: Iterable[str]) -> str:
        return f'<p class="quiet">{quoted(strings.SEPARATOR.join(facts))}</p>'

    def headline(self, headline: Headline) -> str:
        """Return the ratio as the largest line where the claim is sure, else its verdict."""
        size = "h1" if headline.is_sure else "h2"
        mark = f'<span class="{headline.tone}">'
        facts = quoted(strings.SEPARATOR.join(headline.facts))
        return f"<{size}>{mark}{quoted(headline.large)}</span></{size}><p>{mark}{facts}</span></p>"

    def heading(self, text: str) -> str:
        return f"<h3>{quoted(text)}</h3>"

    def paragraph(self, text: str, *, warning: bool) -> str:
        mark = "warning" if warning else "quiet"
        return f'<p><span class="{mark}">{quoted(text)}</span></p>'

    def charts(self, report: Report) -> str:  # noqa: ARG002 - the window has drawn them
        pictures = self._pictures
        if not self._paired:
            return "".join(f"<p>{_image(picture)}</p>" for picture in pictures)
        pairs = (pictures[i : i + 2] for i in range(0, len(pictures), 2))
        rows = "".join(_columns(map(_image, pair)) for pair in pairs)
        return f'<table width="99%">{rows}</table>'

    def verbatim(self, title: str, text: str) -> str:  # noqa: ARG002 - read in the exports
        return ""

    def table(self, table: Table) -> str:
        return super().table(table if self._roomy else _narrowed(table))

    def names(self, head: Iterable[str], numeric: Container[int]) -> str:
        cells = (f"<th{right(i in numeric)}>{quoted(name)}</th>" for i, name in enumerate(head))
        return f"<tr>{''.join(cells)}</tr>"

    def row(self, cells: Iterable[str], numeric: Container[int], *, warning: bool) -> str:
        """Return the row; its first cell, which is a name, stays on one line."""
        mark = ' class="warning"' if warning else ""
        places = chain([' class="name"'], repeat(""))
        shown = (
            f"<td{right(i in numeric)}><p{place}><span{mark}>{quoted(cell)}</span></p></td>"
            for i, (place, cell) in enumerate(zip(places, cells, strict=False))
        )
        return f"<tr>{''.join(shown)}</tr>"

    def framed(self, head: str, rows: Sequence[str]) -> str:
        """Return the table, as wide as the page; facts, which have no head, keep their width."""
        width = ' width="99%"' if head else ""  # rounding would widen the page
        return f'<table cellpadding="5" cellspacing="0"{width}>{head}{"".join(rows)}</table>'


def _narrowed(table: Table) -> Table:
    """Return the columns of a wide table that a small window has room for."""
    if len(table.head) <= len(_NARROW):
        return table
    kept = [i for i, name in enumerate(table.head) if name in _NARROW]
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    return replace(table, head=tuple(table.head[i] for i in kept), rows=rows)


def _beside(pictures: _Pairs) -> Iterator[str]:
    rows = "".join(_columns(map(_picture, pair)) for pair in pictures)
    yield f'<table width="99%">{rows}</table>'


def _stacked(pictures: _Pairs) -> Iterator[str]:
    for pair in pictures:
        for name, picture in zip("AB", pair, strict=True):
            if picture is not None:
                yield f"<p><b>{name}</b></p><p>{_image(picture)}</p>"


def _columns(cells: Iterable[str]) -> str:
    columns = (f'<td width="50%" valign="top">{cell}</td>' for cell in cells)
    return f"<tr>{''.join(columns)}</tr>"


def _picture(picture: Picture | None) -> str:
    return "" if picture is None else _image(picture)


def _image(picture: Picture) -> str:
    return f'<img src="{picture.name}" width="{picture.width}" height="{picture.height}">'
