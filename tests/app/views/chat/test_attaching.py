"""Files come by dragging, pasting and choosing; each way ends in the same chips."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.engine.scripted import ScriptedWorker
from app.program import Program
from app.views.chat.attached_files import FileDrop
from app.views.chat.user_view import UserView
from mtp_mlx.wire import CountTokens, TokenCount
from tests.app.conftest import Rig

COPY, LEFT, NONE = (
    Qt.DropAction.CopyAction,
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("Some notes.\n")
    return path


def mime(*urls: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(url) for url in urls])
    return data


def drop(widget: QWidget, data: QMimeData) -> bool:
    enter = QDragEnterEvent(QPoint(5, 5), COPY, data, LEFT, NONE)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        QApplication.sendEvent(widget, QDragLeaveEvent())
        return False
    event = QDropEvent(QPointF(5, 5), COPY, data, LEFT, NONE)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def names(rig: Rig) -> list[str]:
    rig.settle()
    return [chip.toolTip() for chip in rig.program.window.composer.files.chips.values()]


def test_dropping_on_the_window(ready: Rig, notes: Path) -> None:
    window = ready.program.window
    assert drop(window, mime(notes.as_uri()))
    assert names(ready) == ["notes.txt"]
    assert not window.composer.files.isHidden()
    assert window.composer.send.isEnabled()


def test_an_address_from_the_web_is_not_taken(ready: Rig) -> None:
    window = ready.program.window
    assert not drop(window, mime("https://example.org/a.txt"))
    data = mime("https://example.org/a.txt")
    event = QDropEvent(QPointF(5, 5), COPY, data, LEFT, NONE)
    assert not window.findChildren(FileDrop)[0].eventFilter(window, event)
    assert names(ready) == []


def test_pasting_files_and_pasting_text(qtbot: QtBot, ready: Rig, notes: Path) -> None:
    composer = ready.program.window.composer
    clipboard = QGuiApplication.clipboard()
    clipboard.setMimeData(mime(notes.as_uri()))
    QTest.keySequence(composer.text, QKeySequence(QKeySequence.StandardKey.Paste))
    assert names(ready) == ["notes.txt"]
    assert composer.text.toPlainText() == ""
    clipboard.setText("plain words")
    QTest.keySequence(composer.text, QKeySequence(QKeySequence.StandardKey.Paste))
    assert composer.text.toPlainText() == "plain words"


def test_a_question_being_edited_takes_no_files(ready: Rig, notes: Path) -> None:
    ready.program.models.chat.send("Hello")
    ready.finish()
    view = ready.program.window.transcript.views[0]
    assert isinstance(view, UserView)
    view.edit()
    assert view.editor is not None
    assert not view.editor.text.canInsertFromMimeData(mime(notes.as_uri()))
    assert ready.program.window.composer.text.canInsertFromMimeData(mime(notes.as_uri()))


def test_choosing_sending_and_finding_them_again(
    qtbot: QtBot, ready: Rig, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer = ready.program.window.composer
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(notes)], ""))
    composer.attach.click()
    ready.settle()
    question = [sent for sent in ready.engine.sent if isinstance(sent, CountTokens)][-1]
    ready.say(TokenCount(id=question.id, tokens=7))
    (chip,) = composer.files.chips.values()
    assert chip.detail.text() == "12 bytes · 7 tokens"
    assert chip.accessibleName() == "notes.txt, 12 bytes · 7 tokens"
    QTest.keyClicks(composer.text, "What is this?")
    QTest.keyClick(composer.text, Qt.Key.Key_Return)
    assert composer.files.isHidden()
    messages = ready.request().messages
    assert messages is not None
    assert messages[0].content == "notes.txt:\n```\nSome notes.\n```\n\nWhat is this?"
    view = ready.program.window.transcript.views[0]
    assert isinstance(view, UserView)
    (sent,) = view.files.chips.values()
    assert sent.detail.text() == "12 bytes · 7 tokens"
    assert sent.remove is None


def test_what_waits_is_there_again_at_the_next_start(
    qtbot: QtBot, ready: Rig, notes: Path, tmp_path: Path
) -> None:
    composer = ready.program.window.composer
    QTest.keyClicks(composer.text, "What is")
    drop(ready.program.window, mime(notes.as_uri(), notes.as_uri()))
    ready.settle()
    ready.program.window.close()
    notes.unlink()

    engine = ScriptedWorker()
    again = Rig(Program(engine, tmp_path / "data", "light"), engine)
    qtbot.addWidget(again.program.window)
    again.program.start()
    again.settle()
    assert names(again) == ["notes.txt", "notes.txt"]
    assert again.program.window.composer.text.toPlainText() == "What is"
    again.ready()
    again.program.window.composer.submit()
    messages = again.request().messages
    assert messages is not None
    assert messages[0].content.count("Some notes.") == 2
    again.program.close()


def test_taking_a_file_off(ready: Rig, notes: Path) -> None:
    composer = ready.program.window.composer
    ready.program.models.composing.attach([notes, notes])
    ready.settle()
    first, second = composer.files.chips.values()
    assert first.remove is not None
    assert first.remove.accessibleName() == "Remove “notes.txt”"
    first.remove.click()
    assert list(composer.files.chips.values()) == [second]


def test_a_refused_file_is_said_in_the_composer(ready: Rig, tmp_path: Path) -> None:
    composer = ready.program.window.composer
    drop(ready.program.window, mime((tmp_path / "gone.txt").as_uri()))
    ready.settle()
    assert composer.note.text() == "“gone.txt” is no longer there; choose it again where it is now."
    assert composer.note.property("tone") == "warning"
    QTest.keyClicks(composer.text, "x")
    assert composer.note.property("tone") == "muted"


def test_a_message_of_files_alone_has_no_bubble(ready: Rig, notes: Path) -> None:
    ready.program.models.composing.attach([notes])
    ready.settle()
    ready.program.window.composer.submit()
    view = ready.program.window.transcript.views[0]
    assert isinstance(view, UserView)
    assert view.bubble.isHidden()
    assert not view.files.isHidden()


def test_many_chips_go_on_in_the_next_line(ready: Rig, tmp_path: Path) -> None:
    files = []
    for number in range(12):
        files.append(tmp_path / f"a rather long name of a file {number}.txt")
        files[-1].write_text("x")
    ready.program.models.composing.attach(files)
    ready.settle()
    QApplication.processEvents()
    row = ready.program.window.composer.files
    tops = [chip.y() for chip in row.chips.values()]
    assert len(set(tops)) > 1
    for chip in row.chips.values():
        assert row.rect().contains(chip.geometry())
