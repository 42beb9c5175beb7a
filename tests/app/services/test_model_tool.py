"""The tool over real processes that answer, say nonsense, fail or never end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app import strings
from app.domain.models import FetchStatus, Inventory, RemovalPlan
from app.services import model_tool
from app.services.model_tool import Run, ToolProcess

Script = Callable[[str], ToolProcess]


@pytest.fixture
def script(qtbot: QtBot) -> Iterator[Script]:
    """Return a tool that runs these lines of Python, with the arguments in `sys.argv`."""
    del qtbot
    tools: list[ToolProcess] = []

    def make(lines: str) -> ToolProcess:
        tools.append(ToolProcess([sys.executable, "-S", "-c", lines]))
        return tools[-1]

    yield make
    for tool in tools:
        tool.close()


class Outcome(QObject):
    """Collects what comes of a question."""

    def __init__(self, tool: ToolProcess, kind: type[object], *arguments: str) -> None:
        super().__init__()
        self.given: list[object] = []
        self.failed: list[str] = []
        answer = tool.ask(arguments, kind, self)
        answer.then(self.given.append).failed(lambda error: self.failed.append(str(error)))

    @property
    def is_there(self) -> bool:
        return bool(self.given or self.failed)


def test_an_answer_has_what_this_release_knows(
    qtbot: QtBot, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # what asks never reaches the network
    tool = script(
        "import sys, os, json; print(json.dumps({'repository': ' '.join(sys.argv[1:]),"
        " 'folder': os.environ['HF_HUB_OFFLINE'], 'of a later release': [1], 'freed_bytes': 7}))"
    )
    outcome = Outcome(tool, RemovalPlan, "remove", "a/b", "--json")
    qtbot.waitUntil(lambda: outcome.is_there)
    assert outcome.given == [RemovalPlan(repository="remove a/b --json", folder="1", freed_bytes=7)]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("print('{\"repository\": 5}')", strings.TOOL_GARBLED),
        ("print('nonsense')", strings.TOOL_GARBLED),
        ("import os; os.write(1, bytes([255]) * 50)", strings.TOOL_GARBLED),
        ("import sys; sys.exit('x\\nmtp-mlx: It is gone. Look there.\\n\\n')", "It is gone."),
        ("import sys; sys.exit('\\x1b[31m' + 'long ' * 200)", "long long"),
        ("import os; os._exit(3)", strings.TOOL_ENDED),
        ("import os; os.kill(os.getpid(), 9)", strings.TOOL_ENDED),
        ("print('[' * 100_000)", strings.TOOL_GARBLED),
        ("while True: print('a' * 10**6)", strings.TOOL_GARBLED),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    qtbot: QtBot,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    lines: str,
    words: str,
) -> None:
    monkeypatch.setattr(model_tool, "MOST_BYTES", 4 * 10**6)
    outcome = Outcome(script(lines), RemovalPlan)
    qtbot.waitUntil(lambda: outcome.is_there)
    assert outcome.given == []
    (sentence,) = outcome.failed
    assert words in sentence
    assert "\x1b" not in sentence
    assert "\n" not in sentence
    assert len(sentence) <= 300


def test_an_answer_that_does_not_come_is_given_up(
    qtbot: QtBot, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_tool, "ASK_S", 0.05)
    outcome = Outcome(script("import time; time.sleep(600)"), Inventory)
    qtbot.waitUntil(lambda: outcome.is_there)
    assert outcome.failed == [strings.TOOL_SILENT]


def test_a_program_that_is_not_there_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    tool = ToolProcess([str(tmp_path / "gone")])
    outcome = Outcome(tool, Inventory)
    qtbot.waitUntil(lambda: outcome.is_there)
    assert outcome.failed == [strings.TOOL_NOT_STARTED]


def test_nothing_comes_after_the_end_of_the_window(qtbot: QtBot, script: Script) -> None:
    tool = script("import time; time.sleep(600)")
    outcome = Outcome(tool, Inventory)
    fetch, seen = tool.fetch("a/b"), Seen()
    fetch.moved.connect(seen.statuses.append)
    qtbot.waitUntil(lambda: len(children()) == 2)
    tool.close()
    assert children() == []
    assert not outcome.is_there
    assert seen.statuses == []


class Seen:
    def __init__(self) -> None:
        self.statuses: list[FetchStatus] = []

    def of(self, run: Run) -> Seen:
        run.moved.connect(self.statuses.append)
        return self

    @property
    def phases(self) -> list[str]:
        return [status.phase for status in self.statuses]


def children() -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process().children()]


def test_a_fetch_is_told_line_by_line(qtbot: QtBot, script: Script) -> None:
    lines = (
        "import sys, json, os\n"
        "assert sys.argv[1:] == ['fetch', 'a/b', '--json']\n"
        'print(\'{"phase": "listing"}\', flush=True)\n'
        "print('what', flush=True)\n"
        'sys.stdout.write(\'{"phase": "fetching", "done": 1,\'); sys.stdout.flush()\n'
        'print(\' "total": 9, "rate": 3, "new": 0}\', flush=True)\n'
        'print(\'{"phase": "done"}\\n{"phase": "fetching"}\')\n'
    )
    seen = Seen().of(script(lines).fetch("a/b"))
    qtbot.waitUntil(lambda: "done" in seen.phases)
    qtbot.waitUntil(lambda: children() == [])
    assert seen.phases == ["listing", "fetching", "done"]
    assert (seen.statuses[1].done, seen.statuses[1].total, seen.statuses[1].rate) == (1, 9, 3)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('print(\'{"phase": "failed", "message": "No room."}\'); raise SystemExit(1)', "No room."),
        ("import sys; sys.exit('mtp-mlx: No such model.')", "No such model."),
        ("pass", strings.TOOL_GARBLED),
    ],
)
def test_a_fetch_that_fails_says_why_once(
    qtbot: QtBot, script: Script, lines: str, words: str
) -> None:
    seen = Seen().of(script(lines).fetch("a/b"))
    qtbot.waitUntil(lambda: bool(seen.statuses))
    qtbot.waitUntil(lambda: children() == [])
    assert seen.phases == ["failed"]
    assert seen.statuses[0].message == words


def test_a_fetch_that_is_killed_says_nothing_more(qtbot: QtBot, script: Script) -> None:
    lines = 'import time; print(\'{"phase": "listing"}\', flush=True); time.sleep(600)'
    run = script(lines).fetch("a/b")
    seen = Seen().of(run)
    qtbot.waitUntil(lambda: seen.phases == ["listing"])
    run.kill()
    qtbot.waitUntil(lambda: children() == [])
    assert seen.phases == ["listing"]


def test_a_fetch_goes_on_without_the_window(qtbot: QtBot, script: Script, tmp_path: Path) -> None:
    lines = f"import sys, pathlib; pathlib.Path({str(tmp_path)!r}, 'it').write_text(sys.argv[2])"
    tool = script(lines)
    tool.fetch_alone("a/b")
    tool.close()
    qtbot.waitUntil(lambda: (tmp_path / "it").exists() and (tmp_path / "it").read_text() == "a/b")
