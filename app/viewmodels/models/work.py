"""The work of minutes that the Models page shows: downloads, conversions, and the trial of a size.

Each is a child process of its own. A trial measures, so nothing else is made meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app import strings
from app.viewmodels.models.converting import Converting, Copy
from app.viewmodels.models.fetching import Fetching
from app.viewmodels.models.jobs import JobRow
from app.viewmodels.models.trying import KEY as TRIAL
from app.viewmodels.models.trying import Size, Trying


class Work(QObject):
    changed = Signal()
    said = Signal(str)  # one sentence: what was done, or why it was not

    def __init__(
        self,
        fetching: Fetching,
        trying: Trying,
        converting: Converting,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.fetching = fetching
        self.trying = trying
        self.converting = converting
        for changed in (fetching.changed, trying.changed, converting.changed):
            changed.connect(self.changed)
        for said in (trying.said, converting.said):
            said.connect(self.said)

    @property
    def rows(self) -> Sequence[JobRow]:
        """Return what is being made; downloads have rows of their own."""
        trial = self.trying.row
        return (*(() if trial is None else (trial,)), *self.converting.rows)

    def try_size(self, size: Size) -> None:
        self.trying.ask(size, strings.TRY_CONVERTS if self.converting.is_running else "")

    def make_copy(self, copy: Copy) -> None:
        if self.trying.is_running:
            self.said.emit(strings.TRY_ONE)
        else:
            self.converting.ask(copy)

    def end(self, key: str) -> None:
        """End the work of a row; what a conversion has written is asked about."""
        if key == TRIAL:
            self.trying.stop()
        else:
            self.converting.ask_to_discard(key)
