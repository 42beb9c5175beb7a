"""Imports and loads, in a thread of its own once the window is shown, what is slow the first time.

Code that needs it before that waits for it.
"""

from __future__ import annotations

import gc
import importlib
import threading

from app.render.highlight import warm_up
from app.views.chat.formulas import shipped_font

PRELOAD_MS = 2500
"""Delay after the window is shown: by then it is painted, and the model is being loaded."""


def preload() -> threading.Thread:
    thread = threading.Thread(target=_load, daemon=True)
    thread.start()
    return thread


def _load() -> None:
    warm_up()
    shipped_font()
    importlib.import_module("pyqtgraph")
    # These objects live to the end. Without `freeze` each full collection would look through all of
    # them, and the window would stand still for a twentieth of a second.
    gc.freeze()
