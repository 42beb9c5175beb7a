"""People's own models, with the real worker and the real `mtp-mlx models`: list, fetch, load, chat.

The checkpoints are copies of the built-in pair, laid out as other programs and a Hub have them. To
the engine they are a stranger's.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app import strings
from app.__main__ import tool_command, worker_command
from app.domain.models import RemovalPlan
from app.domain.settings import PairChoice
from app.engine.state import Loading, Ready
from app.engine.worker import WorkerProcess
from app.program import Program
from app.services.model_tool import ToolProcess
from app.viewmodels.models.rows import LocalRow
from app.viewmodels.models.switching import BUILT_IN
from app.views.models.job_rows import FetchView
from app.views.models.model_rows import CardView, LocalView
from app.views.models.models_page import ModelsPage
from mtp_mlx.paths import resources
from tests.app.conftest import settle
from tests.hub.fake_hub import COMMIT, Dam, FakeHub, serving

DEMO = resources() / "demo_pair"
NOT_TRAINED = not (DEMO / "target" / "model.safetensors").exists()
pytestmark = [
    pytest.mark.mlx,
    pytest.mark.skipif(NOT_TRAINED, reason="the built-in pair is not there"),
]

E2B = "gemma-4-e2b-it"
TARGETS = (*(f"mlx-community/{E2B}-{bits}" for bits in ("4bit", "8bit")), "google/gemma-4-E2B-it")
ASSISTANT = "google/gemma-4-E2B-it-assistant"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the window asked before an act; every answer is yes."""
    asked: list[str] = []

    def agree(_window: QWidget, question: str, *_: object) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr("app.views.models.offers.agrees", agree)
    return asked


@contextmanager
def opened(qtbot: QtBot, data: Path) -> Iterator[Window]:
    program = Program(
        WorkerProcess(worker_command()),
        data,
        "light",
        tool=ToolProcess(tool_command("models"), tool_command("bench")),
    )
    qtbot.addWidget(program.window)
    program.start()
    try:
        window = Window(qtbot, program)
        window.wait(lambda: isinstance(program.engine.state, Ready))
        yield window
        settle(program)
    finally:
        program.close()
        program.window.hide()


