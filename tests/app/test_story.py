"""From the first start to the second: the real worker, the built-in pair, the real window.

It is played offscreen with the other tests, and again on a screen where there is one (Xvfb).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.__main__ import worker_command
from app.engine.state import Ready
from app.engine.worker import WorkerProcess
from app.program import Program
from app.views.compare.compare_view import CompareDialog
from mtp_mlx.paths import resources
from tests.app.conftest import settle
from tests.app.services.schema import violations

PATIENCE_MS = 90_000
NOT_TRAINED = not (resources() / "demo_pair" / "target" / "model.safetensors").exists()
pytestmark = [
    pytest.mark.mlx,
    pytest.mark.skipif(NOT_TRAINED, reason="the built-in pair is not there"),
]


@contextmanager
def opened(qtbot: QtBot, data: Path) -> Iterator[Program]:
    program = Program(WorkerProcess(worker_command()), data)
    qtbot.addWidget(program.window)
    program.start()
    qtbot.waitUntil(lambda: isinstance(program.engine.state, Ready), timeout=PATIENCE_MS)
    try:
        yield program
    finally:
        program.window.close()
        program.close()


def click(button: object) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]


def test_first_start_chat_switch_compare_export_quit_and_come_back(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    with opened(qtbot, data) as program:
        meets_the_welcome(program)
        asks_and_switches(qtbot, program)
        compares_and_exports(qtbot, program, tmp_path, monkeypatch)
        chooses_the_dark_theme_and_a_size(program)
        left = program.models.chat.messages.messages
    with opened(qtbot, data) as program:
        everything_is_still_there(program, left)


def meets_the_welcome(program: Program) -> None:
    welcome = program.window.welcome
    assert welcome.numbers.isVisible()
    assert "demo pair" in welcome.note.text()


def asks_and_switches(qtbot: QtBot, program: Program) -> None:
    chat, mtp = program.models.chat, program.models.mtp
    mtp.choose(2)
    click(program.window.welcome.suggestions[1])
    qtbot.waitUntil(lambda: mtp.effect.text == "drafting, K 2", timeout=PATIENCE_MS)
    click(program.window.toolbar.switch)
    assert not mtp.wish.on
    qtbot.waitUntil(lambda: not chat.writing, timeout=PATIENCE_MS)
    reply = chat.last_reply
    assert reply is not None
    depths = [round_.depth for round_ in reply.rounds]
    assert 2 in depths
    assert depths[-1] == 0  # the switch was obeyed in mid-reply
    assert program.window.transcript.isVisible()
    click(program.window.toolbar.switch)


def compares_and_exports(
    qtbot: QtBot, program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.window.compare()
    (dialog,) = program.window.findChildren(CompareDialog)
    click(dialog.start)
    compare = program.models.compare
    assert compare.state.running
    qtbot.waitUntil(lambda: not compare.state.running, timeout=PATIENCE_MS)
    result = compare.state.result
    assert result is not None
    assert "Same text, token for token" in dialog.texts.text()
    file = folder / "compared.json"
    monkeypatch.setattr("app.exports.ask_report_path", lambda *_: file)
    click(dialog.save)
    settle(program)
    report = json.loads(file.read_text())
    schema = json.loads((resources() / "report.schema.json").read_text())
    assert violations(report, schema, schema) == []
    assert [run["mode"] for run in report["runs"]] == ["off", 2]
    assert report["runs"][1]["decode_tps"] == result.on.stats.decode_tps  # type: ignore[union-attr]
    dialog.close()


def chooses_the_dark_theme_and_a_size(program: Program) -> None:
    window = program.window
    next(a for a in window.findChildren(QAction) if a.text() == "Dark").trigger()
    window.resize(760, 620)


def everything_is_still_there(program: Program, left: tuple[object, ...]) -> None:
    window, chat = program.window, program.models.chat
    assert chat.messages.messages == left
    assert window.transcript.isVisible()
    assert not window.welcome.numbers.isVisible()
    assert program.models.mtp.wish.depth == 2
    assert program.theme.current.name == "dark"
    assert (window.width(), window.height()) == (760, 620)
    assert chat.last_reply is not None
    assert chat.last_reply.stats is not None
