"""Everything as one file, and back again, also on another computer."""

from __future__ import annotations

import hashlib
import io
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat
from app.domain.settings import Preset, ReplySettings, Settings
from app.services import backup
from app.services.backup import BackupError, check
from app.services.chat_store import open_store
from app.services.data_folder import DataFolder
from app.services.migrations import STEPS
from tests.app.conftest import Rig, opened
from tests.app.services.test_chat_store import fill
from tests.app.test_session import banner, talk

SETTINGS = Settings(
    theme="dark",
    geometry="AdnQywAD",
    last_chat="c",
    seen=("chats (damaged).sqlite3",),
    reply=ReplySettings(system="/no path, a prompt"),
    presets=(Preset(name="Calm", settings=ReplySettings(system="Be calm.")),),
)


def filled(folder: Path) -> DataFolder:
    data = DataFolder(folder)
    fill(data.chats)
    data.settings.update(Settings(), SETTINGS)
    data.speeds.put("pair", ())
    for name in ("reports/one.json", "pairs/abc.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text('{"some": "report"}')
    return data


@pytest.fixture
def data(qtbot: QtBot, tmp_path: Path) -> Iterator[DataFolder]:
    data = filled(tmp_path / "data")
    yield data
    data.close()


@pytest.fixture
def file(data: DataFolder, tmp_path: Path) -> Path:
    target = tmp_path / "elsewhere" / "backup.zip"
    data.back_up(target)
    return target


@pytest.fixture
def other(qtbot: QtBot, tmp_path: Path) -> Iterator[DataFolder]:
    """Another computer, where something else was written."""
    other = DataFolder(tmp_path / "other")
    other.chats.save_chat(Chat(id="other", title="Other", created=3.0, draft="half a thought"))
    other.settings.update(Settings(), Settings(theme="light"))
    yield other
    other.close()


def content(folder: Path) -> dict[str, bytes]:
    """The files of a folder that a restore could change."""
    names = ("settings.json", "plain speed.json", "reports", "pairs")
    paths = [p for n in names for p in [folder / n, *(folder / n).glob("*")] if p.is_file()]
    with closing(sqlite3.connect(folder / "chats.sqlite3")) as connection:
        dump = "\n".join(connection.iterdump()).encode()
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths} | {"chats": dump}


def rewritten(file: Path, changes: dict[str, bytes | None]) -> Path:
    """A backup with other files in it."""
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, data in changes.items():
            if data is not None:
                new.writestr(name, data)
    file.write_bytes(made.getvalue())
    return file


