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
    path = path.with_name(path.name + _FILTERS.get(kind, ".json"))
    return path if not path.exists() or _may_replace(parent, path.name) else None


def _may_replace(parent: QWidget, name: str) -> bool:
    """The file dialog has asked for the name it knew, not for the one with an ending."""
    question = strings.REPLACE_REPORT.format(name=name)
    answer = QMessageBox.question(parent, strings.APP_NAME, question)
    return answer is QMessageBox.StandardButton.Yes


def say_not_saved(parent: QWidget, reason: str) -> None:
    QMessageBox.warning(parent, strings.APP_NAME, reason)
