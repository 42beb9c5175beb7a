"""A whole program over a scripted engine, in a folder of its own."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.collector import collect_due
from app.domain.conversation import Chat
from app.engine.engine import Engine
from app.engine.scripted import ScriptedWorker
from app.engine.state import State
from app.engine.worker import Death
from app.program import Program
from app.services.chat_store import ChatStore, open_store
from app.services.data_folder import DataFolder, open_folder
from app.services.store_thread import StoreThread
from mtp_mlx.api import Load, PairInfo
from mtp_mlx.wire import Event, Finished, Generate, Loaded, Round
from tests.app.helpers import HELLO, LOADED, MEMORY, finished, rounds
from tests.app.interface_thread import Watch
from tests.app.tools import ScriptedTool

R = TypeVar("R")


_watch = Watch()

PATIENCE_MS = 60_000  # a busy machine takes ten times as long; only a failing test waits it out


class PatientBot(QtBot):
    """pytest-qt's robot, whose own patience of 5 s ends on a machine that has other work."""

    def waitUntil(  # noqa: N802 - pytest-qt's name
        self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE_MS
    ) -> None:
        super().waitUntil(callback, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    assert qapp is QApplication.instance()
    return PatientBot(request)


@pytest.fixture(autouse=True)
def _garbage_is_collected_here() -> Iterator[None]:
    """As in the program: a widget that another thread collects takes the process with it."""
    gc.disable()
    yield
    collect_due()
    gc.enable()


@pytest.fixture(autouse=True)
def _quitting_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that is closed in mid-reply, as pytest-qt does in the end, quits."""
    monkeypatch.setattr("app.program.ask_to_quit", lambda *_: "quit")


@pytest.fixture(autouse=True)
def _interface_thread_touches_no_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The window leaves files to its threads; a test's own folder stands for the user's disk."""
    _watch.begin(tmp_path_factory.getbasetemp())
    yield
    assert _watch.end() == []


@dataclass
class Clock:
    """Time that passes when told to."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


class EngineRig:
    """An engine over a scripted worker, without a window, and the states it has been in."""

    def __init__(self, clock: Clock) -> None:
        self.worker = ScriptedWorker()
        self.engine = Engine(self.worker, clock=clock)
        self.states: list[State] = []
        self.engine.state_changed.connect(self.states.append)

    def state(self) -> State:
        return self.engine.state

    def say(self, *events: Event | Death) -> None:
        for event in events:
            self.worker.say(event)

    def ready(self) -> None:
        self.engine.start()
        self.say(HELLO, LOADED)


def settle(program: Program) -> None:
    """Wait until the store has answered, and again for what its answers have asked.

    What the disk refuses stays unwritten.
    """
    while True:
        assert program.files.wait(30)
        assert program.store.wait(30)
        if program.files.idle and (program.store.idle or program.store.unwritten):
            return


@dataclass
class Rig:
    """What a test of the window needs: the program, and both ends of its engine."""

    program: Program
    engine: ScriptedWorker
    tool: ScriptedTool = field(default_factory=ScriptedTool)

    def settle(self) -> None:
        settle(self.program)

    def ask(self, operation: Callable[[DataFolder], R]) -> R:
        """What the store answers, once it has done what it was asked before."""
        answers: list[R] = []
        self.program.store.run(operation, self.program).then(answers.append)
        self.settle()
        return answers[0]

    def stored(self, chat_id: str | None = None) -> Chat | None:
        """A chat as the store has it, by default the open one."""
        wanted = chat_id or self.program.models.chat.chat.id
        return self.ask(lambda folder: folder.chats.load(wanted))

    def ready(self) -> None:
        self.engine.say(HELLO)
        self.engine.say(LOADED)

    def load(self, pair: PairInfo) -> None:
        """Put another pair in the place of the loaded one."""
        self.program.engine.load(Load(target=pair.target))
        self.engine.say(Loaded(pair=pair, memory=MEMORY))

    def action(self, text: str) -> QAction:
        """The window's command with these words."""
        actions = self.program.window.findChildren(QAction)
        return next(action for action in actions if action.text() == text)

    def request(self) -> Generate:
        """The last one sent."""
        return [c for c in self.engine.sent if isinstance(c, Generate)][-1]

    def say(self, *events: Event) -> None:
        for event in events:
            self.engine.say(event)

    def write(self, text: str, *, depth: int = 3) -> list[Round]:
        """The rounds of a reply, all but its end."""
        said = list(rounds(self.request().id, text, depth=depth))
        self.say(*said)
        return said

    def finish(self) -> Finished:
        event = finished(self.request().id)
        self.say(event)
        return event


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bare(qapp: object, clock: Clock) -> Iterator[EngineRig]:
    """An engine that has not been started."""
    rig = EngineRig(clock)
    yield rig
    rig.engine.close()


@contextmanager
def opened(qtbot: QtBot, data: Path, clock: Callable[[], float]) -> Iterator[Rig]:
    """A window that starts, and is closed in the end."""
    engine, tool = ScriptedWorker(), ScriptedTool()
    program = Program(engine, data, "light", clock=clock, tool=tool)
    qtbot.addWidget(program.window)
    program.start()
    settle(program)
    yield Rig(program, engine, tool)
    program.close()
    program.window.hide()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    with opened(qtbot, tmp_path / "data", time.monotonic) as rig:
        yield rig


@pytest.fixture
def timed(qtbot: QtBot, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    """Ready, and its time passes when told to."""
    with opened(qtbot, tmp_path / "data", clock) as rig:
        rig.ready()
        yield rig


@pytest.fixture
def ready(rig: Rig) -> Rig:
    rig.ready()
    return rig


@pytest.fixture
def store(qtbot: QtBot, tmp_path: Path) -> Iterator[StoreThread[DataFolder]]:
    """A store thread over a folder, without a program."""
    parent = QObject()
    store = open_folder(tmp_path / "data", parent)
    yield store
    store.close()


@pytest.fixture
def other(rig: Rig, tmp_path: Path) -> Iterator[ChatStore]:
    """Another window's store over the same file."""
    store = open_store(tmp_path / "data" / "chats.sqlite3")
    yield store
    store.close()
