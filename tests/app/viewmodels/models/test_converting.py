"""Smaller copies of models that are here: by a script, and once by the real conversion."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from pytestqt.qtbot import QtBot

from app import strings
from app.__main__ import tool_command
from app.domain.models import (
    ConversionPlan,
    ConvertedModel,
    DrafterChoice,
    Inventory,
    Pairing,
    PlannedModel,
    RemovalPlan,
    Unfinished,
    WorstTensor,
)
from app.engine.scripted import ScriptedWorker
from app.program import Program
from app.services.model_tool import ToolProcess
from app.viewmodels.models.converting import Converting, Copy, CopyOrder
from app.viewmodels.models.jobs import JobRow
from app.viewmodels.models.rows import LocalRow
from app.viewmodels.models.trying import Size
from tests.app.conftest import Rig
from tests.app.tools import DRAFTER, E4B, EMPTY_DISK, GB, HUB, MB, ScriptedWork, fits_of, placed
from tests.support.checkpoints import write_pair
from tests.support.layouts import into_cache
from tests.support.shapes import E4B as TINY
from tests.support.spelling import Spelling

SIZE = Size(pair="E2B", bits=4, title="Gemma 4 E2B 4-bit")
BIG = msgspec.structs.replace(E4B, precision="bf16", path=f"{HUB.path}/big", owner="hub")
OUT = "/home/me/models/gemma-4-E4B-it-4bit"
COPY = Copy(source=BIG.path, title="Gemma 4 E4B bf16", bits=4, with_drafter=True)
PLAN = ConversionPlan(
    name="gemma-4-E4B-it-4bit",
    folder="/home/me/models",
    size_bytes=5_200 * MB,
    free_bytes=40 * GB,
    is_enough=True,
    models=(
        PlannedModel(folder="x", part="drafter", size_bytes=50 * MB, source_bytes=157 * MB),
        PlannedModel(folder=OUT, size_bytes=5_150 * MB, source_bytes=16 * GB),
    ),
)
MADE = ConvertedModel(
    folder=OUT, size_bytes=5_150 * MB, source_bytes=16 * GB,
    worst=WorstTensor(tensor="model.x", error=0.09), perplexity=12.504, source_perplexity=12.1,
)  # fmt: skip
BEGUN = Unfinished(
    name="gemma-4-E4B-it-4bit", out=OUT, source=BIG.path, bits=4, group=32, done=4 * GB,
    total=16 * GB,
)  # fmt: skip


class Hand:
    """Makes copies, and agrees to every question."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        work = rig.program.models.models.work
        self.converting: Converting = work.converting
        self.questions: list[str] = []
        self.said: list[str] = []
        self.converting.asked.disconnect()
        self.converting.asked.connect(self._agree)
        self.converting.asked_to_discard.disconnect()
        self.converting.asked_to_discard.connect(self._discard)
        work.said.connect(self.said.append)

    def _agree(self, order: CopyOrder, question: str) -> None:
        self.questions.append(question)
        self.converting.begin(order)

    def _discard(self, key: str, question: str) -> None:
        self.questions.append(question)
        self.converting.discard(key)

    def ask(self, plan: ConversionPlan = PLAN) -> tuple[str, ...]:
        self.rig.program.models.models.work.make_copy(COPY)
        return self.rig.tool.answer("convert", plan)

    @property
    def run(self) -> ScriptedWork:
        return self.rig.tool.conversions[-1]

    @property
    def row(self) -> JobRow:
        (row,) = self.converting.rows
        return row

    def look(self, *begun: Unfinished) -> None:
        self.rig.program.models.models.refresh()
        disk = msgspec.structs.replace(EMPTY_DISK, conversions=begun)
        self.rig.tool.answer("list", disk)


@pytest.fixture
def hand(ready: Rig) -> Hand:
    ready.tool.answer("list", EMPTY_DISK)
    return Hand(ready)


