"""Reports and chats into files, as the window asks for them."""

from __future__ import annotations

from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from app.services.report import reply_report
from mtp_mlx.report.model import Comparison, Report, Run
from mtp_mlx.report.saving import export
from mtp_mlx.report.saving import save as save_report
from mtp_mlx.report.saving import write as write_file
from mtp_mlx.report.writer import markdown as report_markdown

__all__ = [
    "export_report",
    "has_texts",
    "reply_report",
    "report_markdown",
    "save_report",
    "without_texts",
    "write_file",
]


def export_report(report: Report, source: Path | None, target: Path, *, texts: bool) -> None:
    """From its file, where all of that may be told: what a later program wrote goes along.

    Raises UsageError, ReportError.
    """
    if source is not None and (texts or not has_texts(report)):
        export(source, target)
    else:
        save_report(report if texts else without_texts(report), target)


def has_texts(report: Report) -> bool:
    compared = report.identity.comparisons if report.identity else ()
    return any(_told(run.prompt, run.text) for run in report.runs) or any(
        _told(one.plain_text, one.mode_text) for one in compared
    )


def without_texts(report: Report) -> Report:
    """Neither prompts nor replies, nor what they part in."""
    identity = report.identity
    if identity is not None:
        identity = replace(identity, comparisons=tuple(map(_bare, identity.comparisons)))
    return replace(report, runs=tuple(map(_silent, report.runs)), identity=identity)


def _silent(run: Run) -> Run:
    return replace(run, prompt=UNSET, text=UNSET)


def _bare(one: Comparison) -> Comparison:
    return replace(one, plain_text=UNSET, mode_text=UNSET)


def _told(*texts: object) -> bool:
    return any(text not in (UNSET, None) for text in texts)
