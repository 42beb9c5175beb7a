"""The table of a folder of reports, as Markdown, CSV, HTML and for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import wrap

from mtp_mlx.errors import UsageError
from mtp_mlx.report import words
from mtp_mlx.report.contents import Heading, Paragraph, Part, Title
from mtp_mlx.report.folder import Entry, Folder
from mtp_mlx.report.html import html_page
from mtp_mlx.report.saving import write
from mtp_mlx.report.spreadsheet import CellValue, inert
from mtp_mlx.report.tables import RATES, TWO, Cell, Column, Table, aligned
from mtp_mlx.report.words import NONE, line
from mtp_mlx.report.writer import Markdown
from mtp_mlx.report.writer import write as written

_SPEEDS, _AGAINST = "Tokens/s", "Against plain"
_COLUMNS = (
    Column("Day", is_number=False), Column("Machine", is_number=False), Column("Memory, GB"),
    Column("Pair", is_number=False), Column("Quantisation", is_number=False),
    Column("Program", is_number=False), Column("MTP", is_number=False),
    Column("off", over=_SPEEDS), Column("on", over=_SPEEDS),
    Column(f"Speed-up, {words.TIMES}", over=_AGAINST), Column("95 %", over=_AGAINST),
    Column("Result", is_number=False, over=_AGAINST),
    Column("Drafted, %"), Column("Accepted, %"), Column(words.TAU), Column("Runs"),
    Column("Notes", is_number=False), Column("File", is_number=False),
)  # fmt: skip
_RATIO = 9  # the column of the speed-up


def table(entries: Sequence[Entry]) -> Table:
    """Return a row a report. A slow-down that is sure is marked as a warning."""
    said = [one.claim for one in entries]
    columns: list[Sequence[str]] = [
        [one.created[:10] or NONE for one in entries],
        [one.machine or NONE for one in entries],
        [_shown(one.memory_bytes, 1e-9) for one in entries],
        [one.pair for one in entries],
        [one.quantization or NONE for one in entries],
        [one.program or NONE for one in entries],
        [NONE if one.mode is None else words.mode(one.mode) for one in entries],
        aligned([one.plain_tps for one in entries], RATES),
        aligned([one.tps for one in entries], RATES),
        aligned([one.ratio for one in said], TWO),
        [words.spread(one.low, one.high) or NONE for one in said],
        [one.word for one in said],
        [_shown(one.drafted_share, 100) for one in entries],
        [_shown(one.acceptance_rate, 100) for one in entries],
        aligned([one.tau for one in entries], TWO),
        [words.count(one.runs) for one in entries],
        [_noted(one) or NONE for one in entries],
        [one.file for one in entries],
    ]
    slow = frozenset(
        Cell(i, column)
        for i, one in enumerate(said)
        if one.tone == "warning"
        for column in (_RATIO, _RATIO + 2)
    )
    return Table(_COLUMNS, tuple(zip(*columns, strict=True)), warnings=slow)


def _noted(one: Entry) -> str:
    return "; ".join(one.notes)


def _shown(value: float | None, factor: float) -> str:
    return NONE if value is None else f"{value * factor:.0f}"


def parts(folder: Folder) -> Iterator[Part]:
    """Yield the page of a folder: its table, then the files that were not read."""
    yield Title(title(folder))
    yield table(folder.entries)
    if folder.unread:
        yield Heading("Not read")
        yield from (Paragraph(line(one.reason)) for one in folder.unread)


def title(folder: Folder) -> str:
    count = len(folder.entries)
    return f"{words.count(count)} speed report{'s' * (count != 1)}"


def csv_of(folder: Folder) -> str:
    """Return a row a report with its exact numbers; a file that was not read has its reason."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    rows = [_values(one) for one in folder.entries]
    names = list(rows[0]) if rows else ["file", "notes"]
    rows += [
        {"file": line(one.file), "notes": f"not read: {line(one.reason)}"} for one in folder.unread
    ]
    writer.writerow(names)
    writer.writerows([inert(row.get(name)) for name in names] for row in rows)
    return file.getvalue()


