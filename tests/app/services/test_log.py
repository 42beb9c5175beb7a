"""What went wrong is in a file, and what was said is not."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.services import chat_store, log
from app.services.log import Faults, LogFile
from tests.app.conftest import Rig

CANARY = "xylograph"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LogFile]:
    file = LogFile(tmp_path)
    yield file
    file.stop()


@pytest.fixture
def faults(qtbot: QtBot, file: LogFile) -> Iterator[Faults]:
    faults = Faults(file.path)
    faults.install()
    yield faults
    faults.remove()


def written(file: LogFile) -> str:
    """All of it, once nothing more is on its way."""
    file.stop()
    return "".join(path.read_text() for path in file.path.parent.glob("log.txt*"))


def broken() -> None:
    raise ValueError(f"what was typed: {CANARY}")


def test_the_folder_is_made_with_the_first_record(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "not" / "there")
    assert "INFO app.services.log: mtp-mlx" in written(file)


def test_an_exception_in_a_slot_is_logged_and_said(
    qtbot: QtBot, file: LogFile, faults: Faults
) -> None:
    with qtbot.waitSignal(faults.said) as said:
        QTimer.singleShot(0, broken)
    assert said.args is not None
    assert str(file.path) in said.args[0]
    text = written(file)
    assert "CRITICAL app.services.log: not caught\nValueError\n" in text
    assert f"{__file__}:" in text
    assert " in broken\n" in text


def test_an_exception_in_a_thread_is_logged_and_said(
    qtbot: QtBot, file: LogFile, faults: Faults
) -> None:
    with qtbot.waitSignal(faults.said):
        thread = threading.Thread(target=broken)
        thread.start()
        thread.join()
    assert " in broken\n" in written(file)


def test_the_hooks_are_given_back(qtbot: QtBot, file: LogFile) -> None:
    before = (sys.excepthook, threading.excepthook)
    faults = Faults(file.path)
    faults.install()
    assert sys.excepthook != before[0]
    assert threading.excepthook != before[1]
    faults.remove()
    assert (sys.excepthook, threading.excepthook) == before


def test_an_exception_in_a_slot_fails_a_test(tmp_path: Path) -> None:
    test = tmp_path / "test_slot.py"
    test.write_text(
        "from PySide6.QtCore import QTimer\n"
        "def broken(): raise ValueError\n"
        "def test_it(qtbot):\n"
        "    QTimer.singleShot(0, broken)\n"
        "    qtbot.wait(10)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 1
    assert "1 failed" in ended.stdout


def test_no_word_of_a_conversation_is_in_it(
    qtbot: QtBot, ready: Rig, file: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails, a slot fails, and an error has a cause: each is logged without a word."""

    def refuse(_connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError(f"near {CANARY}")

    def fail(_owner: QObject) -> None:
        try:
            broken()
        except ValueError as error:
            raise RuntimeError(CANARY) from error

    faults = Faults(file.path)
    chat = ready.program.models.chat
    with monkeypatch.context() as full:
        full.setattr(chat_store, "transaction", refuse)
        chat.send(f"What is a {CANARY}?")
        ready.write(f"A {CANARY} is a print.")
        ready.finish()
        ready.settle()
    try:
        fail(faults)
    except RuntimeError:
        kind, error, trace = sys.exc_info()
        assert kind is not None
        assert error is not None
        faults.install()
        sys.excepthook(kind, error, trace)
        faults.remove()
    ready.program.models.chats.search(CANARY)
    ready.program.models.chats.search_now()
    ready.settle()
    text = written(file)
    assert "a write was refused: OperationalError" in text
    assert "RuntimeError\n" in text
    assert "ValueError\n" in text
    assert CANARY not in text


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_BYTES", 1000)
    file = LogFile(tmp_path)
    for number in range(200):
        logging.getLogger("app.test").warning("a line of this log, number %d", number)
    file.stop()
    sizes = sorted(path.stat().st_size for path in tmp_path.glob("log.txt*"))
    assert len(sizes) == 3
    assert max(sizes) <= 1000


def test_a_folder_that_takes_no_file_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    file = LogFile(tmp_path / "file")
    logging.getLogger("app.test").warning("lost")
    file.stop()
    assert "FileExistsError" in capsys.readouterr().err
