"""Reports as bytes and as files, read and written.

A file's ending chooses its format. Fields of a later version are ignored where a report is read,
and kept where a JSON file is exported as JSON (`tidy`).
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from mtp_mlx.errors import DamagedReport, NewerReport, ReportNotSaved, UsageError
from mtp_mlx.files import read_ordinary, write_atomically
from mtp_mlx.report.answer import message
from mtp_mlx.report.comparing import COMPARISON, comparison
from mtp_mlx.report.derived import completed
from mtp_mlx.report.html import html, html_page
from mtp_mlx.report.model import VERSION, Outline, Paper, Report
from mtp_mlx.report.spreadsheet import csv_table
from mtp_mlx.report.writer import Markdown, markdown
from mtp_mlx.report.writer import write as written

_INDENT = 1

_REMEDIES = {
    errno.ENOSPC: ("the disk is full", "Free some space or choose another disk."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or choose another disk."),
    errno.EACCES: ("its folder may not be written to", "Choose another folder."),
    errno.EPERM: ("its folder may not be written to", "Choose another folder."),
    errno.EROFS: ("its disk is read-only", "Choose another disk."),
    errno.EISDIR: ("there is a folder of that name", "Choose another name."),
    errno.ENOTDIR: ("a part of its path is no folder", "Choose another folder."),
    errno.EEXIST: ("a part of its path is no folder", "Choose another folder."),
    errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter one."),
}

Read = TypeVar("Read", Report, Outline)


class _Head(msgspec.Struct, frozen=True):
    version: int


def decode(data: bytes, name: str = "The report") -> Report:
    """Return the report that the JSON holds; errors call it `name`.

    What an older program did not write of its speed-ups is counted from its rounds. Raises
    DamagedReport, NewerReport.
    """
    return completed(_decoded(data, Report, name))


def outline(data: bytes, name: str = "The report") -> Outline:
    """Return the outline of a report, without reading its runs or finding damage in them.

    Raises DamagedReport, NewerReport.
    """
    return _decoded(data, Outline, name)


def _decoded(data: bytes, kind: type[Read], name: str) -> Read:
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.version > VERSION:
            raise NewerReport(
                f"{name} has version {head.version}, and this program reads up to {VERSION}.",
                "Update the program.",
            )
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedReport(
            f"{name} is no report, or a damaged one: {_reason(error)}.",
            "Take the JSON file as the benchmark saved it.",
        ) from error


def _reason(error: Exception) -> str:
    """Return the fault and its place. msgspec names no values, so no prompt or reply is quoted."""
    return str(error).rstrip(".") or type(error).__name__


def encode(report: Report) -> bytes:
    """Return the report as JSON. `decode` gives back the same report, and that the same bytes."""
    return tidy(msgspec.json.encode(report))


def tidy(data: bytes) -> bytes:
    """Return the JSON with our indentation; every field and digit stays."""
    return msgspec.json.format(data, indent=_INDENT) + b"\n"


def _png(report: Report) -> bytes:
    """Return the card. Raises ReportNotSaved where Qt is missing."""
    try:
        from mtp_mlx.report import painter
    except ImportError as error:
        raise _missing("PNG", error) from error
    return painter.png(report)


def _pdf(report: Report, size: Paper | None = None) -> bytes:
    """Return the pages, on the country's paper. Raises ReportNotSaved where Typst is missing."""
    try:
        from mtp_mlx.report import paper
    except ImportError as error:
        raise _missing("PDF", error) from error
    return paper.pdf(report, size)


def _compared_pdf(a: Report, b: Report) -> bytes:
    """Return the comparison's pages. Raises ReportNotSaved where Typst is missing."""
    try:
        from mtp_mlx.report import paper
    except ImportError as error:
        raise _missing("PDF", error) from error
    return paper.pages(COMPARISON, comparison(a, b))


