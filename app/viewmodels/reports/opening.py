"""What another program opens with this one: speed reports, and folders with a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app import strings
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.viewmodels.models.models import ModelsViewModel
from app.viewmodels.reports.reports import ReportsViewModel
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.printable import printable
from mtp_mlx.report.model import Report
from mtp_mlx.report.saving import load

_MOST = 2  # reports that the page shows, side by side


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorted:
    folders: tuple[Path, ...]
    reports: tuple[Report, ...]  # the oldest first
    troubles: tuple[str, ...]  # a sentence for each other file


class FileOpening(QObject):
    """Shows up to two reports, and asks about each folder whether its model is to be loaded."""

    reported = Signal()  # the page of reports has something to show: a report, or why there is none

    def __init__(
        self,
        files: StoreThread[ReportFiles],
        reports: ReportsViewModel,
        models: ModelsViewModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._files = files
        self._reports = reports
        self._models = models

    def open(self, paths: Sequence[Path]) -> None:
        wanted = tuple(dict.fromkeys(paths))
        self._files.run(lambda _files: _sort(wanted), self).then(self._show)

    def _show(self, opened: _Sorted) -> None:
        for folder in opened.folders:
            self._models.open_folder(folder)
        if opened.reports or opened.troubles:
            self._reports.show(opened.reports[:_MOST], note=_note(opened))
            self.reported.emit()


def _note(opened: _Sorted) -> str:
    """Return what is to be told, in at most two sentences."""
    told = []
    if left := len(opened.reports[_MOST:]):
        told.append(strings.OPENED_TOO_MANY.format(count=left))
    match opened.troubles:
        case [only]:
            told.append(only)
        case [first, *rest]:
            told.append(strings.OPENED_NOT.format(first=first, count=len(rest)))
    return " ".join(told)


def _sort(paths: Sequence[Path]) -> _Sorted:
    """Read what was opened. Called on the files thread."""
    folders: list[Path] = []
    reports: list[Report] = []
    troubles: list[str] = []
    for path in paths:
        if path.is_dir():
            folders.append(path)
            continue
        try:
            reports.append(load(path))
        except MtpMlxError as error:
            troubles.append(printable(str(error)))
    reports.sort(key=lambda report: report.created or "")
    return _Sorted(folders=tuple(folders), reports=tuple(reports), troubles=tuple(troubles))
