"""Rows of work under way: a download, a trial of a size."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from app import strings
from app.viewmodels.models.fetching import FetchRow
from app.viewmodels.models.jobs import JobRow
from app.views.common.controls import IconButton, plain_tip, set_tone
from app.views.common.theme import ThemeController
from app.views.models.model_rows import ModelRow

_STEPS = 1000


class _Progress(ModelRow):
    """How far some work is, a button that says what can be done with it, and one that ends it."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.words.addSpacing(5)
        self.words.addWidget(self.bar)
        self.button.clicked.connect(self._act)
        self.cancel = IconButton("close", "", theme)
        self.cancel.clicked.connect(self._cancel)
        self.acts.addWidget(self.cancel)

    def _say_progress(self, share: float | None, *, runs: bool, name: str) -> None:
        if share is None and runs:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(round(_STEPS * (share or 0)))
        self.bar.setAccessibleName(strings.FETCH_PROGRESS.format(name=name))

    def _name_buttons(self, title: str, act: str, end: str) -> None:
        self.button.setText(act)
        self.button.setVisible(bool(act))
        self.button.setAccessibleName(f"{act}: {title}")
        self.cancel.set_label(end)
        self.cancel.setToolTip(plain_tip(self.cancel.accessibleName()))

    def _act(self) -> None:
        raise NotImplementedError

    def _cancel(self) -> None:
        raise NotImplementedError


class FetchView(_Progress):
    """A download: how far it is, and its one button."""

    pause_asked = Signal(str)  # a repository
    resume_asked = Signal(str)
    cancel_asked = Signal(str)

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._row: FetchRow | None = None

    def show_row(self, row: FetchRow) -> None:
        self._row = row
        self.say(row.title, row.words, "", None)
        set_tone(self.detail, "warning" if row.stage == "failed" else "muted")
        self._say_progress(row.share, runs=row.stage == "running", name=row.title)
        words = {
            "running": strings.FETCH_PAUSE,
            "queued": strings.FETCH_PAUSE,
            "failed": strings.FETCH_RETRY,
        }.get(row.stage, strings.FETCH_RESUME)
        self._name_buttons(row.title, words, strings.FETCH_CANCEL.format(name=row.title))

    def _act(self) -> None:
        row = self._row
        if row is not None:
            pauses = row.stage in ("running", "queued")
            (self.pause_asked if pauses else self.resume_asked).emit(row.repository)

    def _cancel(self) -> None:
        if self._row is not None:
            self.cancel_asked.emit(self._row.repository)


class JobView(_Progress):
    """A trial or a conversion."""

    act_asked = Signal(str)  # the key of its row
    end_asked = Signal(str)

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._key = ""

    def show_row(self, row: JobRow) -> None:
        self._key = row.key
        self.say(row.title, row.words, "", None)
        set_tone(self.detail, "warning" if row.stage == "failed" else "muted")
        self._say_progress(row.share, runs=row.stage == "running", name=row.title)
        self._name_buttons(row.title, row.act, row.end)

    def _act(self) -> None:
        self.act_asked.emit(self._key)

    def _cancel(self) -> None:
        self.end_asked.emit(self._key)
