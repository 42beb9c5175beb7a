"""One real worker, one pair after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.__main__ import worker_command
from app.engine.engine import Engine
from app.engine.state import BUILT_IN, Dead, Ready, Unloaded
from app.engine.worker import WorkerProcess
from mtp_mlx.api import Generate, Load, TokenIds
from mtp_mlx.errors import PromptTooLong
from mtp_mlx.events import Finished
from mtp_mlx.paths import resources
from tests.support.checkpoints import PairFolders, write_pair
from tests.support.shapes import E2B

PATIENCE_MS = 60_000
PROMPT = (TokenIds((2, 3)),)
NOT_TRAINED = not (resources() / "demo_pair" / "target" / "model.safetensors").exists()
pytestmark = pytest.mark.skipif(NOT_TRAINED, reason="the built-in pair is not there")


@pytest.fixture
def tiny(tmp_path: Path) -> PairFolders:
    return write_pair(tmp_path, E2B)


@pytest.fixture
def engine(qtbot: QtBot, tiny: PairFolders) -> Iterator[Engine]:
    engine = Engine(WorkerProcess(worker_command()), engine_model(tiny))
    engine.start()
    yield engine
    engine.close()


def engine_model(tiny: PairFolders, context: int | None = None) -> Load:
    return Load(target=str(tiny.target), drafter=str(tiny.drafter), context=context)


def loaded(qtbot: QtBot, engine: Engine) -> Ready:
    qtbot.waitUntil(lambda: isinstance(engine.state, Ready | Unloaded | Dead), timeout=PATIENCE_MS)
    assert isinstance(engine.state, Ready), engine.state
    return engine.state


def answer(qtbot: QtBot, engine: Engine) -> Finished:
    ticket = engine.submit(Generate(prompt=PROMPT, max_tokens=8, ignore_eos=True))
    with qtbot.waitSignal(ticket.finished, timeout=PATIENCE_MS) as ended:
        pass
    (event,) = ended.args
    assert isinstance(event, Finished)
    return event


def test_a_pair_by_its_folders_then_the_built_in_one(
    qtbot: QtBot, engine: Engine, tiny: PairFolders
) -> None:
    ready = loaded(qtbot, engine)
    assert ready.model.target == str(tiny.target)
    assert ready.pair.drafter is not None
    assert answer(qtbot, engine).stats.generated_tokens == 8
    engine.load(BUILT_IN)
    ready = loaded(qtbot, engine)
    assert (ready.model, ready.pair.target) == (BUILT_IN, "built-in")
    assert answer(qtbot, engine).stats.generated_tokens == 8


def test_a_folder_that_is_not_there_says_so_and_the_next_pair_loads(
    qtbot: QtBot, engine: Engine, tmp_path: Path
) -> None:
    loaded(qtbot, engine)
    engine.load(Load(target=str(tmp_path / "nowhere")))
    qtbot.waitUntil(lambda: isinstance(engine.state, Unloaded), timeout=PATIENCE_MS)
    assert isinstance(engine.state, Unloaded)
    failure = engine.state.failure
    assert failure is not None
    assert "nowhere" in failure.message
    assert failure.remedy
    engine.load(BUILT_IN)
    assert loaded(qtbot, engine).pair.target == "built-in"


def test_unloaded_in_mid_reply_and_another_pair_after_it(qtbot: QtBot, engine: Engine) -> None:
    loaded(qtbot, engine)
    ticket = engine.submit(Generate(prompt=PROMPT, max_tokens=20_000, ignore_eos=True))
    with qtbot.waitSignal(ticket.round, timeout=PATIENCE_MS):
        pass
    with qtbot.waitSignal(ticket.finished, timeout=PATIENCE_MS) as ended:
        engine.unload()
    assert ended.args[0].reason == "cancelled"
    assert engine.state == Unloaded()
    engine.load(BUILT_IN)
    assert loaded(qtbot, engine).pair.target == "built-in"


def test_two_workers_load_one_pair_and_the_second_says_so(
    qtbot: QtBot, engine: Engine, tiny: PairFolders
) -> None:
    loaded(qtbot, engine)
    second = Engine(WorkerProcess(worker_command()), engine_model(tiny))
    notes: list[str] = []
    second.noted.connect(notes.append)
    second.start()
    loaded(qtbot, second)
    assert notes == ["Another MTP MLX has loaded target too: this second copy takes 0.0 GB more."]
    engine.restart()  # killed: nothing is held by what is gone
    second.close()
    notes.clear()
    engine.noted.connect(notes.append)
    loaded(qtbot, engine)
    assert notes == []


def test_a_pair_holds_the_context_that_it_was_loaded_with(
    qtbot: QtBot, engine: Engine, tiny: PairFolders
) -> None:
    loaded(qtbot, engine)
    notes: list[str] = []
    engine.noted.connect(notes.append)
    engine.load(engine_model(tiny, context=64))
    assert loaded(qtbot, engine).pair.context_length == 64
    assert notes == []  # in one process the first copy is gone before the second is loaded
    ids = TokenIds(tuple([2] * 60))
    ticket = engine.submit(Generate(prompt=(ids,), max_tokens=20, ignore_eos=True))
    with qtbot.waitSignal(ticket.finished, timeout=PATIENCE_MS) as ended:
        pass
    assert (ended.args[0].stats.generated_tokens, ended.args[0].reason) == (4, "length")
    ticket = engine.submit(Generate(prompt=(TokenIds(tuple([2] * 64)),), max_tokens=20))
    with qtbot.waitSignal(ticket.failed, timeout=PATIENCE_MS) as failed:
        pass
    assert failed.args[0].code == PromptTooLong.code
