"""Dialogs that ask where to save a speed report or a chat; the ending chooses the format."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QProcess, QUrl, SignalInstance
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app import strings
from app.services.text_files import file_name


def ask_path(
    parent: QWidget, title: str, suggested: Path, formats: Mapping[str, str]
) -> Path | None:
    """Ask where to save; `formats` maps Qt's filters to endings. None where the user cancels.

    The format of the suggested name comes first. The dialog reads the folder on the interface
    thread, as Qt's dialogs do, and so does the look for a file of that name which follows it.
    """
    filters = sorted(formats, key=lambda kind: formats[kind] != suggested.suffix)
    chosen, kind = QFileDialog.getSaveFileName(
        parent, title.removesuffix("…"), str(suggested), ";;".join(filters)
    )
    if not chosen:
        return None
    path = Path(chosen)
    if path.suffix.lower() in formats.values():
        return path
    path = path.with_name(path.name + formats.get(kind, next(iter(formats.values()))))
    return path if not path.exists() or _may_replace(parent, path.name) else None


def _may_replace(parent: QWidget, name: str) -> bool:
    """Ask before replacing: the file dialog only asked about the name without its ending."""
    question = strings.REPLACE_FILE.format(name=name)
    answer = QMessageBox.question(parent, strings.APP_NAME, question)
    return answer is QMessageBox.StandardButton.Yes


def say_not_saved(parent: QWidget, reason: str) -> None:
    QMessageBox.warning(parent, strings.APP_NAME, reason)


_REPORT = {
    strings.REPORT_JSON: ".json",
    strings.REPORT_CSV: ".csv",
    strings.REPORT_MARKDOWN: ".md",
    strings.HTML_FILE: ".html",
    strings.PDF_FILE: ".pdf",
    strings.REPORT_LINES: ".txt",
    strings.REPORT_CARD: ".png",
}
_COMPARISON = {
    strings.REPORT_MARKDOWN: ".md",
    strings.HTML_FILE: ".html",
    strings.PDF_FILE: ".pdf",
}
_CHAT = {
    strings.REPORT_MARKDOWN: ".md",
    strings.HTML_FILE: ".html",
    strings.PDF_FILE: ".pdf",
    strings.REPORT_JSON: ".json",
}
_CHATS = {strings.REPORT_MARKDOWN: ".md", strings.REPORT_JSON: ".json"}


def ask_report_path(
    parent: QWidget, folder: Path, ending: str = ".json", title: str = ""
) -> Path | None:
    """Ask where to save; None where the user cancels. Name and `ending` are suggested."""
    ending = ending if ending in _REPORT.values() else ".json"
    name = file_name(title) if title else strings.REPORT_FILE
    return ask_path(parent, strings.SAVE_REPORT, folder / f"{name}{ending}", _REPORT)


def ask_comparison_path(parent: QWidget, folder: Path) -> Path | None:
    """Ask where to save two reports side by side; None where the user cancels."""
    name = folder / f"{strings.COMPARED_FILE}.html"
    return ask_path(parent, strings.SAVE_REPORT, name, _COMPARISON)


def ask_chat_path(parent: QWidget, folder: Path, title: str, ending: str = ".md") -> Path | None:
    """Ask where to save; None where the user cancels. `ending` is suggested."""
    ending = ending if ending in _CHAT.values() else ".md"
    return ask_path(parent, strings.EXPORT_CHAT, folder / f"{file_name(title)}{ending}", _CHAT)


def show_in_folder(path: Path) -> None:
    """Show the file in the Finder, or its folder where there is no Finder."""
    if sys.platform == "darwin":
        QProcess.startDetached("/usr/bin/open", ["-R", str(path)])
    else:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def ask_chats_path(parent: QWidget, folder: Path) -> Path | None:
    """Ask where to save several chats; None where the user cancels."""
    return ask_path(parent, strings.SAVE_UNSAVED, folder / strings.UNSAVED_FILE, _CHATS)


def ask_backup_path(parent: QWidget, folder: Path, name: str) -> Path | None:
    """Ask where to put a backup; None where the user cancels."""
    return ask_path(parent, strings.BACK_UP, folder / name, {strings.BACKUP_FILE: ".zip"})


def ask_backup(parent: QWidget, folder: Path) -> Path | None:
    """Ask which backup to restore; None where the user cancels."""
    chosen, _ = QFileDialog.getOpenFileName(
        parent, strings.RESTORE.removesuffix("…"), str(folder), strings.BACKUP_FILE
    )
    return Path(chosen) if chosen else None


def may_restore(parent: QWidget, day: str) -> bool:
    box = QMessageBox(
        QMessageBox.Icon.Question,
        strings.APP_NAME,
        strings.RESTORE_QUESTION.format(day=day),
        parent=parent,
    )
    restore = box.addButton(strings.RESTORE_NOW, QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is restore


def say_done(parent: QWidget, text: str) -> None:
    QMessageBox.information(parent, strings.APP_NAME, text)


Choice = Literal["again", "elsewhere", "quit", "stay"]


def ask_unsaved(parent: QWidget, saved: SignalInstance, *, chats: bool) -> Choice:
    """Ask what to do about what is not saved when the window closes; "again" once it is `saved`.

    Only `chats` can be saved elsewhere, not a title, a pin or a deletion.
    """
    text = strings.UNSAVED_AT_QUIT if chats else strings.UNSAVED_CHANGES
    box = QMessageBox(QMessageBox.Icon.Warning, strings.APP_NAME, text, parent=parent)
    choices: dict[object, Choice] = {}
    if chats:
        elsewhere = box.addButton(strings.SAVE_UNSAVED, QMessageBox.ButtonRole.ActionRole)
        choices[elsewhere] = "elsewhere"
    choices |= {
        box.addButton(strings.TRY_AGAIN, QMessageBox.ButtonRole.ActionRole): "again",
        box.addButton(strings.QUIT_UNSAVED, QMessageBox.ButtonRole.DestructiveRole): "quit",
        box.addButton(strings.CANCEL, QMessageBox.ButtonRole.RejectRole): "stay",
    }
    saved.connect(box.accept)
    box.exec()
    saved.disconnect(box.accept)
    chosen = choices.get(box.clickedButton())
    if chosen is not None:
        return chosen
    return "again" if box.result() == QMessageBox.DialogCode.Accepted else "stay"
