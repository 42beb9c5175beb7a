"""Files that the Finder opens with the program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QFileOpenEvent
from pytestqt.qtbot import QtBot

from app import strings
from app.views.application import Application
from mtp_mlx.report.saving import save
from tests.app.conftest import Rig
from tests.report.samples import REPORT


@pytest.fixture
def application(qapp: object) -> Iterator[Application]:
    assert isinstance(qapp, Application)
    yield qapp
    qapp.open_with(None)


def finder(application: Application, *paths: Path | str) -> None:
    """The Finder sends one event for each file."""
    for path in paths:
        QCoreApplication.sendEvent(application, QFileOpenEvent(str(path)))


def report_file(folder: Path, name: str, created: str = "2026-01-01T00:00:00Z") -> Path:
    save(replace(REPORT, title=name, created=created), folder / f"{name}.json")
    return folder / f"{name}.json"


def titles(rig: Rig) -> list[str]:
    state = rig.program.models.reports.state
    return [one.report.title for one in (state.shown, state.beside) if one is not None]


def opened(rig: Rig, application: Application, qtbot: QtBot, *paths: Path | str) -> str:
    """Open files in the running window. Returns what is told of them."""
    reports = rig.program.window.places.reports
    rig.program.window.places.show_chat()
    application.open_with(rig.program.models.opening.open)
    finder(application, *paths)
    qtbot.waitUntil(lambda: reports.is_shown)
    return rig.program.models.reports.state.note


def test_a_report_is_shown_in_the_running_window(
    ready: Rig, application: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    note = opened(ready, application, qtbot, report_file(tmp_path, "Größe 1"))
    assert (note, titles(ready)) == ("", ["Größe 1"])
    shown = ready.program.models.reports.state.shown
    assert shown is not None
    assert shown.name is None, "it stays where it is, and cannot be deleted here"


def test_a_report_waits_for_the_window(
    ready: Rig, application: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    finder(application, report_file(tmp_path, "early"))
    QCoreApplication.processEvents()
    application.open_with(ready.program.models.opening.open)
    qtbot.waitUntil(lambda: titles(ready) == ["early"])


def test_two_are_shown_side_by_side(
    ready: Rig, application: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    new = report_file(tmp_path, "new", "2026-02-01T00:00:00Z")
    old = report_file(tmp_path, "old", "2026-01-01T00:00:00Z")
    newest = report_file(tmp_path, "newest", "2026-03-01T00:00:00Z")
    assert opened(ready, application, qtbot, new, old, new) == ""
    assert titles(ready) == ["old", "new"]
    note = opened(ready, application, qtbot, newest, new, old)
    assert note == strings.OPENED_TOO_MANY.format(count=1)
    assert titles(ready) == ["old", "new"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"hello", "notes.txt is no report"),
        ("broken.json", b'{"version": 1', "broken.json is no report"),
        ("later.json", b'{"version": 99}', "later.json has version 99"),
        ("gone.json", None, "There is no report gone.json"),
        ("odd\x1b[31m.json", b"\xff\xfe", "odd"),
    ],
)
def test_a_bad_file_is_told_in_a_sentence(
    ready: Rig,
    application: Application,
    qtbot: QtBot,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    told: str,
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    note = opened(ready, application, qtbot, tmp_path / name)
    assert note.startswith(told)
    assert "\x1b" not in note
    assert titles(ready) == []


def test_a_report_among_bad_files_is_shown(
    ready: Rig, application: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    good = report_file(tmp_path, "good")
    for name in ("one.json", "two.json", "three.json"):
        (tmp_path / name).write_text("{")
    bad = [tmp_path / name for name in ("one.json", "two.json", "three.json")]
    note = opened(ready, application, qtbot, bad[0], good, *bad[1:])
    assert titles(ready) == ["good"]
    assert note.startswith("one.json is no report")
    assert note.endswith("2 more could not be opened.")


def test_a_folder_is_asked_about_as_one_that_is_dropped(
    ready: Rig, application: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    model = tmp_path / "gemma"
    model.mkdir()
    application.open_with(ready.program.models.opening.open)
    finder(application, model)
    qtbot.waitUntil(lambda: ("add", str(model)) in ready.tool.asked)
    assert not ready.program.window.places.reports.is_shown


def test_an_address_of_the_web_is_not_opened(
    ready: Rig, application: Application, qtbot: QtBot
) -> None:
    heard: list[object] = []
    application.open_with(heard.append)
    address = QFileOpenEvent(QUrl("https://example.org/report.json"))
    QCoreApplication.sendEvent(application, address)
    QCoreApplication.processEvents()
    assert heard == []


def test_a_minimised_window_comes_back(
    ready: Rig, application: Application, qtbot: QtBot, tmp_path: Path
) -> None:
    ready.program.window.showMinimized()
    opened(ready, application, qtbot, report_file(tmp_path, "one"))
    assert not ready.program.window.isMinimized()
