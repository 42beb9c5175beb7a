"""The client against real child processes: tidy ones, garbled ones, dying ones."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QProcess
from pytestqt.qtbot import QtBot

from app.engine.worker import Death, LineBuffer, WorkerProcess
from mtp_mlx.wire import Event, Hello, Ping, Pong, Round

HELLO = '{"type":"hello","protocol":1,"versions":{},"device":{}}'
PONG = '{"type":"pong"}'
ROUND = (
    '{"type":"round","id":"r","index":1,"tokens":[{"id":1,"text":"half","source":"target"}],'
    '"depth":0,"drafted":0,"accepted":0,"rejected":[],"ms":1}'
)


class Child:
    """A client on a small Python program, and all it has said."""

    def __init__(self, source: str) -> None:
        prelude = "import sys, os, time\ndef say(s): sys.stdout.write(s); sys.stdout.flush()\n"
        self.engine = WorkerProcess([sys.executable, "-c", prelude + textwrap.dedent(source)])
        self.events: list[Event] = []
        self.noise: list[str] = []
        self.deaths: list[Death] = []
        self.engine.received.connect(self.events.append)
        self.engine.noise.connect(self.noise.append)
        self.engine.died.connect(self.deaths.append)


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.engine.close()


def start(children: list[Child], source: str) -> Child:
    child = Child(source)
    children.append(child)
    child.engine.start()
    return child


def test_events_and_answers(qtbot: QtBot, children: list[Child]) -> None:
    child = start(
        children,
        f"""
        say('{HELLO}\\n')
        for line in sys.stdin:
            if '"ping"' in line: say('{PONG}\\n')
        """,
    )
    qtbot.waitUntil(lambda: len(child.events) == 1)
    assert isinstance(child.events[0], Hello)
    child.engine.send(Ping())
    qtbot.waitUntil(lambda: len(child.events) == 2)
    assert child.events[1] == Pong()


def test_a_line_written_in_pieces_is_one_event(qtbot: QtBot, children: list[Child]) -> None:
    child = start(
        children,
        f"""
        for part in ('{HELLO[:9]}', '{HELLO[9:30]}', '{HELLO[30:]}\\n{PONG[:4]}', '{PONG[4:]}\\n'):
            say(part); time.sleep(0.05)
        sys.stdin.read()
        """,
    )
    qtbot.waitUntil(lambda: len(child.events) == 2)
    assert isinstance(child.events[0], Hello)
    assert child.events[1] == Pong()


def test_garbage_is_noise_and_the_next_line_counts(qtbot: QtBot, children: list[Child]) -> None:
    child = start(
        children,
        f"""
        say('Downloading: 100%\\n')
        say('{{"type":"no such thing"}}\\n')
        os.write(1, bytes([0xff, 0xfe, 0x0a]))
        say('{PONG}\\n')
        sys.stdin.read()
        """,
    )
    qtbot.waitUntil(lambda: bool(child.events))
    assert child.events == [Pong()]
    assert len(child.noise) == 3


def test_death_in_mid_reply_keeps_what_was_said_and_why(
    qtbot: QtBot, children: list[Child]
) -> None:
    child = start(
        children,
        f"""
        say('{ROUND}\\n'); say('{ROUND[:20]}')
        sys.stderr.write('first\\nRuntimeError: no more memory\\n'); sys.stderr.flush()
        sys.exit(3)
        """,
    )
    qtbot.waitUntil(lambda: bool(child.deaths))
    assert [type(event) for event in child.events] == [Round]
    assert child.deaths[0].reason == "ended: RuntimeError: no more memory"


def test_a_silent_end_names_its_exit_code(qtbot: QtBot, children: list[Child]) -> None:
    child = start(children, "sys.exit(5)")
    qtbot.waitUntil(lambda: bool(child.deaths))
    assert "exit code 5" in child.deaths[0].reason


def test_being_killed_is_told_as_lack_of_memory(qtbot: QtBot, children: list[Child]) -> None:
    child = start(children, f"say('{PONG}\\n'); sys.stdin.read()")
    qtbot.waitUntil(lambda: bool(child.events))
    child.engine.kill()
    qtbot.waitUntil(lambda: bool(child.deaths))
    assert "memory" in child.deaths[0].reason
    assert child.deaths[0].can_restart


def test_a_crash_names_its_signal(qtbot: QtBot, children: list[Child]) -> None:
    child = start(children, "import signal; signal.raise_signal(signal.SIGSEGV)")
    qtbot.waitUntil(lambda: bool(child.deaths))
    assert child.deaths[0].reason == "crashed (signal 11)"


@pytest.mark.parametrize(
    "words",
    [
        "[METAL] Command buffer execution failed: Insufficient Memory (00000008)",
        "CUDA error: out of memory",
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ],
)
def test_a_crash_for_lack_of_memory_says_so(
    qtbot: QtBot, children: list[Child], words: str
) -> None:
    child = start(children, f'sys.stderr.write("{words}\\nat x.cpp\\n"); os.abort()')
    qtbot.waitUntil(lambda: bool(child.deaths))
    assert child.deaths[0].reason == "ran out of memory"


def test_only_the_tail_of_a_long_log_is_kept(qtbot: QtBot, children: list[Child]) -> None:
    child = start(
        children, "[print('line', i, file=sys.stderr) for i in range(20000)]; sys.exit(1)"
    )
    qtbot.waitUntil(lambda: bool(child.deaths), timeout=10_000)
    assert child.deaths[0].reason == "ended: line 19999"
    assert len(child.engine.log) <= 16 * 1024


def test_a_program_that_is_not_there_is_not_tried_again(qtbot: QtBot) -> None:
    engine = WorkerProcess(["/no/such/program"])
    with qtbot.waitSignal(engine.died) as died:
        engine.start()
    death = died.args[0]
    assert isinstance(death, Death)
    assert not death.can_restart


def test_it_can_be_started_again(qtbot: QtBot, children: list[Child]) -> None:
    child = start(children, f"say('{PONG}\\n'); sys.exit(1)")
    qtbot.waitUntil(lambda: len(child.deaths) == 1)
    child.engine.start()
    qtbot.waitUntil(lambda: len(child.deaths) == 2)
    assert child.events == [Pong(), Pong()]


def test_closing_says_nothing_and_leaves_nothing(qtbot: QtBot, children: list[Child]) -> None:
    child = start(children, f"say('{PONG}\\n'); sys.stdin.read()")
    qtbot.waitUntil(lambda: bool(child.events))
    child.engine.close()
    child.engine.send(Ping())
    qtbot.waitUntil(lambda: not child.engine.findChildren(QProcess))
    assert child.deaths == []


def test_a_child_deaf_to_the_end_of_stdin_is_killed(qtbot: QtBot, children: list[Child]) -> None:
    child = start(children, f"say('{PONG}\\n'); time.sleep(60)")
    qtbot.waitUntil(lambda: bool(child.events))
    child.engine.close()


def test_a_line_in_pieces() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b'{"a"') == []
    assert buffer.feed(b': 1}\n{"b"') == [b'{"a": 1}']
    assert buffer.feed(b": 2}\n") == [b'{"b": 2}']


def test_empty_lines_are_nothing() -> None:
    assert LineBuffer().feed(b"\n  \n\na\n\n") == [b"a"]


def test_a_line_that_is_too_long_is_dropped_and_the_next_is_not() -> None:
    buffer = LineBuffer(limit=10)
    assert buffer.feed(b"x" * 8) == []
    assert buffer.feed(b"x" * 8) == []
    assert buffer.feed(b"x" * 100) == []
    assert buffer.feed(b"xx\nshort\n") == [b"short"]


def test_a_long_line_in_one_piece_is_dropped() -> None:
    assert LineBuffer(limit=10).feed(b"x" * 11 + b"\nok\n") == [b"ok"]


@given(
    st.lists(st.binary(min_size=1, max_size=12).filter(lambda b: b"\n" not in b and b.strip())),
    st.data(),
)
def test_however_it_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    buffer, got, at = LineBuffer(), list[bytes](), 0
    while at < len(whole):
        size = data.draw(st.integers(1, len(whole) - at))
        got += buffer.feed(whole[at : at + size])
        at += size
    assert got == lines
