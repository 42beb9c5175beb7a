"""Quitting while something runs: it asks where something would be lost, and only there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton

from app import strings
from app.viewmodels.reports.bench_run import Choice
from app.views.quitting import Running, ask_to_quit
from tests.app.conftest import Rig
from tests.app.viewmodels.models.test_converting import Hand as Copies
from tests.app.viewmodels.models.test_trying import Hand as Trials
from tests.app.viewmodels.models.test_trying import estimate

REPOSITORY = "mlx-community/gemma-4-e4b-it-4bit"


@dataclass
class User:
    """Presses the button with these words in each question; "" presses Esc."""

    press: str = strings.CANCEL
    asked: list[str] = field(default_factory=list)  # what each question said
    offered: list[list[str]] = field(default_factory=list)  # its buttons

    def answer(self, box: QMessageBox) -> int:
        self.asked.append(box.informativeText())
        buttons = [button for button in box.buttons() if isinstance(button, QPushButton)]
        self.offered.append([button.text() for button in buttons])
        chosen = next((b for b in buttons if b.text() == self.press), box.escapeButton())
        assert chosen is not None
        chosen.click()
        return 0


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> User:
    user = User()

    def answer(box: QMessageBox) -> int:
        return user.answer(box)

    monkeypatch.setattr("app.program.ask_to_quit", ask_to_quit)
    monkeypatch.setattr(QMessageBox, "exec", answer)
    return user


def write(rig: Rig) -> None:
    rig.program.models.chat.send("Hello")
    rig.write("Half a")


def write_elsewhere(rig: Rig) -> None:
    write(rig)
    rig.program.models.chat.new_chat()


def measure(rig: Rig) -> None:
    rig.program.models.reports.begin(Choice())
    rig.settle()


def compare(rig: Rig) -> None:
    rig.program.models.compare.begin("Hello")


def fetch(rig: Rig) -> None:
    rig.program.models.models.fetching.begin(REPOSITORY, "E4B")


def try_a_size(rig: Rig) -> None:
    Trials(rig).ask(estimate())


def make_a_copy(rig: Rig) -> None:
    Copies(rig).ask()


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (write, strings.QUIT_REPLY),
        (write_elsewhere, strings.QUIT_REPLY),
        (measure, strings.QUIT_BENCHMARK),
        (compare, strings.QUIT_COMPARISON),
        (try_a_size, strings.QUIT_TRIAL),
        (make_a_copy, strings.QUIT_CONVERSION),
        (fetch, strings.QUIT_FETCH),
    ],
)
def test_it_asks_while_something_runs(
    work: Callable[[Rig], None], words: str, ready: Rig, user: User
) -> None:
    """Esc stays, and everything goes on."""
    work(ready)
    user.press = ""
    assert not ready.program.window.close()
    assert user.asked == [words]
    assert ready.program.window.isVisible()
    user.press = strings.QUIT_FETCH_PAUSED if work is fetch else strings.QUIT
    assert ready.program.window.close()
    assert ready.engine.closed
    assert ready.tool.left_alone == []


def begin_nothing(_rig: Rig) -> None:
    pass


def end_a_reply(rig: Rig) -> None:
    write(rig)
    rig.finish()


def let_fetches_go_on(rig: Rig) -> None:
    fetch(rig)
    rig.program.models.models.fetching.let_go_on(goes_on=True)


def pause_a_fetch(rig: Rig) -> None:
    fetch(rig)
    rig.program.models.models.fetching.pause(REPOSITORY)


def fail_a_fetch(rig: Rig) -> None:
    fetch(rig)
    rig.tool.fetches[-1].say("failed", message="The disk is full.")


@pytest.mark.parametrize(
    "work", [begin_nothing, end_a_reply, let_fetches_go_on, pause_a_fetch, fail_a_fetch]
)
def test_it_does_not_ask_where_nothing_is_lost(
    work: Callable[[Rig], None], ready: Rig, user: User
) -> None:
    work(ready)
    assert ready.program.window.close()
    assert user.asked == []


def test_downloads_go_on_only_where_the_user_says_so(ready: Rig, user: User) -> None:
    fetch(ready)
    write(ready)
    user.press = strings.QUIT_FETCH_ON
    assert ready.program.window.close()
    assert user.asked == [f"{strings.QUIT_REPLY}\n\n{strings.QUIT_FETCH}"]
    on, pause, stay = strings.QUIT_FETCH_ON, strings.QUIT_FETCH_PAUSED, strings.CANCEL
    assert sorted(user.offered[0]) == sorted([on, pause, stay])
    assert ready.tool.left_alone == [REPOSITORY]
    assert not ready.program.models.models.fetching.goes_on, "the setting is as it was"


def test_return_stays(ready: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults: list[str] = []

    def note(box: QMessageBox) -> int:
        defaults.append(box.defaultButton().text())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", note)
    assert ask_to_quit(ready.program.window, Running(reply=True, fetch=True)) == "stay"
    assert defaults == [strings.CANCEL]
