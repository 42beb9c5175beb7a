"""The real window over a few damaged data folders; `scripts/fuzz_data.py` has thousands."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.app.damage import campaign


@pytest.mark.slow
def test_the_window_opens_over_damaged_data(qtbot: QtBot, tmp_path: Path) -> None:
    found = campaign(tmp_path, databases=10, settings=5, seed=7)
    assert found.faults == []
    assert found.cases == 15
    assert found.told > 3
