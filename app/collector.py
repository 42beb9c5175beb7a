"""Python's garbage collector, kept on the interface thread.

Python collects in the thread that happens to allocate. A widget that is only reachable from itself
would then be freed by the store's thread, and Qt crashes when a widget dies on another thread than
its own. So the automatic collector is off; the interface thread collects by the same thresholds.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 1000


class Collector(QObject):
    """Collects garbage on the thread that made it, until it is stopped."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(collect_due)
        self._timer.start()

    def stop(self) -> None:
        """Leave collecting to Python again."""
        self._timer.stop()
        gc.enable()


def collect_due() -> None:
    """Collect the oldest generation whose threshold is passed, with all younger ones."""
    due = (
        generation
        for generation, (count, most) in enumerate(
            zip(gc.get_count(), gc.get_threshold(), strict=True)
        )
        if count > most
    )
    generation = max(due, default=None)
    if generation is not None:
        gc.collect(generation)