def manifest(file: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return msgspec.json.encode(msgspec.json.decode(archive.read("manifest.json")) | changes)


def test_everything_comes_back_on_another_computer(
    other: DataFolder, file: Path, tmp_path: Path
) -> None:
    aside = other.restore(file)
    chat = other.chats.load("c")
    assert chat is not None
    assert [m.text for m in chat.messages] == ["Why?", "Because."]
    assert chat.messages[1].reply is not None
    assert other.chats.load("other") is None
    assert other.settings.read().value == msgspec.structs.replace(SETTINGS, geometry="", seen=())
    assert set(other.speeds.read()) == {"pair"}
    for name in ("reports/one.json", "pairs/abc.json"):
        assert (tmp_path / "other" / name).read_text() == '{"some": "report"}'
    assert sorted(p.name for p in (tmp_path / "other").glob(".*")) == []
    # What was there before is a backup as well.
    other.restore(aside)
    chat = other.chats.load("other")
    assert chat is not None
    assert chat.draft == "half a thought"
    assert other.settings.read().value.theme == "light"


def test_a_backup_names_no_place_on_this_disk(data: DataFolder, file: Path, tmp_path: Path) -> None:
    raw = (tmp_path / "data" / "settings.json").read_bytes()
    placed = b'{"folder": "/Users/me/models", "places": {"a": "C:\\\\me"}, "kept": 1,' + raw[1:]
    (tmp_path / "data" / "settings.json").write_bytes(placed)
    data.back_up(file)
    with zipfile.ZipFile(file) as archive:
        assert all(not name.startswith("/") and ".." not in name for name in archive.namelist())
        settings = archive.read("settings.json")
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert msgspec.json.decode(settings)["kept"] == 1
    assert msgspec.json.decode(settings)["reply"]["system"] == "/no path, a prompt"
    assert b"me/models" not in everything
    assert b"C:" not in settings
    assert str(tmp_path).encode() not in everything


def test_what_is_in_the_log_is_in_the_backup(data: DataFolder, file: Path) -> None:
    data.chats.rename("c", "Renamed")
    data.back_up(file)
    data.chats.rename("c", "And again")
    data.restore(file)
    assert [c.title for c in data.chats.chats()] == ["Renamed"]


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def turned(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        at = archive.getinfo("chats.sqlite3").header_offset + 200
    raw = bytearray(file.read_bytes())
    raw[at] ^= 4
    file.write_bytes(raw)


def other_words(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        chats = archive.read("chats.sqlite3")
    rewritten(file, {"chats.sqlite3": chats.replace(b"Because.", b"Becauze.")})


def outside(file: Path) -> None:
    entry = {"size": 1, "sha256": "0"}
    files = msgspec.json.decode(manifest(file))["files"] | {"../evil.json": entry}
    rewritten(file, {"manifest.json": manifest(file, files=files), "../evil.json": b"x"})


def says(file: Path, **changes: object) -> None:
    rewritten(file, {"manifest.json": manifest(file, **changes)})


DAMAGE: dict[str, Callable[[Path], object]] = {
    "text": lambda file: file.write_text("no backup"),
    "empty": lambda file: file.write_bytes(b""),
    "torn": torn,
    "turned bit": turned,
    "gone": Path.unlink,
    "foreign zip": lambda file: rewritten(file, {"manifest.json": None}),
    "no chats": lambda file: rewritten(file, {"chats.sqlite3": None}),
    "other chats": lambda file: rewritten(file, {"chats.sqlite3": b"x" * 5000}),
    "other words": other_words,
    "a path outside": outside,
    "another format": lambda file: says(file, format="Something else"),
    "deep": lambda file: rewritten(file, {"manifest.json": b"[" * 100_000}),
    "no time": lambda file: says(file, created=1e300),
    "newer version": lambda file: says(file, version=2),
    "newer schema": lambda file: says(file, schema=len(STEPS) + 1),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_what_is_no_whole_backup_is_refused_and_changes_nothing(
    other: DataFolder, file: Path, tmp_path: Path, how: str
) -> None:
    before = content(tmp_path / "other")
    DAMAGE[how](file)
    with pytest.raises(BackupError) as refused:
        other.restore(file)
    said = str(refused.value)
    assert ("newer release" in said) == how.startswith("newer")
    assert "nothing was changed" in said
    assert len(said) <= 300
    assert content(tmp_path / "other") == before
    assert not (tmp_path / "other" / ".restoring").exists()
    assert [c.title for c in other.chats.chats()] == ["Other"]


def test_a_backup_of_an_earlier_release_is_brought_up_to_date(
    other: DataFolder, file: Path
) -> None:
    """The chats in it are those of version 1."""
    chats = Path(__file__).with_name("version_1.sqlite3").read_bytes()
    files = msgspec.json.decode(manifest(file))["files"]
    files["chats.sqlite3"] = {
        "size": len(chats),
        "sha256": hashlib.sha256(chats).hexdigest(),
    }
    old = manifest(file, schema=1, files=files)
    other.restore(rewritten(file, {"manifest.json": old, "chats.sqlite3": chats}))
    assert [c.title for c in other.chats.chats()] == ["Zweiter", "First"]


def test_a_restore_that_a_crash_cut_short_is_finished_at_the_start(
    other: DataFolder, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "other"

    class CrashError(BaseException):
        pass

    def crash(*_arguments: object) -> None:
        raise CrashError

    with monkeypatch.context() as crashing:
        crashing.setattr(backup, "finish", crash)
        with pytest.raises(CrashError):
            other.restore(file)
    other.close()
    again = DataFolder(folder)
    assert [c.title for c in again.chats.chats()] == ["Title"]
    assert again.settings.read().value.theme == "dark"
    assert not (folder / ".restoring").exists()
    again.close()


def test_one_that_had_not_begun_is_forgotten(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "third"
    first = DataFolder(folder)
    fill(first.chats)
    first.close()
    (folder / ".restoring").mkdir()
    shutil.copy(file, folder / ".restoring" / "chats.sqlite3")
    again = DataFolder(folder)
    assert [c.title for c in again.chats.chats()] == ["Title"]
    assert not (folder / ".restoring").exists()
    again.close()


def test_beside_another_window_nothing_is_restored(
    other: DataFolder, file: Path, tmp_path: Path
) -> None:
    second = DataFolder(tmp_path / "other")
    with pytest.raises(BackupError, match="another window"):
        second.restore(file)
    second.close()


def test_a_backup_that_cannot_be_written_says_so_and_leaves_nothing(
    data: DataFolder, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="The backup was not made"):
        data.back_up(tmp_path / "file" / "backup.zip")
    assert list(tmp_path.glob("*.part")) == []


def test_an_older_release_can_go_back_to_the_chats_of_before(tmp_path: Path) -> None:
    """A migration begins with a copy; of such copies two stay."""
    old = Path(__file__).with_name("version_1.sqlite3")
    for _ in range(4):
        shutil.copy(old, tmp_path / "chats.sqlite3")
        open_store(tmp_path / "chats.sqlite3").close()
        copies = list(tmp_path.glob("chats (schema 1, *"))
        assert copies
        with closing(sqlite3.connect(copies[0])) as copy, closing(sqlite3.connect(old)) as source:
            assert list(copy.iterdump()) == list(source.iterdump())
    assert len(list(tmp_path.glob("chats (schema *"))) == 2
    open_store(tmp_path / "chats.sqlite3").close()
    assert len(list(tmp_path.glob("chats (schema *"))) == 2


def test_the_window_restores_and_shows_it(
    qtbot: QtBot, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("app.program.say_done", lambda _window, text: said.append(text))
    monkeypatch.setattr("app.program.say_not_saved", lambda _window, text: said.append(text))
    monkeypatch.setattr("app.program.ask_backup", lambda *_: file)
    monkeypatch.setattr("app.program.may_restore", lambda *_: True)
    with opened(qtbot, tmp_path / "window", time.monotonic) as rig:
        rig.ready()
        talk(rig, "Before")
        trigger(rig, "Restore a backup…")
        assert "is restored" in said.pop()
        assert [m.text for m in rig.program.models.chat.messages.messages] == ["Because."]
        assert [c.title for c in rig.program.models.chats.rows.chats] == ["Title"]
        assert [p.name for p in rig.program.models.presets.own] == ["Calm"]
        talk(rig, "And now?")
        assert rig.program.models.chat.send("Still writing")
        trigger(rig, "Restore a backup…")
        assert "a reply is being written" in said.pop()
        rig.finish()
        target = tmp_path / "again.zip"
        monkeypatch.setattr("app.program.ask_backup_path", lambda *_: target)
        trigger(rig, "Back up everything…")
        assert said == ["Everything is backed up in “again.zip”."]
        assert banner(rig) == ""
    assert check(target).program
    store = open_store(tmp_path / "window" / "chats.sqlite3")
    chat = store.load("c")
    assert chat is not None
    assert len(chat.messages) == 6
    store.close()


def trigger(rig: Rig, text: str) -> None:
    actions = rig.program.window.findChildren(QAction)
    next(action for action in actions if action.text() == text).trigger()
    rig.settle()
