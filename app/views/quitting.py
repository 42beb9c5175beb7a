"""Quitting while something runs: what it would end, and what the user would rather."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtWidgets import QMessageBox, QWidget

from app import strings
from app.views.main_window import ViewModels

QuitChoice = Literal["quit", "go on", "stay"]
"""Whether downloads pause with the window or go on without it, or the window stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The kinds of work that are under way and that end when the window closes."""

    reply: bool = False
    benchmark: bool = False
    comparison: bool = False
    trial: bool = False
    conversion: bool = False
    fetch: bool = False  # a download that the user has not let go on

    def __bool__(self) -> bool:
        return bool(self.words)

    @property
    def words(self) -> str:
        """Return a sentence for each, with what is kept of it."""
        sentences = (
            (self.reply, strings.QUIT_REPLY),
            (self.benchmark, strings.QUIT_BENCHMARK),
            (self.comparison, strings.QUIT_COMPARISON),
            (self.trial, strings.QUIT_TRIAL),
            (self.conversion, strings.QUIT_CONVERSION),
            (self.fetch, strings.QUIT_FETCH),
        )
        return "\n\n".join(sentence for runs, sentence in sentences if runs)


def running(models: ViewModels) -> Running:
    work = models.models.work
    return Running(
        reply=models.chat.written is not None,
        benchmark=models.reports.state.running is not None,
        comparison=models.compare.state.running,
        trial=work.trying.is_running,
        conversion=work.converting.is_running,
        fetch=work.fetching.ends_with_window,
    )


def ask_to_quit(parent: QWidget, ends: Running) -> QuitChoice:
    """Ask; Return and Esc stay."""
    box = QMessageBox(QMessageBox.Icon.Question, strings.APP_NAME, strings.QUIT_ASK, parent=parent)
    box.setInformativeText(ends.words)
    choices: dict[object, QuitChoice] = {}
    if ends.fetch:
        on = box.addButton(strings.QUIT_FETCH_ON, QMessageBox.ButtonRole.AcceptRole)
        choices[on] = "go on"
    words = strings.QUIT_FETCH_PAUSED if ends.fetch else strings.QUIT
    choices[box.addButton(words, QMessageBox.ButtonRole.DestructiveRole)] = "quit"
    stay = box.addButton(strings.CANCEL, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.exec()
    return choices.get(box.clickedButton(), "stay")