def test_a_copy_is_planned_asked_about_made_and_told(hand: Hand) -> None:
    asked = hand.ask()
    assert asked == (
        "convert", BIG.path, "--bits", "4", "--drafter", "--plan", "--json"
    )  # fmt: skip
    (question,) = hand.questions
    assert "4-bit copy of Gemma 4 E4B bf16 and of its drafter" in question
    assert "5.2 GB on their disk, of 40.0 GB that are free" in question
    assert hand.run.arguments == (BIG.path, "--bits", "4", "--drafter")
    assert hand.row.title == "Making gemma-4-E4B-it-4bit"
    assert hand.row.words == strings.COPY_PHASES["checking"]
    hand.run.say("converting", done=4 * GB, total=16 * GB, rate=100 * MB)
    assert hand.row.words == "4.0 GB of 16.0 GB · about 2 min left"
    assert hand.row.share == pytest.approx(0.25)
    hand.run.say("testing", done=16 * GB, total=16 * GB)
    assert hand.row.words == strings.COPY_PHASES["testing"]
    hand.run.say("done", models=(MADE,))
    assert hand.converting.rows == ()
    (said,) = hand.said
    assert said.startswith(
        "gemma-4-E4B-it-4bit is here: 16.0 GB became 5.2 GB, and no tensor is off"
    )
    assert said.endswith("9 %. On a short text its perplexity is 12.50, the original's 12.10.")
    assert hand.rig.tool.asked[-1][0] == "list"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"source_perplexity": None, "unmeasured": "No memory."},
            "perplexity is 12.50. No memory.",
        ),
        ({"is_suspect": True}, strings.COPY_SUSPECT),
        ({"perplexity": None}, "off by more than 9 %."),
    ],
)
def test_what_was_not_measured_is_told(hand: Hand, values: dict[str, Any], words: str) -> None:
    hand.ask()
    hand.run.say("done", models=(msgspec.structs.replace(MADE, **values),))
    assert hand.said[0].endswith(words)


def test_where_there_is_no_room_nothing_is_asked(hand: Hand) -> None:
    hand.ask(msgspec.structs.replace(PLAN, is_enough=False, free_bytes=GB))
    assert hand.questions == []
    assert hand.said[0].startswith("There is no room for a copy of Gemma 4 E4B bf16: it takes 5.2")
    hand.rig.program.models.models.work.make_copy(COPY)
    hand.rig.tool.refuse("convert", "There is something at x already.")
    assert hand.said[-1] == "There is something at x already."


def test_a_pause_ends_the_process_and_it_goes_on_there(hand: Hand) -> None:
    hand.ask()
    first = hand.run
    first.say("converting", done=4 * GB, total=16 * GB)
    assert hand.row.act == strings.FETCH_PAUSE
    hand.converting.act(OUT)
    assert first.killed
    assert (hand.row.words, hand.row.act) == (
        "Not finished: 4.0 GB of 16.0 GB",
        strings.FETCH_RESUME,
    )
    first.say("done", models=(MADE,))  # a line that was under way
    assert hand.said == []
    hand.converting.act(OUT)
    assert hand.run is not first
    assert hand.run.arguments == (BIG.path, "--bits", "4", "--drafter")
    hand.run.say("failed", message="No room.", remedy="Make some.")
    assert (hand.row.words, hand.row.act) == ("No room. Make some.", strings.FETCH_RETRY)
    hand.look()  # what failed stays until it is tried again or discarded
    hand.converting.act(OUT)
    assert hand.row.stage == "running"


def test_one_after_the_other_and_none_beside_a_trial(hand: Hand) -> None:
    hand.ask()
    other = msgspec.structs.replace(PLAN, name="other")
    hand.ask(other)
    assert [row.stage for row in hand.converting.rows] == ["running", "queued"]
    assert hand.converting.rows[1].words == strings.COPY_QUEUED
    hand.run.say("done", models=(MADE,))
    assert [row.stage for row in hand.converting.rows] == ["running"]
    assert len(hand.rig.tool.conversions) == 2
    work = hand.rig.program.models.models.work
    work.try_size(SIZE)
    assert hand.said[-1] == strings.TRY_CONVERTS
    hand.run.say("done", models=(MADE,))
    work.try_size(SIZE)
    work.make_copy(COPY)
    assert hand.said[-1] == strings.TRY_ONE


def test_one_from_another_session_is_named_and_goes_on_or_is_discarded(hand: Hand) -> None:
    hand.look(BEGUN)
    assert hand.row.words == "Not finished: 4.0 GB of 16.0 GB"
    assert hand.rig.tool.conversions == []  # nothing begins unasked
    hand.converting.act(OUT)
    assert hand.run.arguments == (BIG.path, OUT, "--bits", "4", "--group", "32")
    hand.look(BEGUN)
    assert hand.row.stage == "running"
    hand.rig.program.models.models.work.end(OUT)
    assert "Discard the unfinished copy gemma-4-E4B-it-4bit?" in hand.questions[-1]
    assert hand.run.killed
    removal = RemovalPlan(repository="gemma-4-E4B-it-4bit", removed=True)
    assert hand.rig.tool.answer("remove", removal) == ("remove", OUT, "--yes", "--json")
    assert hand.converting.rows == ()
    assert hand.said == [strings.COPY_DISCARDED.format(name="gemma-4-E4B-it-4bit")]


