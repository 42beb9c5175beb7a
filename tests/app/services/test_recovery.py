"""A damaged database: what was there is kept byte for byte, and what can be read goes on."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import strings
from app.domain.conversation import Chat, ChatMessage
from app.services import database, recovery
from app.services.chat_store import ChatStore, open_store
from app.services.write_ahead_log import LogEnd, log_of, read_log

MESSAGES = 50


def fill(store: ChatStore, chat_id: str, count: int) -> None:
    store.save_chat(Chat(id=chat_id, title=chat_id, created=1.0))
    parent = None
    for number in range(count):
        message = ChatMessage(
            id=f"{chat_id}{number}", role="user", text=f"words {number} " * 9, parent=parent
        )
        store.save_message(chat_id, message)
        parent = message.id


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a window that was killed: nearly everything is in the log."""
    folder = tmp_path_factory.mktemp("left")
    store = open_store(folder / "open" / "chats.sqlite3")
    fill(store, "c", MESSAGES)
    shutil.copytree(folder / "open", folder / "killed")
    store.close()
    return folder / "killed" / "chats.sqlite3"


@dataclass(frozen=True)
class Pair:
    """A database and its log, as bytes."""

    database: bytes
    log: bytes

    @classmethod
    def of(cls, path: Path) -> Pair:
        return cls(path.read_bytes(), log_of(path).read_bytes())


@pytest.fixture
def killed(left: Path, path: Path) -> Path:
    shutil.copytree(left.parent, path.parent)
    return path


def texts(path: Path) -> set[str]:
    """The ids of the messages that a window finds, and what it says."""
    store = open_store(path)
    chats = [store.load(one.id) for one in store.chats()]
    notice = store.notice
    store.close()
    assert notice
    return {message.id for chat in chats if chat is not None for message in chat.messages}


def kept(path: Path) -> Path:
    (found,) = path.parent.glob("chats (damaged *).sqlite3")
    return found


