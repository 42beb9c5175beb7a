"""Damaged data folders, and the real window over each of them: see `scripts/fuzz_data.py`.

A case is a copy of one folder with bits turned, bytes lost, values of another kind or a log of
another moment. The window must open, without a defect; a message that is gone must be told; what
is asked then must be saved; and the next to open the file must find all of that.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent

from app.domain.conversation import Attachment, Chat, ChatMessage
from app.domain.settings import Preset, ReplySettings, Settings, SidebarSettings
from app.engine.scripted import ScriptedWorker
from app.program import Program
from app.services.chat_store import open_store
from app.services.data_folder import DataFolder
from mtp_mlx.api import Sampling
from mtp_mlx.wire import Generate
from tests.app.helpers import HELLO, LOADED, finished, rounds
from tests.app.records import drafted_reply, reply_of

_DEEP = "[" * 3000 + "]" * 3000
_VALUES: tuple[object, ...] = (
    *(b"\xff\xfe half a text", b"", "", "oops", _DEEP, '{"seed": ' + _DEEP + "}"),
    *(-1, 2**31, 2**63 - 1, -(2**63), 1e308, -1e308, 0.5, 253402300800.0, None),
    *("[]", "{}", "null", "7", '"\\u0000"', "\x00", "x" * 100_000, '[{"name": 7}]'),
    '{"sampling": {"top_k": 99999999999999999999}, "max_tokens": -5}',
)
_COLUMNS = {
    "chats": ("title", "created", "updated", "settings", "pinned", "tip", "draft", "deleted"),
    "messages": (
        *("parent", "role", "created", "deleted", "indexed", "revision", "merged", "text"),
        *("thought", "thought_seconds", "attachments", "reply"),
    ),
    "pieces": ("first", "count", "text", "thought", "thought_seconds", "rounds"),
    "draft_files": ("files",),
}


@dataclass
class Source:
    """Folders that cases are copies of, and how many messages each of them holds."""

    closed: Path  # one file
    logged: Path  # with a log that a killed program left
    other: Path  # the same at a later moment
    messages: int


@dataclass
class Findings:
    cases: int = 0
    faults: list[str] = field(default_factory=list)
    told: int = 0  # cases in which the window said something
    seconds: float = 0.0


def make_source(folder: Path) -> Source:
    """Three chats, with versions, attached files, thoughts, rounds and something unsent."""
    closed, logged, other = (folder / name for name in ("closed", "logged", "other"))
    count = 0
    store = open_store(closed / "chats.sqlite3")
    for chat_id, length in {"one": 14, "two": 4, "three": 10}.items():
        count += _fill(store.save_message, store.save_chat, chat_id, length)
    store.close()
    settings = Settings(
        theme="dark",
        last_chat="two",
        welcomed=True,
        sidebar=SidebarSettings(width=260),
        reply=ReplySettings(system="Be brief.", sampling=Sampling(temperature=0.7, top_k=40)),
        presets=(Preset(name="Calm", settings=ReplySettings(seed=4)),),
    )
    (closed / "settings.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(settings), indent=2)
    )
    shutil.copytree(closed, folder / "open")
    store = open_store(folder / "open" / "chats.sqlite3")
    count += _fill(store.save_message, store.save_chat, "four", 20)
    shutil.copytree(folder / "open", logged)
    _fill(store.save_message, store.save_chat, "five", 30)
    shutil.copytree(folder / "open", other)
    store.close()
    return Source(closed, logged, other, count)


def _fill(
    save_message: Callable[[str, ChatMessage], None],
    save_chat: Callable[[Chat], None],
    chat_id: str,
    count: int,
) -> int:
    file = Attachment(name="notes.txt", text="one\ntwo\n" * 20)
    chat = Chat(id=chat_id, title=f"Chat {chat_id}", created=1e9, draft_files=(file,), draft="so")
    save_chat(chat)
    parent = None
    for number in range(count):
        name = f"{chat_id}{number}"
        asks = number % 2 == 0
        message = ChatMessage(
            id=name,
            role="user" if asks else "assistant",
            parent=parent,
            created=1e9 + number,
            text=f"Text {number} of {chat_id} with $x^2$ and `code`. " * 5,
            attachments=(file,) if number == 0 else (),
            thought="" if asks else "hm",
            thought_seconds=None if asks else 1.5,
            reply=None if asks else reply_of(drafted_reply(3)),
        )
        save_message(chat_id, message)
        parent = name
    save_chat(msgspec.structs.replace(chat, tip=parent))
    return count


def damage_database(source: Source, folder: Path, chance: random.Random) -> str:
    """Make a case in `folder`. Returns what was done; "values" are told apart from bytes."""
    kinds: tuple[Callable[[Source, Path, random.Random], str], ...] = (
        *(_turn_bits, _turn_bits_of_log, _turn_bits_of_log, _lose_bytes, _mix_moments),
        *(_change_value, _change_value, _change_value, _lose_file),
    )
    return chance.choice(kinds)(source, folder, chance)


def _turn_bits(source: Source, folder: Path, chance: random.Random) -> str:
    shutil.copytree(chance.choice((source.closed, source.logged)), folder)
    return _turned(folder / "chats.sqlite3", chance)


def _turn_bits_of_log(source: Source, folder: Path, chance: random.Random) -> str:
    shutil.copytree(source.logged, folder)
    return _turned(folder / "chats.sqlite3-wal", chance)


def _turned(path: Path, chance: random.Random) -> str:
    data = bytearray(path.read_bytes())
    places = [
        chance.randrange(min(len(data), chance.choice((100, 4096, len(data)))))
        for _ in range(chance.choice((1, 1, 2, 30)))
    ]
    for place in places:
        data[place] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return f"{path.name}: bits at {places}"


def _lose_bytes(source: Source, folder: Path, chance: random.Random) -> str:
    shutil.copytree(chance.choice((source.closed, source.logged)), folder)
    path = folder / chance.choice(sorted(p.name for p in folder.glob("chats.sqlite3*")))
    data = path.read_bytes()
    at = chance.randrange(len(data) + 1)
    if chance.random() < 0.5:
        path.write_bytes(data[:at])
        return f"{path.name}: cut at {at}"
    length = chance.choice((16, 512, 4096, 20_000))
    path.write_bytes(data[:at] + bytes(length) + data[at + length :])
    return f"{path.name}: {length} zeros at {at}"


def _mix_moments(source: Source, folder: Path, chance: random.Random) -> str:
    """A file with the log of another moment, as a copy made while the program runs has it."""
    folders = (source.closed, source.logged, source.other)
    first, second = chance.sample(folders, 2)
    shutil.copytree(first, folder)
    for suffix in ("-wal", "-shm"):
        log = second / f"chats.sqlite3{suffix}"
        (folder / log.name).unlink(missing_ok=True)
        if log.exists() and (suffix == "-wal" or chance.random() < 0.5):
            shutil.copy(log, folder)
    return f"{first.name} with the log of {second.name}"


def _lose_file(source: Source, folder: Path, chance: random.Random) -> str:
    shutil.copytree(source.logged, folder)
    name = chance.choice(("chats.sqlite3", "chats.sqlite3-wal", "chats.sqlite3-shm"))
    path = folder / name
    if chance.random() < 0.5:
        path.unlink(missing_ok=True)
        return f"{name} is gone"
    path.write_bytes(chance.randbytes(chance.choice((0, 10, 5000))))
    return f"{name} is rubbish" if path.stat().st_size else f"{name} is gone"


def _change_value(source: Source, folder: Path, chance: random.Random) -> str:
    shutil.copytree(source.closed, folder)
    table = chance.choice((*_COLUMNS, "messages", "chats"))
    column = chance.choice(_COLUMNS[table])
    value = chance.choice(_VALUES)
    text = isinstance(value, bytes) and chance.random() < 0.7
    with closing(sqlite3.connect(folder / "chats.sqlite3", isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        rows = connection.execute(f"SELECT rowid FROM {table}").fetchall()  # noqa: S608
        wanted = chance.choice((rows, [chance.choice(rows)]))
        try:
            connection.executemany(
                f"UPDATE {table} SET {column} = {'CAST(? AS TEXT)' if text else '?'}"  # noqa: S608
                " WHERE rowid = ?",
                [(value, *row) for row in wanted],
            )
        except sqlite3.IntegrityError:
            return "values: none, the file refuses it"
    return f"values: {len(wanted)} of {table}.{column} = {str(value)[:30]!r}"


def damage_settings(source: Source, folder: Path, chance: random.Random) -> str:
    shutil.copytree(source.closed, folder)
    path = folder / "settings.json"
    data = bytearray(path.read_bytes())
    kind = chance.randrange(4)
    if kind == 0:
        for _ in range(chance.choice((1, 1, 5))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del data[chance.randrange(len(data)) :]
    else:
        document = msgspec.json.decode(bytes(data))
        values = (*_VALUES[3:], _nested(3000), [], {}, [1], {"x": 1}, True, "\u2028", -0.0)
        for _ in range(chance.choice((1, 1, 3))):
            _put(document, chance.choice(values), chance)
        data = bytearray(_encoded(document))
    path.write_bytes(data)
    return f"settings: {bytes(data)[:60]!r}…"


# What leaves no trace of what is lost: a file that is gone, a log cut where it might have ended.
_UNTELLABLE = ("is gone", "chats.sqlite3 is", "-wal: cut", "-wal: 20", "log of", ".deleted")


class _Raw(str):
    """JSON as it stands."""

    __slots__ = ()


def _nested(depth: int) -> _Raw:
    return _Raw("[" * depth + "]" * depth)


def _put(document: object, value: object, chance: random.Random) -> None:
    """Put a value at some place of a JSON document."""
    while isinstance(document, dict | list) and document:
        keys = list(document) if isinstance(document, dict) else list(range(len(document)))
        key = chance.choice(keys)
        below = document[key]
        if not isinstance(below, dict | list) or not below or chance.random() < 0.4:
            document[key] = value
            return
        document = below


def _encoded(value: object) -> bytes:
    if isinstance(value, _Raw):
        return value.encode()
    if isinstance(value, dict):
        parts = [msgspec.json.encode(str(k)) + b":" + _encoded(v) for k, v in value.items()]
        return b"{" + b",".join(parts) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_encoded, value)) + b"]"
    if isinstance(value, bytes):
        return b'"' + value + b'"'
    return msgspec.json.encode(value)


class Window:
    """A program over a folder, as the user has it, and the defects that it met."""

    def __init__(self, folder: Path) -> None:
        self.defects: list[str] = []
        self.said: list[str] = []
        self.engine = ScriptedWorker()
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = lambda _kind, error, _trace: self._met(error)
        threading.excepthook = lambda found: self._met(found.exc_value)
        self.program = Program(self.engine, folder, "light")
        self.program.models.engine.banner_changed.connect(self._note)
        self._note(self.program.models.engine.banner)
        self.program.start()
        self.settle()

    def settle(self) -> None:
        program = self.program
        while True:
            program.files.wait(30)
            program.store.wait(30)
            QCoreApplication.processEvents()
            if program.files.idle and (program.store.idle or program.store.unwritten):
                return

    def converse(self) -> str:
        """Ask something and have it answered. Returns the id of the chat."""
        self.engine.say(HELLO)
        self.engine.say(LOADED)
        chat = self.program.models.chat
        if not chat.send("What now?"):
            self.defects.append(f"nothing can be asked: {chat.obstacle}")
            return ""
        asked = [one for one in self.engine.sent if isinstance(one, Generate)][-1]
        for event in rounds(asked.id, "One answer of a few words."):
            self.engine.say(event)
        self.engine.say(finished(asked.id))
        self.settle()
        return chat.chat.id

    def messages(self) -> int:
        """How many messages the store can read, in all chats that are listed."""
        found: list[int] = []

        def count(folder: DataFolder) -> int:
            chats = (folder.chats.load(one.id) for one in folder.chats.chats())
            return sum(len(chat.messages) for chat in chats if chat is not None)

        self.program.store.run(count, self.program).then(found.append).failed(
            lambda error: self.defects.append(f"the chats are not open: {error}")
        )
        self.settle()
        return found[0] if found else 0

    def close(self) -> None:
        self.program.close()
        self.program.window.hide()
        self.program.window.deleteLater()
        self.program.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        sys.excepthook, threading.excepthook = self._hooks

    def _note(self, banner: object) -> None:
        if banner is not None:
            self.said.append(str(getattr(banner, "message", banner)))

    def _met(self, error: BaseException | None) -> None:
        trace = error.__traceback__ if error is not None else None
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        self.defects.append(f"{type(error).__name__}: {str(error)[:100]} at {where}")


@contextmanager
def window(folder: Path) -> Iterator[Window]:
    made = Window(folder)
    try:
        yield made
    finally:
        made.close()


def try_case(folder: Path, done: str, messages: int | None) -> tuple[list[str], bool]:
    """Start over a case. Returns what went wrong, and whether anything was told."""
    with window(folder) as first:
        left = first.messages()
        told = bool(first.said)
        if any("could not be shown" in text for text in first.said):
            first.defects.append("the last guard was needed")
        if not first.program.window.isVisible():
            first.defects.append("the window is not shown")
        if messages is not None and left < messages and not told:
            first.defects.append(f"{messages - left} of {messages} messages are gone, untold")
        elif done.startswith("values") and messages is not None and left < messages:
            first.defects.append(f"a value cost {messages - left} messages")
        chat_id = first.converse()
    faults = first.defects
    store = open_store(folder / "chats.sqlite3")
    chats = [chat for one in store.chats() if (chat := store.load(one.id)) is not None]
    store.close()
    if store.notice:
        faults.append(f"the second start finds damage: {store.notice}")
    last = [chat.messages[-1].text for chat in chats if chat.id == chat_id and chat.messages]
    if chat_id and last != ["One answer of a few words."]:
        faults.append("what was asked after the first start is not there")
    if sum(len(chat.messages) for chat in chats) < left + 2:
        faults.append("the second start shows less than the first")
    return faults, told


def campaign(
    folder: Path,
    databases: int,
    settings: int,
    seed: int,
    only: int | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Findings:
    """Run the cases of a seed; each is made from its own number."""
    source = make_source(folder / "source")
    findings = Findings()
    for number in range(databases + settings) if only is None else [only]:
        chance = random.Random(f"{seed} {number}")
        case = folder / "case"
        shutil.rmtree(case, ignore_errors=True)
        of_database = number < databases
        damage = damage_database if of_database else damage_settings
        done = damage(source, case, chance)
        with_log = (case / "chats.sqlite3-wal").exists() or "-wal" in done or "log of" in done
        messages = source.messages if with_log else source.messages - 20
        if any(words in done for words in _UNTELLABLE):
            messages = 0
        begin = time.monotonic()
        try:
            faults, told = try_case(case, done, messages)
        except Exception as error:  # noqa: BLE001  (that no window opens is what is looked for)
            faults, told = [f"no window: {type(error).__name__}: {str(error)[:200]}"], False
        findings.seconds += time.monotonic() - begin
        findings.cases += 1
        findings.told += told
        findings.faults += [f"case {number} ({done}): {fault}" for fault in faults]
        for fault in faults:
            say(f"case {number} ({done}): {fault}")
    return findings