def _values(one: Entry) -> dict[str, CellValue]:
    said = one.claim
    return {
        "created": one.created,
        "machine": one.machine,
        "memory_bytes": one.memory_bytes,
        "pair": one.pair,
        "quantization": one.quantization,
        "program": one.program,
        "mode": one.mode,
        "plain_tps": one.plain_tps,
        "decode_tps": one.tps,
        "speedup": said.ratio,
        "speedup_low": said.low,
        "speedup_high": said.high,
        "result": said.word,
        "drafted_share": one.drafted_share,
        "acceptance_rate": one.acceptance_rate,
        "mean_acceptance_length": one.tau,
        "runs": one.runs,
        "notes": _noted(one),
        "file": one.file,
    }


_DROPPED = (
    "Notes", "Memory, GB", "Quantisation", "Accepted, %", words.TAU, "Runs", "Program", "95 %",
    "Drafted, %", "File", "MTP", "off", "on", "Pair", "Day", "Machine",
)  # fmt: skip
"""The columns that a narrow terminal leaves out, in this order. Notes have lines of their own."""
_HEADS = {"off": "off tok/s", "on": "on tok/s"}
_GAP = "  "
_NAME = 24  # letters of a cell in a terminal


def terminal(folder: Folder, width: int) -> str:
    """Return the table in `width` columns of text, as many of its own columns as fit."""
    made = table(folder.entries)
    widths = [_widest(made, i) for i in range(len(_COLUMNS))]
    shown, dropped = list(range(len(_COLUMNS))), list[str]()
    for name in _DROPPED:
        taken = sum(widths[i] + len(_GAP) for i in shown) - len(_GAP)
        if name != "Notes" and taken <= width:
            break
        shown.remove(next(i for i in shown if _COLUMNS[i].name == name))
        dropped += [name.partition(",")[0]] * (name != "Notes")
    lines = [_row(shown, widths, [_head(i) for i in range(len(_COLUMNS))])]
    for one, row in zip(folder.entries, made.rows, strict=True):
        lines.append(_row(shown, widths, row))
        lines += _wrapped(_noted(one), width)
    if dropped:
        rest = f"A wider terminal or a file also shows: {', '.join(dropped)}."
        lines += ["", *_wrapped(rest, width)]
    if folder.unread:
        lines.append("\nNot read:")
        lines += [row for one in folder.unread for row in _wrapped(one.reason, width)]
    return "\n".join(text[:width].rstrip() for text in lines)


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * len(_GAP)
    room = max(width, len(indent) + 1)
    return wrap(line(text), room, initial_indent=indent, subsequent_indent=indent)


def _widest(made: Table, column: int) -> int:
    cells = (len(words.shortened(row[column], _NAME)) for row in made.rows)
    return max(len(_head(column)), *cells, 0)


def _head(column: int) -> str:
    name = _COLUMNS[column].name
    return _HEADS.get(name, name)


def _row(shown: Sequence[int], widths: Sequence[int], row: Sequence[str]) -> str:
    cells = []
    for i in shown:
        text, width = words.shortened(row[i], _NAME), widths[i]
        cells.append(f"{text:>{width}}" if _COLUMNS[i].is_number else f"{text:{width}}")
    return _GAP.join(cells)


FORMATS: dict[str, Callable[[Folder], str]] = {
    ".md": lambda folder: f"{written(parts(folder), Markdown())}\n",
    ".csv": csv_of,
    ".html": lambda folder: html_page(title(folder), parts(folder)),
}


def checked(target: Path) -> Callable[[Folder], str]:
    """Return the function that makes the format of the ending. Raises UsageError."""
    make = FORMATS.get(target.suffix.lower())
    if make is None:
        raise UsageError(
            f"{target.name} has no format of a table.", "End its name in .md, .csv or .html."
        )
    return make


def save(folder: Folder, target: Path) -> None:
    """Write the table in the format of the ending. Raises UsageError, ReportNotSaved."""
    write(checked(target)(folder).encode(errors="replace"), target)
