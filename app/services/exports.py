"""Speed reports into files: the ending chooses the format, and a failure says what to do."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.services.report import Report, reply_report
from app.services.report_markdown import report_markdown
from mtp_mlx.files import write_atomically

__all__ = [
    "FORMATS",
    "ExportError",
    "reply_report",
    "report_json",
    "report_markdown",
    "save_report",
    "write_file",
]

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another disk",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another disk",
    errno.EACCES: "its folder may not be written to; choose another folder",
    errno.EPERM: "its folder may not be written to; choose another folder",
    errno.EROFS: "its disk is read-only; choose another disk",
    errno.EISDIR: "there is a folder of that name; choose another name",
    errno.ENOTDIR: "a part of its path is no folder; choose another folder",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}


class ExportError(OSError):
    """A file that was not saved: one sentence, with what to do about it."""


def report_json(report: Report) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Report], str]] = {".json": report_json, ".md": report_markdown}


def save_report(report: Report, path: Path) -> None:
    """A file already there is replaced whole or not at all. Raises ExportError."""
    write = FORMATS.get(path.suffix.lower())
    if write is None:
        endings = " or ".join(FORMATS)
        raise ExportError(f"“{path.name}” has no format of a report; end its name in {endings}.")
    write_file(write(report).encode(), path)


def write_file(data: bytes, path: Path) -> None:
    """A file already there is replaced whole or not at all. Raises ExportError."""
    try:
        write_atomically(path, data)
    except OSError as error:
        with suppress(OSError):  # half a file, and it was only ours
            path.with_name(path.name + ".part").unlink(missing_ok=True)
        raise ExportError(_sentence(path, error)) from error


def _sentence(path: Path, error: OSError) -> str:
    unknown = f"{(error.strerror or str(error)).rstrip('.')}; choose another place"
    return f"“{path.name}” was not saved: {_REASONS.get(error.errno or 0, unknown)}."
