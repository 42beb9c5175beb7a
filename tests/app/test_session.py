"""How a window's session begins and ends: nothing is lost without a word."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.services.chat_store import ChatStore, open_store
from app.services.data_folder import DataFolder
from app.services.migrations import STEPS
from app.views.chat.reply_view import ReplyView
from tests.app.conftest import Rig, opened
from tests.app.services.test_chat_store import fill


def banner(rig: Rig) -> str:
    shown = rig.program.models.engine.banner
    return "" if shown is None else shown.message


def talk(rig: Rig, question: str, answer: str = "An answer.") -> None:
    assert rig.program.models.chat.send(question)
    rig.write(answer)
    rig.finish()


def texts(data: Path) -> list[list[str]]:
    """What the next start would show of each chat, the oldest chat first."""
    store = open_store(data / "chats.sqlite3")
    assert store.notice == ""
    chats = [store.load(one.id) for one in reversed(store.chats())]
    store.close()
    return [[m.text for m in chat.messages] for chat in chats if chat is not None]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def full(ready: Rig, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    """Let the database grow no more: SQLite itself says that the disk is full. Undone by a call."""

    def pages(most: int) -> Callable[[DataFolder], object]:
        return lambda folder: folder.chats.connection.execute(f"PRAGMA max_page_count = {most}")

    talk(ready, "Why?")
    ready.ask(pages(1))
    monkeypatch.setattr("app.session.QUIT_S", 0.2)
    return lambda: ready.ask(pages(2**30))


LONG = "many words " * 1500


@pytest.mark.parametrize("when", ["in the reply", "after the reply", "at the end"])
def test_what_a_full_disk_refused_is_saved_when_it_has_room(
    ready: Rig, full: Callable[[], object], data: Path, when: str
) -> None:
    chat = ready.program.models.chat
    assert chat.send(LONG)
    ready.settle()
    assert "full" in banner(ready)
    ready.write("One ")
    if when == "in the reply":
        full()
    ready.finish()
    if when == "after the reply":
        full()
    chat.new_chat()
    talk(ready, "Another chat", LONG)
    if when == "at the end":
        assert ready.program.store.waiting()
        full()
    ready.settle()
    assert banner(ready) == ""
    ready.program.close()
    assert texts(data) == [
        ["Why?", "An answer.", LONG.strip(), "One "],
        ["Another chat", LONG],
    ]


def answers(monkeypatch: pytest.MonkeyPatch, *choices: str) -> list[str]:
    """Answer the question that closing asks; returns what is left of the choices."""
    left = list(choices)
    monkeypatch.setattr("app.program.ask_unsaved", lambda *_, **_named: left.pop(0))
    return left


def test_closing_over_something_unsaved_asks(
    ready: Rig,
    full: Callable[[], object],
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """First the user stays, then saves it elsewhere."""
    ready.program.models.chat.send(LONG)
    ready.write("Half a ")
    left = answers(monkeypatch, "stay")
    assert not ready.program.window.close()
    assert ready.program.window.isVisible()
    assert left == []
    target = tmp_path / "unsaved.md"
    monkeypatch.setattr("app.program.ask_chats_path", lambda *_: target)
    answers(monkeypatch, "again", "elsewhere")
    assert ready.program.window.close()
    written = target.read_text()
    assert LONG.strip() in written
    assert "Half a " in written
    assert texts(data) == [["Why?", "An answer."]]


def test_closing_over_a_title_that_is_not_saved_asks(
    ready: Rig, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no chat to be saved elsewhere; once the disk takes it, the question is answered."""
    talk(ready, "Why?")
    chats, asked = ready.program.models.chats, list[list[str]]()
    monkeypatch.setattr("app.session.QUIT_S", 0.1)
    refusing = monkeypatch.context()
    disk = refusing.__enter__()

    def ask(box: QMessageBox) -> None:
        asked.append([button.text() for button in box.buttons()])
        if len(asked) > 1:
            refusing.__exit__(None, None, None)
            ready.program.store.caught_up.emit()

    def refuse(*_arguments: object) -> None:
        raise sqlite3.OperationalError("disk full")

    disk.setattr(ChatStore, "rename", refuse)
    monkeypatch.setattr(QMessageBox, "exec", ask)
    chats.rename(ready.program.models.chat.chat.id, "How?")
    assert not ready.program.window.close()
    assert ready.program.window.close()
    assert len(asked) == 2
    assert "Try again" in asked[0]
    assert "Save elsewhere…" not in asked[0]
    store = open_store(data / "chats.sqlite3")
    assert [c.title for c in store.chats()] == ["How?"]
    store.close()


def test_closing_with_everything_saved_asks_nothing(
    ready: Rig, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch)
    talk(ready, "Why?")
    assert ready.program.window.close()
    assert texts(data) == [["Why?", "An answer."]]


LOCK = """
    import sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("locked", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the file."""

    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LOCK), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            yield
        finally:
            child.communicate("go\n")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.database.BUSY_TIMEOUT_S", 0.1)
    monkeypatch.setattr("app.session.QUIT_S", 0.2)


def test_a_lock_held_by_another_process_costs_nothing_and_is_not_waited_for(
    impatient: None, qtbot: QtBot, ready: Rig, data: Path
) -> None:
    ready.ask(lambda folder: folder.chats.connection.execute("PRAGMA busy_timeout = 100"))
    talk(ready, "Why?")
    ready.settle()
    with locked(data / "chats.sqlite3"):
        begin = time.process_time()
        talk(ready, "And now?")
        assert time.process_time() - begin < 5  # a guess at what "does not wait" is
        qtbot.waitUntil(lambda: "locked" in banner(ready))
    qtbot.waitUntil(lambda: banner(ready) == "")
    ready.program.close()
    assert texts(data) == [["Why?", "An answer.", "And now?", "An answer."]]