def _missing(kind: str, error: ImportError) -> ReportNotSaved:
    return ReportNotSaved(
        f"The libraries that make a {kind} are missing: {error}.",
        "Export as .html instead, which prints as well.",
    )


def _text(make: Callable[[Report], str]) -> Callable[[Report], bytes]:
    """Return `make` with its text encoded; half a character, from a damaged text, becomes "?"."""
    return lambda report: make(report).encode(errors="replace")


FORMATS: dict[str, Callable[[Report], bytes]] = {
    ".json": encode,
    ".csv": _text(csv_table),
    ".md": _text(markdown),
    ".html": _text(html),
    ".txt": _text(lambda report: f"{message(report)}\n"),
    ".pdf": _pdf,
    ".png": _png,
}


COMPARED: dict[str, Callable[[Report, Report], bytes]] = {
    ".md": lambda a, b: written(comparison(a, b), Markdown()).encode(errors="replace"),
    ".html": lambda a, b: html_page(COMPARISON, comparison(a, b)).encode(errors="replace"),
    ".pdf": _compared_pdf,
}
"""The formats of a comparison of two reports."""


def load(path: Path) -> Report:
    """Return the report in a JSON file. Raises UsageError, DamagedReport, NewerReport."""
    return decode(read(path), path.name)


def read(path: Path) -> bytes:
    """Return the bytes of a report's file. Raises UsageError where it cannot be read."""
    try:
        return read_ordinary(path)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no report {path.name}.", "Give the JSON file that `bench --out` saved."
        ) from error
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read: {_cause(error)}.", "Give a file that you may read."
        ) from error


def save(report: Report, path: Path) -> None:
    """Write the report in the format of the ending.

    Raises UsageError for an unknown ending, ReportNotSaved.
    """
    write(checked(path)(report), path)


def export(source: Path, target: Path, paper: Paper | None = None) -> None:
    """Write the report in the file `source` in the format that the ending of `target` asks for.

    JSON keeps every field, also those of a later program. `paper` is that of a PDF; None takes the
    country's. Raises UsageError, ReportError.
    """
    make, data = checked(target), read(source)
    if make is _pdf:
        make = partial(_pdf, size=paper)
    report = decode(data, source.name)
    write(tidy(data) if make is encode else make(report), target)


def export_comparison(a: Report, b: Report, target: Path) -> None:
    """Write the comparison of two reports as Markdown, HTML or PDF.

    Raises UsageError for another ending, ReportNotSaved.
    """
    make = COMPARED.get(target.suffix.lower())
    if make is None:
        *most, last = COMPARED
        raise UsageError(
            f"{target.name} has no format of a comparison.",
            f"End its name in {', '.join(most)} or {last}.",
        )
    write(make(a, b), target)


def checked(path: Path) -> Callable[[Report], bytes]:
    """Return the function that makes the format of the path's ending. Raises UsageError."""
    make = FORMATS.get(path.suffix.lower())
    if make is None:
        raise UsageError(f"{path.name} has no format of a report.", f"End its name in {endings()}.")
    return make


def endings() -> str:
    *most, last = FORMATS
    return f"{', '.join(most)} or {last}"


def write(data: bytes, path: Path) -> None:
    """Write the file whole or, where that fails, not at all. Raises ReportNotSaved."""
    if not path.resolve().parent.exists():
        raise ReportNotSaved(f"There is no folder for {path.name}.", "Make it first.")
    try:
        write_atomically(path.resolve(), data)
    except OSError as error:
        raise not_saved(path, error) from error


def not_saved(path: Path, error: OSError) -> ReportNotSaved:
    """Return the error for a file that the disk refused, with its remedy."""
    reason, remedy = _REMEDIES.get(error.errno or 0, (_cause(error), "Choose another place."))
    return ReportNotSaved(f"{path.name} was not saved: {reason}.", remedy)


def _cause(error: OSError) -> str:
    """Return the system's words without the path, which may carry a person's name."""
    return (error.strerror or type(error).__name__).rstrip(".")