def turn_bit(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


def test_a_window_that_was_killed_left_nothing_to_tell(killed: Path) -> None:
    store = open_store(killed)
    assert store.notice == ""
    assert len(store.read("c").chat.messages) == MESSAGES  # type: ignore[union-attr]
    store.close()
    assert list(killed.parent.glob("*damaged*")) == []


@pytest.mark.parametrize("part", ["page", "checksum", "salt", "number"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_lies_behind_a_turned_bit_in_the_log_is_read(
    killed: Path, part: str, share: float
) -> None:
    log = log_of(killed)
    frames = read_log(log, killed).frames
    inside = {"page": 700, "checksum": -6, "salt": -14, "number": -21}[part]
    turn_bit(log, frames[int(share * len(frames))].at + inside)
    before = Pair.of(killed)
    found = texts(killed)
    assert len(found) >= MESSAGES - 2
    assert Pair.of(kept(killed)) == before


@pytest.mark.parametrize("cut", [1, 8, 1000])
def test_a_log_that_was_cut_between_two_frames_is_told(killed: Path, cut: int) -> None:
    """It looks like one that ended there."""
    log = log_of(killed)
    frames = read_log(log, killed)
    left = max(0, len(frames.frames) - cut)
    data = log.read_bytes()
    log.write_bytes(data[: 32 + left * (24 + frames.page_size)])
    before = Pair.of(killed)
    store = open_store(killed)
    assert strings.LOG_CUT in store.notice
    store.close()
    assert Pair.of(kept(killed)) == before
    assert open_store(killed).notice == ""


@pytest.mark.parametrize("damage", ["half", "bit", "older", "another generation", "gone"])
def test_what_is_written_down_of_a_log_claims_too_little_at_most(killed: Path, damage: str) -> None:
    end = killed.with_name("chats.sqlite3-end")
    data = end.read_bytes()
    changed = {
        "half": data[:9],
        "bit": data[:8] + bytes([data[8] ^ 64]) + data[9:],
        "older": data,
        "another generation": bytes([data[0] ^ 1]) + data[1:],
        "gone": b"",
    }
    end.write_bytes(changed[damage])
    log = log_of(killed)
    if damage == "older":  # by as much as a crash of the system may cost
        frames = read_log(log, killed)
        LogEnd(killed).note()
        log.write_bytes(log.read_bytes() + bytes(24 + frames.page_size))
    store = open_store(killed)
    assert store.notice == ""
    assert len(store.read("c").chat.messages) == MESSAGES  # type: ignore[union-attr]
    store.close()


def test_a_log_that_began_anew_is_counted_anew(path: Path) -> None:
    store = open_store(path)
    fill(store, "a", 30)
    store.connection.execute("PRAGMA wal_checkpoint(RESTART)")
    fill(store, "b", 3)
    copy = path.parent.with_name("copy")
    shutil.copytree(path.parent, copy)
    store.close()
    taken = read_log(log_of(copy / path.name), copy / path.name).taken
    assert int.from_bytes((copy / "chats.sqlite3-end").read_bytes()[8:12], "big") == taken
    assert open_store(copy / path.name).notice == ""


def test_a_log_without_a_sound_header_is_read(killed: Path) -> None:
    turn_bit(log_of(killed), 18)
    assert len(texts(killed)) == MESSAGES


def test_a_log_of_another_moment_costs_nothing(path: Path) -> None:
    """A copy that was made while the program ran holds the file and the log of two moments."""
    store = open_store(path)
    fill(store, "a", 40)
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.delete_messages("a", ["a39"])
    log = log_of(path).read_bytes()
    fill(store, "b", 400)
    store.close()
    log_of(path).write_bytes(log)
    before = Pair.of(path)
    found = texts(path)
    assert {f"b{number}" for number in range(400)} <= found
    assert Pair.of(kept(path)) == before


@pytest.mark.parametrize("place", [3, 16, 18, 45, 54, 59, 62])
def test_a_turned_bit_in_the_header_costs_nothing(left: Path, path: Path, place: int) -> None:
    """Fields of the header: name, page size, versions, encoding, number of the schema."""
    shutil.copytree(left.parent, path.parent)
    open_store(path).close()
    turn_bit(path, place)
    store = open_store(path)
    assert [len(store.read("c").chat.messages)] == [MESSAGES]  # type: ignore[union-attr]
    store.rename("c", "It can be written")
    store.close()


@pytest.mark.parametrize(
    ("word", "other"),
    [
        (b"thought_seconds", b"thought_reconds"),
        (b"'user', 'a", b"'uses', 'a"),
    ],
)
def test_a_turned_bit_in_how_a_table_was_made_costs_nothing(
    left: Path, path: Path, word: bytes, other: bytes
) -> None:
    """SQLite finds no fault in it, and refuses what is saved."""
    shutil.copytree(left.parent, path.parent)
    open_store(path).close()
    data = path.read_bytes()
    at = data.rindex(word, 0, 4096 * 3)
    path.write_bytes(data[:at] + other + data[at + len(word) :])
    store = open_store(path)
    chat = store.read("c").chat
    assert chat is not None
    assert len(chat.messages) == MESSAGES
    store.save(chat, ChatMessage(id="new", role="user", text="more", parent="c49"))
    assert "its tables are not as they were made" in store.notice
    store.close()


def test_of_a_torn_table_the_rows_before_and_behind_are_read(path: Path) -> None:
    store = open_store(path)
    fill(store, "c", 200)
    store.close()
    data = bytearray(path.read_bytes())
    page = data.index(b"words 100 ") // 4096
    data[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    found = texts(path)
    assert len(found) >= 160  # a page holds 34 of them
    assert {"c0", "c199"} <= found
    assert kept(path).read_bytes() == data


def test_a_log_without_its_file_is_kept(killed: Path) -> None:
    log = log_of(killed).read_bytes()
    killed.unlink()
    store = open_store(killed)
    assert "its log was there without it" in store.notice
    assert store.chats() == ()
    store.close()
    (found,) = killed.parent.glob("chats (damaged *-wal")
    assert found.read_bytes() == log


def test_names_never_collide(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "stamp", lambda: "now")
    path.parent.mkdir()
    for content in (b"one" * 99, b"two" * 99, b"three" * 99):
        path.write_bytes(content)
        open_store(path).close()
    contents = {p.read_bytes() for p in path.parent.glob("chats (damaged *).sqlite3")}
    contents |= {p.read_bytes() for p in path.parent.glob("chats (damaged *) ?.sqlite3")}
    assert contents == {b"one" * 99, b"two" * 99, b"three" * 99}


@pytest.mark.parametrize("step", ["_copy", "connect", "_second_name"])
def test_without_room_everything_stays_where_it_is(
    killed: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The new file is made before the old one is moved; once there is room, it is."""
    turn_bit(log_of(killed), 30_000)
    before = Pair.of(killed)

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(recovery, step, refuse)
        with pytest.raises(OSError, match="No space"):
            open_store(killed)
    assert Pair.of(killed) == before
    assert [p.name for p in killed.parent.glob("*.new*")] == []
    assert len(texts(killed)) >= MESSAGES - 2
    assert Pair.of(kept(killed)) == before


def test_a_crash_before_the_new_file_is_in_place_loses_nothing(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_bit(log_of(killed), 30_000)
    before = Pair.of(killed)

    class CrashError(BaseException):
        pass

    def crash(path: Path, _target: Path) -> None:
        raise CrashError(path)

    with monkeypatch.context() as crashing:
        crashing.setattr(Path, "replace", crash)
        with pytest.raises(CrashError):
            open_store(killed)
    open_store(killed).close()
    pairs = [p for p in killed.parent.glob("chats (damaged *).sqlite3") if log_of(p).exists()]
    assert before in [Pair.of(p) for p in pairs]


def test_looking_alters_nothing(killed: Path) -> None:
    turn_bit(log_of(killed), 30_000)
    before = Pair.of(killed)
    database.look(killed)
    assert Pair.of(killed) == before


def test_a_file_that_only_the_disk_keeps_from_being_read_is_not_called_damaged(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    other = sqlite3.connect(killed)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_store(killed)
    other.close()
    assert list(killed.parent.glob("*damaged*")) == []
