"""What is slow the first time is there before it is asked for."""

from __future__ import annotations

import gc
import sys

from PySide6.QtWidgets import QApplication

from app.views.chat.formulas import shipped_font
from app.views.common.preload import preload


def test_all_is_there_and_is_no_longer_looked_through(qapp: QApplication) -> None:
    shipped_font.cache_clear()
    preload().join()
    assert "pyqtgraph" in sys.modules
    assert shipped_font.cache_info().currsize == 1
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()
