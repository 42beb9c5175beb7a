from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QTimer

from app.viewmodels.chat.reply import PAINT_MS, SPARING_MS
from tests.app.conftest import Rig
from tests.app.helpers import HELLO, LOADED


@pytest.mark.parametrize(
    ("backend", "pace"), [("metal", PAINT_MS), ("cuda", PAINT_MS), ("cpu", SPARING_MS)]
)
def test_drawing_spares_the_processor_that_runs_the_model(
    rig: Rig, backend: str, pace: int
) -> None:
    rig.say(msgspec.structs.replace(HELLO, device={"backend": backend}), LOADED)
    chat = rig.program.models.chat
    chat.send("Hello")
    rig.write("one")
    assert [timer.interval() for timer in chat.streaming.findChildren(QTimer)] == [pace]