def test_chats_that_are_locked_at_the_start_are_opened_later(
    impatient: None, qtbot: QtBot, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what was written meanwhile is then saved, and the last chat is in the list."""
    monkeypatch.setattr("app.session.OPEN_AGAIN_MS", 50)
    store = open_store(data / "chats.sqlite3")
    fill(store)
    store.close()
    holder = sqlite3.connect(data / "chats.sqlite3", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with opened(qtbot, data, time.monotonic) as rig:
        rig.ready()
        assert "Nothing is kept in this session" in banner(rig)
        talk(rig, "Is anybody here?")
        holder.close()
        qtbot.waitUntil(lambda: banner(rig) == "")
        rig.settle()
        titles = {row.title for row in rig.program.models.chats.rows.chats}
        assert titles == {"Title", "Is anybody here?"}
    assert sorted(map(len, texts(data))) == [2, 2]


def test_a_newer_release_s_chats_are_left_and_said(
    qtbot: QtBot, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(data / "chats.sqlite3")
    fill(store)
    store.connection.execute("ALTER TABLE chats ADD COLUMN novelty TEXT")
    store.connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    store.close()
    before = (data / "chats.sqlite3").read_bytes()
    monkeypatch.setattr("app.services.store_thread.CLOSE_S", 0.2)
    with opened(qtbot, data, time.monotonic) as rig:
        rig.ready()
        assert "newer release" in banner(rig)
        assert "damaged" not in banner(rig)
        talk(rig, "Anything?")
        rig.settle()
        assert "newer release" in banner(rig)  # the strongest stays
        rig.program.close(0.1)
    assert (data / "chats.sqlite3").read_bytes() == before
    assert list(data.glob("*damaged*")) == []


def test_what_was_kept_is_told_until_it_was_seen(qtbot: QtBot, data: Path) -> None:
    data.mkdir()
    (data / "chats.sqlite3").write_bytes(b"no database" * 50)
    for seen in (False, True):
        with opened(qtbot, data, time.monotonic) as rig:
            (kept,) = data.glob("chats (damaged *).sqlite3")
            assert kept.name in banner(rig)
            rig.program.models.engine.say("Something small.")
            assert kept.name in banner(rig)
            if seen:
                rig.program.models.engine.dismiss()
                assert banner(rig) == "Something small."
    with opened(qtbot, data, time.monotonic) as rig:
        assert banner(rig) == ""


def test_of_several_banners_the_gravest_is_shown(ready: Rig) -> None:
    engine = ready.program.models.engine
    shown: list[str] = []
    engine.banner_changed.connect(
        lambda banner: shown.append("" if banner is None else banner.about)
    )
    engine.show_silence(9)
    engine.say("Small.")
    engine.show_unwritten(OSError("full"))
    engine.say("Gravest.", "closed")
    engine.show_unwritten(OSError("full"))
    engine.say("Small.")
    assert banner(ready) == "Gravest."
    engine.take_back("closed")
    engine.show_written()
    engine.show_silence(0)
    engine.dismiss()
    assert shown == ["silence", "unwritten", "closed", "unwritten", "silence", "notice", ""]


def test_a_chat_that_meets_a_defect_gives_way_to_an_empty_one(
    qtbot: QtBot, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(data / "chats.sqlite3")
    fill(store)
    store.close()

    class Defect(ReplyView):
        def __init__(self, *_arguments: object) -> None:
            raise RecursionError

    with monkeypatch.context() as broken:
        broken.setattr("app.views.chat.transcript.ReplyView", Defect)
        with opened(qtbot, data, time.monotonic) as rig:
            assert "could not be shown (RecursionError)" in banner(rig)
            assert rig.program.models.chat.blank
            assert rig.program.models.chats.rows.rowCount() > 0
    with opened(qtbot, data, time.monotonic) as rig:
        assert banner(rig) == ""


def test_settings_that_make_no_window_give_way_to_the_defaults(
    qtbot: QtBot, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir()
    (data / "settings.json").write_text('{"geometry": "AdnQywAD", "sidebar": {"width": 333}}')
    calls: list[object] = []

    def refuse(_window: object, geometry: object) -> bool:
        calls.append(geometry)
        raise OverflowError

    monkeypatch.setattr("app.views.main_window.MainWindow.restoreGeometry", refuse)
    with opened(qtbot, data, time.monotonic) as rig:
        assert rig.program.window.isVisible()
    assert len(calls) == 1


def test_nobody_else_may_read_the_folder(ready: Rig, data: Path) -> None:
    """Also files of an earlier release."""
    talk(ready, "Why?")
    ready.settle()
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in data.rglob("*") if p.is_file()}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    private = {name for name, mode in modes.items() if mode == 0o600}
    assert {"chats.sqlite3", "chats.sqlite3-wal", "settings.json", "lock"} <= private


def test_files_of_an_earlier_release_become_private(qtbot: QtBot, data: Path) -> None:
    open_store(data / "chats.sqlite3").close()
    reports = data / "reports"
    reports.mkdir()
    (reports / "one.json").write_text("{}")
    for path in (data, reports):
        path.chmod(0o755)
    for path in (data / "chats.sqlite3", reports / "one.json"):
        path.chmod(0o644)
    other = data / "mine.txt"
    other.write_text("not ours")
    other.chmod(0o644)
    with opened(qtbot, data, time.monotonic):
        pass
    assert [stat.S_IMODE(p.stat().st_mode) for p in (data, reports)] == [0o700, 0o700]
    assert stat.S_IMODE((reports / "one.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((data / "chats.sqlite3").stat().st_mode) == 0o600
    assert stat.S_IMODE(other.stat().st_mode) == 0o644
