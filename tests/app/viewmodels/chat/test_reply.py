from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.domain.conversation import ChatMessage, EngineRecord
from app.viewmodels.chat.reply import PAINT_MS, SPARING_MS, Streaming
from mtp_mlx.wire import Generate
from tests.app.helpers import PAIR, round_of


@pytest.mark.parametrize(
    ("backend", "pace"), [("metal", PAINT_MS), ("cuda", PAINT_MS), ("cpu", SPARING_MS)]
)
def test_drawing_spares_the_processor_that_runs_the_model(
    qtbot: QtBot, backend: str, pace: int
) -> None:
    streaming = Streaming(lambda: 0.0)
    request = Generate(id="r", messages=[])
    message = ChatMessage(id="r", role="assistant", text="")
    streaming.begin(message, request, PAIR, EngineRecord(device={"backend": backend}))
    streaming.take(round_of("r", 0, ["one"]))
    assert streaming._paint._timer.interval() == pace
    streaming.end("finished")