def test_one_that_another_process_makes_is_left_to_it(hand: Hand) -> None:
    hand.look(msgspec.structs.replace(BEGUN, is_running=True))
    assert (hand.row.words, hand.row.act) == (strings.COPY_ELSEWHERE, "")
    hand.converting.discard(OUT)
    hand.rig.tool.refuse("remove", "It is being made.")
    assert hand.said == ["It is being made."]
    assert hand.converting.rows != ()


def test_one_that_failed_before_it_wrote_anything_is_dropped(hand: Hand) -> None:
    hand.ask()
    hand.run.say("failed", message="It is no model.")
    hand.converting.discard(OUT)
    hand.rig.tool.refuse("remove", "There is no model.")
    assert hand.converting.rows == ()
    assert hand.said == []


def test_which_rows_offer_a_copy(ready: Rig) -> None:
    made = "/home/me/models"
    own = msgspec.structs.replace(E4B, path=f"{made}/gemma-4-E4B-it-4bit", owner="own")
    disk = Inventory(
        places=(placed(HUB, BIG, own),),
        pairings=(Pairing(target=BIG, drafters=(DrafterChoice(model=DRAFTER),)),),
        pairs=EMPTY_DISK.pairs,
        made_here=made,
    )
    ready.tool.answer("list", disk)
    ready.tool.answer("fit", fits_of())
    rows: dict[str, LocalRow] = {row.key: row for row in ready.program.models.models.state.local}
    assert [(one.bits, one.with_drafter) for one in rows[BIG.path].copies] == [(4, True), (8, True)]
    assert rows[own.path].copies == ()  # it is packed already
    assert rows[own.path].is_removable


# The real conversion

ENDS = """
import sys, os
import mtp_mlx.loading.convert as convert
from mtp_mlx.cli.main import run

convert.perplexity = lambda _folder: 12.5
if os.environ.get("STOPS") and sys.argv[1] == "convert" and "--plan" not in sys.argv:
    import time
    convert._Conversion._write = lambda *_: time.sleep(600)
sys.exit(run(["models", *sys.argv[1:]]))
"""


def test_a_real_copy_is_interrupted_found_again_and_finished(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("MTP_MLX_DATA", str(tmp_path / "data"))
    pair = write_pair(tmp_path, TINY, spelling=Spelling(keys="multimodal", dtype="bfloat16"))
    into_cache(tmp_path / "hub", "google/gemma-4-E4B-it", pair.target)
    into_cache(tmp_path / "hub", "google/gemma-4-E4B-it-assistant", pair.drafter)
    monkeypatch.setenv("STOPS", "1")
    first = opened(qtbot, tmp_path)
    models = first.models.models
    models.work.converting.asked.disconnect()
    models.work.converting.asked.connect(
        lambda order, _question: models.work.converting.begin(order)
    )
    models.refresh()
    qtbot.waitUntil(lambda: len(models.state.local) == 1)
    (row,) = (row for row in models.state.local if row.copies)
    models.work.make_copy(Copy(source=row.key, title=row.title, bits=4))
    work = tmp_path / "data" / "models"
    qtbot.waitUntil(lambda: bool(list(work.glob(".*.converting/.conversion.json"))))
    first.close()
    assert not [child for child in psutil.Process().children() if "models" in child.cmdline()]
    monkeypatch.delenv("STOPS")

    second = opened(qtbot, tmp_path)
    models = second.models.models
    said: list[str] = []
    models.said.connect(said.append)
    models.refresh()
    qtbot.waitUntil(lambda: bool(models.state.jobs))
    (job,) = models.state.jobs
    assert job.words.startswith("Not finished: 0 MB of")
    models.work.converting.act(job.key)
    qtbot.waitUntil(lambda: bool(said))
    name = Path(job.key).name
    assert said[0].startswith(f"{name} is here: ")
    assert "perplexity is 12.50, the original's 12.50" in said[0]
    qtbot.waitUntil(lambda: any(row.key == job.key for row in models.state.local))
    (copy,) = (row for row in models.state.local if row.key == job.key)
    assert copy.is_removable
    assert models.state.jobs == ()
    second.close()


def opened(qtbot: QtBot, folder: Path) -> Program:
    tool = ToolProcess([sys.executable, "-c", ENDS], tool_command("bench"))
    program = Program(ScriptedWorker(), folder / "data", "light", tool=tool)
    qtbot.addWidget(program.window)
    program.start()
    return program
