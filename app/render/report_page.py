"""Reports as the HTML that Qt's text layout reads, in the theme's colours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from app import strings
from mtp_mlx.report import words
from mtp_mlx.report.comparing import Row, side_by_side
from mtp_mlx.report.contents import Heading, Paragraph, Part, Table, circumstances, summary
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Report
from mtp_mlx.report.notes import notes
from mtp_mlx.report.svg import Palette
from mtp_mlx.report.words import line

MOST_ROWS = 100
"""Of a table on the screen; nobody reads more of them, and laying them out takes time."""

_NARROW = {
    "Category", "MTP", "Tokens/s", "Speed-up", "95 %", "Against plain", "Acceptance", words.TAU,
}  # fmt: skip
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
    """A drawing to stand in the page as the image `name`, in pixels."""

    name: str
    width: int
    height: int


_Pairs = Sequence[tuple[Picture | None, Picture | None]]


def palette(tokens: Mapping[str, str]) -> Palette:
    """A theme's colours for charts; raises KeyError where it lacks one."""
    return Palette(
        paper=tokens["surface"],
        ink=tokens["text"],
        quiet=tokens["text_muted"],
        grid=tokens["chart_grid"],
        warning=tokens["warning"],
        series=(tokens["chart_plain"], tokens["chart_mtp"], tokens["target"], tokens["success"]),
    )


def report_html(
    report: Report, tokens: Mapping[str, str], pictures: Iterable[Picture], *, roomy: bool
) -> str:
    parts = [*summary(report), *(Paragraph(said, warning=True) for said in notes(report))]
    return "".join(
        [
            _STYLE.format_map(tokens),
            *_head(report),
            *(_element(part, roomy=roomy) for part in parts),
            *(f"<p>{_image(picture)}</p>" for picture in pictures),
            *(_element(part, roomy=roomy) for part in circumstances(report)),
        ]
    )


def comparison_html(
    a: Report,
    b: Report,
    tokens: Mapping[str, str],
    pictures: _Pairs,
    *,
    roomy: bool,
) -> str:
    """Both heads in two columns, the ratios, what differs, and the charts in pairs.

    A chart in half a small window could not be read: there they stand one below the other.
    """
    found = side_by_side(a, b)
    heads = (f"<b>{name}</b>{''.join(_head(one))}" for name, one in (("A", a), ("B", b)))
    parts: list[Part] = [Paragraph(strings.COMPARED_NO_ROWS)]
    if found.rows:
        slow = frozenset(i for i, row in enumerate(found.rows) if row.ratio.median < 1)
        parts = [Table(strings.COMPARED_HEADS, tuple(map(_compared, found.rows)), slow)]
    differences = tuple((one.name, one.a, one.b) for one in found.differences)
    parts.append(
        Table(strings.COMPARED_OTHERWISE, differences)
        if differences
        else Paragraph(strings.COMPARED_ALIKE)
    )
    return "".join(
        [
            _STYLE.format_map(tokens),
            f'<table width="100%">{_columns(heads)}</table>',
            *(_element(part, roomy=roomy) for part in parts),
            *(_beside(pictures) if roomy else _stacked(pictures)),
        ]
    )


def _beside(pictures: _Pairs) -> Iterator[str]:
    rows = "".join(_columns(map(_picture, pair)) for pair in pictures)
    yield f'<table width="100%">{rows}</table>'


def _stacked(pictures: _Pairs) -> Iterator[str]:
    for pair in pictures:
        for name, picture in zip("AB", pair, strict=True):
            if picture is not None:
                yield f"<p><b>{name}</b></p><p>{_image(picture)}</p>"


def _columns(cells: Iterable[str]) -> str:
    told = (f'<td width="50%" valign="top">{cell}</td>' for cell in cells)
    return f"<tr>{''.join(told)}</tr>"


def _head(report: Report) -> Iterator[str]:
    drafter = f" + {report.pair.drafter}" if report.pair.drafter else ""
    day = (report.created or "")[:10]
    told = [f"{report.pair.target}{drafter}", report.pair.quantization, report.environment.device]
    yield f"<h2>{escape(line(report.title))}</h2>"
    about = strings.SEPARATOR.join(line(one) for one in (*told, day) if one)
    yield f'<p class="quiet">{escape(about)}</p>'
    group = headline(report)
    if group is not None and group.speedup is not None:
        sure = words.verdict(group) == words.FASTER
        tone = "warning" if words.is_slower(group) else "faster" if sure else "plain"
        spread = words.spread(group)
        said = f"{words.verdict(group)}, MTP {words.mode(group.mode)}"
        said += f"{strings.SEPARATOR}95 %: {spread}" if spread else ""
        yield f'<h1><span class="{tone}">{words.times(group.speedup)}</span></h1>'
        yield f'<p><span class="{tone}">{escape(said)}</span></p>'


def _compared(row: Row) -> tuple[str, ...]:
    ratio = row.ratio
    return (
        words.category(row.category),
        words.mode(row.mode),
        str(row.pairs),
        words.rate(row.a_tps),
        words.rate(row.b_tps),
        words.times(ratio.median),
        words.between(ratio.low, ratio.high) if ratio.known else words.NONE,
    )


def _image(picture: Picture) -> str:
    return f'<img src="{picture.name}" width="{picture.width}" height="{picture.height}">'


def _picture(picture: Picture | None) -> str:
    return "" if picture is None else _image(picture)


def _element(part: Part, *, roomy: bool) -> str:
    match part:
        case Heading():
            return f"<h3>{escape(line(part.text))}</h3>"
        case Paragraph():
            mark = ' class="warning"' if part.warning else ' class="quiet"'
            return f"<p><span{mark}>{escape(line(part.text))}</span></p>"
        case Table():
            return _table(part if roomy else _narrowed(part))
        case _:
            return ""  # somebody's words are read in the exports that were asked to hold them


def _narrowed(table: Table) -> Table:
    """Without the columns that a small window has no room for; the exports have them all."""
    kept = [i for i, name in enumerate(table.head) if name in _NARROW]
    if len(table.head) <= len(_NARROW):
        return table
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    return replace(table, head=tuple(table.head[i] for i in kept), rows=rows)


def _table(part: Table) -> str:
    left = len(part.rows) - MOST_ROWS
    rest = f"<p>{strings.TABLE_REST.format(count=left)}</p>" if left > 0 else ""
    head = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in part.head)}</tr>"
    rows = "".join(
        f"<tr>{''.join(_cells(row, warning=i in part.warnings))}</tr>"
        for i, row in enumerate(part.rows[:MOST_ROWS])
    )
    return f'<table cellpadding="4">{head if any(part.head) else ""}{rows}</table>{rest}'


def _cells(row: Iterable[str], *, warning: bool) -> Iterator[str]:
    """The first, which is a name, stays on one line."""
    mark = ' class="warning"' if warning else ""
    for i, text in enumerate(row):
        name = "" if i else ' class="name"'
        yield f"<td><p{name}><span{mark}>{escape(line(text))}</span></p></td>"
