"""Reports into files: the ending chooses the format, and a failure says what to do."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from mtp_mlx.errors import ReportNotSaved, UsageError
from mtp_mlx.files import write_atomically
from mtp_mlx.report.html import html
from mtp_mlx.report.markdown import markdown
from mtp_mlx.report.model import Report
from mtp_mlx.report.reading import decode, encode, tidy
from mtp_mlx.report.spreadsheet import csv_table

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


def _painted(report: Report, kind: Literal["png", "pdf"]) -> bytes:
    """Raises ReportNotSaved where the libraries that paint are missing."""
    try:
        from mtp_mlx.report import painter
    except ImportError as error:
        raise ReportNotSaved(
            f"The libraries that make a {kind.upper()} are missing: {error}.",
            "Export as .html instead, which prints as well.",
        ) from error
    return painter.png(report) if kind == "png" else painter.pdf(report)


def _text(make: Callable[[Report], str]) -> Callable[[Report], bytes]:
    """Half a character, which only a damaged text holds, becomes a question mark."""
    return lambda report: make(report).encode(errors="replace")


FORMATS: dict[str, Callable[[Report], bytes]] = {
    ".json": encode,
    ".csv": _text(csv_table),
    ".md": _text(markdown),
    ".html": _text(html),
    ".pdf": partial(_painted, kind="pdf"),
    ".png": partial(_painted, kind="png"),
}


def load(path: Path) -> Report:
    """Raises UsageError where there is none, DamagedReport, NewerReport."""
    return decode(read(path), path.name)


def read(path: Path) -> bytes:
    """Raises UsageError."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no report {path.name}.", "Give the JSON file that `bench --out` saved."
        ) from error
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read: {_told(error)}.", "Give a file that you may read."
        ) from error


def save(report: Report, path: Path) -> None:
    """In the format of the ending. Raises UsageError for an unknown one, ReportNotSaved."""
    write(checked(path)(report), path)


def export(source: Path, target: Path) -> None:
    """A report's file in the format that `target` asks for. Raises UsageError, ReportError.

    JSON stays JSON with every field, also those of a later writer.
    """
    make, data = checked(target), read(source)
    report = decode(data, source.name)
    write(tidy(data) if make is encode else make(report), target)


def checked(path: Path) -> Callable[[Report], bytes]:
    """The format that `path` asks for. Raises UsageError."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise UsageError(f"{path.name} has no format of a report.", f"End its name in {endings()}.")
    return found


def endings() -> str:
    *most, last = FORMATS
    return f"{', '.join(most)} or {last}"


def write(data: bytes, path: Path) -> None:
    """A file already there is replaced whole or not at all. Raises ReportNotSaved."""
    if not path.resolve().parent.exists():
        raise ReportNotSaved(f"There is no folder for {path.name}.", "Make it first.")
    try:
        write_atomically(path.resolve(), data)
    except OSError as error:
        reason, remedy = _REMEDIES.get(error.errno or 0, (_told(error), "Choose another place."))
        raise ReportNotSaved(f"{path.name} was not saved: {reason}.", remedy) from error


def _told(error: OSError) -> str:
    """Without the path, which may carry a name."""
    return (error.strerror or type(error).__name__).rstrip(".")