class Window:
    """A hand on the Models page."""

    def __init__(self, qtbot: QtBot, program: Program) -> None:
        self._qtbot = qtbot
        self.program = program

    def wait(self, happened: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(happened)

    @property
    def page(self) -> ModelsPage:
        self.program.window.places.models.show()
        page = self.program.window.places.currentWidget()
        assert isinstance(page, ModelsPage)
        return page

    def local(self, name: str) -> LocalView:
        """The row of a model on this disk, once it is there."""
        self.wait(lambda: self._find(name) is not None)
        row = self._find(name)
        assert row is not None
        return self.page.local.views[row.key]

    def _find(self, name: str) -> LocalRow | None:
        rows = self.program.models.models.state.local
        return next((row for row in rows if Path(row.key).name == name), None)

    def load(self, name: str) -> None:
        self.local(name).button.click()
        self.wait(lambda: self.local(name).button.text() == strings.MODEL_LOADED)

    def chat(self, words: str) -> str:
        """A reply, by the pair that is loaded."""
        chat = self.program.models.chat
        chat.new_chat()
        chat.set_settings(type(chat.chat.settings)(max_tokens=16, seed=1))
        assert chat.send(words)
        self.wait(lambda: not chat.obstacle)
        reply = chat.messages.at(1).reply
        assert reply is not None
        assert reply.stats is not None
        assert reply.stats.draft_n > 0
        return reply.pair.target


def copied(folder: Path, name: str) -> Path:
    """Copies of the built-in pair's halves, as an organisation's repositories."""
    for part, ending in (("target", ""), ("drafter", "-assistant")):
        shutil.copytree(DEMO / part, folder / f"{name}{ending}")
    return folder / name


@pytest.mark.slow
def test_models_of_other_programs_are_loaded_and_left_again(
    qtbot: QtBot, tmp_path: Path, home: Path, questions: list[str]
) -> None:
    copied(home / ".lmstudio" / "models" / "someone", "small")
    own = copied(tmp_path / "My models", "other")
    with opened(qtbot, tmp_path / "data") as window:
        models, pairs = window.program.models.models, window.program.models.pairs
        window.program.window.places.show_chat()
        own_models = window.program.window.welcome.own
        window.wait(lambda: own_models.isVisible() and "LM Studio" in own_models.text.text())
        row = window.local("small")
        assert "LM Studio" in row.detail.text()
        assert "drafter: " in row.detail.text()
        window.wait(row.verdict.isVisible)
        assert row.verdict.text().endswith(strings.FIT_WORDS["fits"])
        window.load("small")
        assert window.chat("Hello") == "small"
        assert questions == []
        # A folder of one's own, by a drop on the window
        models.drop([own.parent])
        window.wait(lambda: bool(questions))
        assert questions[0].startswith("Load ")
        window.wait(lambda: window.local("other").button.text() == strings.MODEL_LOADED)
        # One without a model is not remembered
        photos = tmp_path / "Photos"
        photos.mkdir()
        models.drop([photos])
        window.wait(window.page.note.isVisible)
        assert window.page.note.text() == strings.DROP_NO_MODEL.format(
            name="Photos", reason=strings.DROP_NOTHING
        )
        window.wait(
            lambda: [row.title for row in models.state.places if row.is_own] == ["My models"]
        )
        assert len(questions) == 1
        # Back, and the folder is forgotten
        pairs.load(BUILT_IN)
        window.wait(lambda: isinstance(window.program.engine.state, Ready))
        assert window.chat("Hello") == "built-in"
        (place,) = (row for row in models.state.places if row.is_own)
        models.forget_folder(place.path)
        window.wait(lambda: not any(row.is_own for row in models.state.places))
        assert [row.place for row in models.state.local] == ["LM Studio"]
    assert own.is_dir()


@pytest.mark.slow
def test_a_model_removed_while_it_is_loaded(qtbot: QtBot, tmp_path: Path) -> None:
    """It answers on; without its reader it says why not; then another pair answers."""
    own = copied(tmp_path / "My models", "other")
    drafter = own.with_name("other-assistant")
    with opened(qtbot, tmp_path / "data") as window:
        pairs, chat = window.program.models.pairs, window.program.models.chat
        composing = window.program.models.composing
        pairs.load(PairChoice(target=str(own), drafter=str(drafter), name="other"))
        window.wait(lambda: pairs.loaded not in (None, BUILT_IN))
        shutil.rmtree(own.parent)
        assert window.chat("Hello") == "other"
        for reader in psutil.Process().children(recursive=True):
            if "mtp_mlx.text.reader" in reader.cmdline():
                reader.kill()
        composing.write("half a question")
        for _ in range(2):  # the first question may come before the system has ended it
            assert chat.send("And now?")
            window.wait(lambda: not chat.obstacle)
        reply = chat.messages.at(5).reply
        assert reply is not None
        assert "tokenizer is not in its folder" in str(reply.finish)
        banner = window.program.models.engine.banner
        assert banner is not None
        assert banner.message.endswith("Bring it back, or load another model.")
        failed: list[str] = []
        pairs.failed.connect(failed.append)
        pairs.load(BUILT_IN)
        window.wait(lambda: pairs.loaded == BUILT_IN)
        pairs.load(pairs.remembered[1])
        window.wait(lambda: bool(failed) and pairs.loaded == BUILT_IN)
        assert "it was moved or removed, or its disk is not connected" in failed[0]
        assert composing.draft.text == "half a question"
        assert len(chat.messages) == 6


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A Hub that has the built-in pair under the names of E2B."""
    files = {part: _files(DEMO / part) for part in ("target", "drafter")}
    repositories = dict.fromkeys(TARGETS, files["target"]) | {ASSISTANT: files["drafter"]}
    with serving(FakeHub(repositories)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield hub


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_model_is_fetched_over_a_restart_then_loaded_and_removed(
    qtbot: QtBot, tmp_path: Path, home: Path, hub: FakeHub, questions: list[str]
) -> None:
    weights = sum(
        len(files["model.safetensors"])
        for files in (hub.repositories[TARGETS[0]], hub.repositories[ASSISTANT])
    )
    dam = Dam(hub)
    with opened(qtbot, tmp_path / "data") as window:
        models = window.program.models.models
        window.wait(lambda: "Gemma 4 E2B" in window.page.cards.views)
        window.wait(lambda: bool(models.state.cards[0].marked.verdict))
        assert hub.requests == []  # nothing asks the Hub before a click
        card: CardView = window.page.cards.views["Gemma 4 E2B"]
        repository = models.state.cards[0].marked.repository
        card.button.click()
        assert card.button.text() == strings.MODEL_BEING_FETCHED
        dam.open_until(weights // 3)
        row: FetchView = window.page.fetches.views[repository]
        window.wait(lambda: models.fetching.all[0].wanted.done >= weights // 3)
        assert row.bar.value() > 300
        assert "GB" in row.detail.text() or "MB" in row.detail.text()
        assert "%" in window.program.window.places.models.button.text()
        row.button.click()
        assert row.button.text() == strings.FETCH_RESUME
        dam.break_connections()
        sent = hub.sent
        row.button.click()
        dam.open_until(weights // 2)
        window.wait(lambda: row.bar.value() > 400)  # of the target alone: the drafter is here
    dam.break_connections()
    with opened(qtbot, tmp_path / "data") as window:
        offer = window.program.window.fetch_offer
        window.wait(lambda: not offer.isHidden())
        asked = len(hub.requests)
        dam.open_until(weights)
        assert len(hub.requests) == asked
        offer.load.click()
        window.wait(lambda: not window.program.models.models.state.fetches)
        # Bytes that were under way as a process was killed come twice, no others.
        assert sent < hub.sent <= 1.2 * weights
        window.load(COMMIT)
        assert window.chat("Hello") != "built-in"
        # Removed again
        plans: list[RemovalPlan] = []
        window.program.models.models.asked_to_remove.connect(lambda plan, _: plans.append(plan))
        view = window.local(COMMIT)
        window.program.models.pairs.load(BUILT_IN)
        window.wait(lambda: isinstance(window.program.engine.state, Ready))
        assert window.chat("Hello") == "built-in"
        view.more.menu().actions()[-1].trigger()
        window.wait(lambda: bool(plans))
        assert plans[0].repository == repository
        window.wait(lambda: not window.program.models.models.state.local)
        assert plans[0].freed_bytes > 0
        assert questions[-1].startswith(f"Remove {repository}?")


def test_a_load_that_fetches_is_seen_and_stopped(
    qtbot: QtBot, tmp_path: Path, home: Path, hub: FakeHub
) -> None:
    del home
    dam = Dam(hub)
    part = len(hub.repositories[TARGETS[0]]["model.safetensors"]) // 2
    with opened(qtbot, tmp_path / "data") as window:
        engine, pairs = window.program.engine, window.program.models.pairs

        def is_fetching(least: int) -> bool:
            state = engine.state
            return isinstance(state, Loading) and state.phase == "fetching" and state.done >= least

        pairs.load(PairChoice(target=TARGETS[0]))
        dam.open_until(part)
        window.wait(lambda: is_fetching(part // 2))
        text = window.program.models.engine.status.text
        assert re.fullmatch(r"Fetching the model: \d+ MB of \d+ MB", text)
        pairs.cancel()  # while the Hub sends nothing more
        window.wait(lambda: isinstance(engine.state, Ready))
        assert window.chat("Hello") == "built-in"
        dam.break_connections()
        sent = hub.sent
        pairs.load(PairChoice(target=TARGETS[0]))
        dam.open_until(10**12)
        window.wait(lambda: isinstance(engine.state, Ready) and pairs.loaded is not None)
        assert window.chat("Hello") == TARGETS[0]
        whole = sum(len(data) for data in hub.repositories[TARGETS[0]].values())
        assert hub.sent - sent < 1.6 * whole  # what had come was not fetched again
