"""Where to put a speed report, or a chat."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtWidgets import QWidget

from app import strings
from app.views.common.save_dialog import ask_path

_REPORT = {
    strings.REPORT_JSON: ".json",
    strings.REPORT_CSV: ".csv",
    strings.REPORT_MARKDOWN: ".md",
    strings.HTML_FILE: ".html",
    strings.PDF_FILE: ".pdf",
    strings.REPORT_CARD: ".png",
}
_CHAT = {
    strings.REPORT_MARKDOWN: ".md",
    strings.HTML_FILE: ".html",
    strings.PDF_FILE: ".pdf",
    strings.REPORT_JSON: ".json",
}
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
_LONGEST = 80


def ask_report_path(parent: QWidget, folder: Path) -> Path | None:
    """None where the user thought better of it."""
    return ask_path(parent, strings.SAVE_REPORT, folder / strings.REPORT_FILE, _REPORT)


def ask_chat_path(parent: QWidget, folder: Path, title: str) -> Path | None:
    """None where the user thought better of it."""
    return ask_path(parent, strings.EXPORT_CHAT, folder / f"{file_name(title)}.md", _CHAT)


def file_name(title: str) -> str:
    """What is left of a title in a name that every system takes."""
    name = " ".join(_NOT_IN_NAMES.sub(" ", title).split())[:_LONGEST].strip(" .")
    return name or strings.UNTITLED
