"""Where to put a speed report: the file's ending chooses the format."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app import strings

_FILTERS = {strings.REPORT_JSON: ".json", strings.REPORT_MARKDOWN: ".md"}


def ask_report_path(parent: QWidget, folder: Path) -> Path | None:
    """None where the user thought better of it."""
    chosen, kind = QFileDialog.getSaveFileName(
        parent,
        strings.SAVE_REPORT.removesuffix("…"),
        str(folder / strings.REPORT_FILE),
        ";;".join(_FILTERS),
    )
    if not chosen:
        return None
    path = Path(chosen)
    if path.suffix.lower() in _FILTERS.values():
        return path
    return path.with_name(path.name + _FILTERS.get(kind, ".json"))


def say_not_saved(parent: QWidget, reason: str) -> None:
    QMessageBox.warning(parent, strings.APP_NAME, reason)
