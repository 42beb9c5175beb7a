"""The first start: what answers here, what to ask, what the numbers say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.engine.scripted import ScriptedWorker
from app.program import Program
from tests.app.conftest import Rig
from tests.app.helpers import HELLO, LOADED, PAIR
from tests.app.tools import E4B, EMPTY_DISK, FULL_DISK, fits_of


def test_the_first_start_explains_the_numbers(ready: Rig) -> None:
    welcome = ready.program.window.welcome
    assert welcome.numbers.isVisible()
    QTest.mouseClick(welcome.explain, Qt.MouseButton.LeftButton)
    assert not welcome.numbers.isVisible()


def test_the_built_in_pair_is_said_to_be_small(rig: Rig) -> None:
    welcome = rig.program.window.welcome
    rig.engine.say(HELLO)
    assert "demo pair" not in welcome.note.text()
    pair = replace(PAIR, target="built-in")
    rig.engine.say(msgspec.structs.replace(LOADED, pair=pair))
    assert "small demo pair" in welcome.note.text()


@pytest.mark.parametrize("asked", [True, False])
def test_the_welcome_is_short_once_a_question_was_answered(
    qtbot: QtBot, tmp_path: Path, *, asked: bool
) -> None:
    for start in range(2):
        engine = ScriptedWorker()
        program = Program(engine, tmp_path, "light")
        qtbot.addWidget(program.window)
        program.start()
        rig = Rig(program, engine)
        engine.say(HELLO)
        engine.say(LOADED)
        if start == 0 and asked:
            program.models.chat.send("Hello")
            rig.write("Hello, you.")
            rig.finish()
        program.models.chat.new_chat()
        expected = start == 0 or not asked
        if start:
            assert program.window.welcome.numbers.isVisible() is expected
        program.close()
        program.window.hide()


def test_a_real_pair_is_one_click_away(rig: Rig) -> None:
    window = rig.program.window
    pair = replace(PAIR, target="built-in", drafter="built-in")
    rig.engine.say(HELLO)
    assert not window.welcome.own.isVisible()
    rig.engine.say(msgspec.structs.replace(LOADED, pair=pair))
    rig.tool.answer("list", EMPTY_DISK)
    rig.tool.answer("fit", fits_of())
    assert window.welcome.own.isVisible()
    assert "Gemma 4 E4B 8-bit" in window.welcome.own.text.text()
    window.welcome.own.button.click()
    assert window.places.models.is_shown  # where the download is shown
    (fetch,) = rig.tool.fetches
    assert fetch.repository == "mlx-community/gemma-4-E4B-it-8-bit"
    rig.program.models.models.fetching.cancel(fetch.repository)
    rig.tool.answer("list", FULL_DISK)
    window.places.show_chat()
    assert "LM Studio" in window.welcome.own.text.text()
    window.welcome.own.button.click()
    assert rig.program.models.pairs.loading is not None
    assert rig.program.models.pairs.loading.target == E4B.path
    assert not window.welcome.own.isVisible()
