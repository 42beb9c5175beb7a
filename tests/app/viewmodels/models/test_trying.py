"""Trying a size before its download: by a script, and once with a real benchmark as a child."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from app import strings
from app.domain.models import Need, Reported, Trial, TrialEstimate, TrialSpeed
from app.engine.scripted import ScriptedWorker
from app.program import Program
from app.services.model_tool import ToolProcess
from app.services.trials import TrialsFile
from app.viewmodels.models.trying import Size, TrialOrder, Trying, result
from mtp_mlx.api import Unload
from mtp_mlx.wire import MemoryReport, Unloaded
from tests.app.conftest import Clock, Rig, opened, settle
from tests.app.tools import GB

SIZE = Size(pair="E2B", bits=4, title="Gemma 4 E2B 4-bit")
E4B = Reported(pair="E4B", chance=0.737, source="somebody's tests")
SPEEDS = (TrialSpeed(mode="off", decode_tps=43.21), TrialSpeed(mode="auto", decode_tps=81.04))


def estimate(need: int = 3 * GB, have: int = 12 * GB, verdict: str = "fits") -> TrialEstimate:
    return TrialEstimate(
        verdict=verdict, need=Need(target=need), have=have, max_tokens=64, seconds=240, reported=E4B
    )


class Hand:
    """Asks for a trial, and agrees to every question."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.trying: Trying = rig.program.models.models.work.trying
        self.questions: list[str] = []
        self.said: list[str] = []
        self.trying.asked.disconnect()
        self.trying.asked.connect(self._agree)
        self.trying.said.connect(self.said.append)

    def _agree(self, order: TrialOrder, question: str, _act: str) -> None:
        self.questions.append(question)
        self.trying.begin(order)

    def ask(self, answer: TrialEstimate) -> None:
        self.trying.ask(SIZE)
        self.rig.tool.answer("bench", answer)
        self.rig.settle()

    @property
    def words(self) -> str:
        row = self.trying.row
        return "" if row is None else row.words


@pytest.fixture
def hand(ready: Rig) -> Hand:
    return Hand(ready)


@pytest.fixture
def slow_hand(qtbot: QtBot, tmp_path: Path, clock: Clock) -> Iterator[Hand]:
    """Over a window whose time passes when told to."""
    with opened(qtbot, tmp_path, clock) as rig:
        rig.ready()
        yield Hand(rig)


def test_a_size_is_estimated_asked_about_and_measured(slow_hand: Hand, clock: Clock) -> None:
    hand = slow_hand
    trying, tool = hand.trying, hand.rig.tool
    trying.ask(SIZE)
    assert hand.words == strings.TRY_PHASES["estimating"]
    asked = tool.answer("bench", estimate())
    assert asked[1:] == (
        "--shape", "E2B", "--bits", "4", "--modes", "off,auto", "--repeats", "2",
        "--replay-acceptance", "reported", "--json", "--estimate",
    )  # fmt: skip
    (question,) = hand.questions
    assert "about 4 minutes, and 3.0 GB of memory" in question
    assert "74 %, as others report it of E4B, for nobody reports it of E2B" in question
    assert "12.0 GB are free beside the loaded model" in question
    hand.rig.settle()
    (run,) = tool.trials
    assert run.arguments[-4:-1] == ("--cooldown", "0", "--out")
    assert Path(run.arguments[-1]).parent.name == "reports"  # listed with the others
    assert run.arguments[11:13] == ("--max-tokens", "64")
    clock.tick(60)
    row = trying.row
    assert row is not None
    assert row.share == pytest.approx(0.25)
    assert row.words == "Making random weights · about 3 min left"
    run.say("measuring", done=1, total=4, left_s=60.0)
    assert hand.words == "Measuring, run 2 of 4 · about 1 min left"
    assert trying.row is not None
    assert trying.row.share == pytest.approx(0.5)
    clock.tick(600)
    assert trying.row.share is not None
    assert trying.row.share < 1
    run.say("done", created="2026-11-29T22:17:11Z", machine="a MacBook Air M3", summary=SPEEDS)
    assert hand.words == ""
    assert hand.said == [f"Gemma 4 E2B 4-bit: {result(trying.results['E2B', 4])}"]
    run.say("measuring", done=1, total=4)  # a line that was under way
    assert hand.words == ""


def test_a_result_says_what_it_is_and_is_kept(qtbot: QtBot, tmp_path: Path, clock: Clock) -> None:
    with opened(qtbot, tmp_path, clock) as rig:
        rig.ready()
        hand = Hand(rig)
        hand.ask(estimate())
        rig.tool.trials[0].say(
            "done", created="2026-11-29T22:17:11Z", machine="a MacBook Air M3", summary=SPEEDS
        )
        rig.settle()
    with opened(qtbot, tmp_path, time.monotonic) as rig:
        kept = rig.program.models.models.work.trying.results["E2B", 4]
        assert result(kept) == (
            "Random weights, a MacBook Air M3, 29 November 2026: 43.2 tokens/s plain, 81.0 with "
            "drafts at the acceptance others report. Acceptance of E4B: somebody's tests."
        )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"drafts_tps": 30.0}, strings.TRY_SLOWER),
        ({"was_disturbed": True}, strings.TRY_DISTURBED),
        ({"machine": ""}, f"Random weights, {strings.HERE}: "),
        ({"reported": Reported(pair="E2B", chance=0.7, source="x")}, "Acceptance: x."),
    ],
)
def test_a_result_in_words(values: dict[str, Any], words: str) -> None:
    usual = Trial(pair="E2B", bits=4, plain_tps=43.2, drafts_tps=81.0, machine="a Mac")
    assert words in result(msgspec.structs.replace(usual, **values))


def test_stopped_it_ends_at_once_and_keeps_nothing(hand: Hand) -> None:
    hand.ask(estimate())
    (run,) = hand.rig.tool.trials
    hand.rig.program.models.models.work.end("trial")
    assert run.killed
    assert hand.trying.row is None
    run.say("done", summary=SPEEDS)
    assert hand.trying.results == {}
    hand.trying.ask(SIZE)
    hand.trying.stop()  # before the estimate
    hand.rig.tool.answer("bench", estimate())
    assert len(hand.questions) == 1


def test_what_is_too_big_is_not_asked_about(hand: Hand) -> None:
    hand.ask(estimate(need=30 * GB, verdict="too-big"))
    assert hand.questions == []
    (said,) = hand.said
    assert said.startswith("Gemma 4 E2B 4-bit is too big to be tried here: it needs 30.0 GB of")
    assert hand.trying.row is None


def test_where_memory_is_short_the_loaded_pair_gives_way_first(hand: Hand) -> None:
    held = hand.rig.program.models.pairs.held_bytes
    assert held > 0
    hand.ask(estimate(need=12 * GB + held // 2, verdict="too-big"))
    (question,) = hand.questions
    assert (
        "Only 12.0 GB are free while Built-in demo pair is loaded, so that is unloaded first."
        in question
    )
    assert hand.rig.tool.trials == []
    assert isinstance(hand.rig.engine.sent[-1], Unload)
    hand.rig.settle()
    assert hand.rig.tool.trials == []  # until the engine says that the memory is free
    hand.rig.say(Unloaded(), MemoryReport(active=0, peak=1, limit=2))
    hand.rig.settle()
    assert len(hand.rig.tool.trials) == 1


def test_only_one_at_a_time_and_never_beside_a_reply(hand: Hand) -> None:
    hand.ask(estimate())
    hand.trying.ask(SIZE)
    assert hand.said == [strings.TRY_ONE]
    assert hand.rig.program.models.chat.send("Hello")
    hand.rig.tool.trials[0].say("done", summary=SPEEDS)
    assert hand.trying.results["E2B", 4].was_disturbed
    hand.trying.ask(SIZE)
    assert hand.said[-1] == strings.TRY_BUSY
    assert not any(one.arguments[0] == "bench" for one in hand.rig.tool.open)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"phase": "failed", "message": "No memory.", "remedy": "Close."}, "No memory. Close."),
        ({"phase": "done", "summary": SPEEDS[:1]}, strings.TRY_NOT_MEASURED),
    ],
)
def test_what_goes_wrong_is_said(hand: Hand, values: dict[str, Any], words: str) -> None:
    hand.ask(estimate())
    hand.rig.tool.trials[0].say(**values)
    assert hand.said == [f"Gemma 4 E2B 4-bit was not tried: {words}"]
    assert hand.trying.row is None
    hand.trying.ask(SIZE)
    hand.rig.tool.refuse("bench", "It cannot be estimated.")
    assert hand.said[-1] == "It cannot be estimated."
    assert hand.trying.row is None


@pytest.mark.parametrize("content", [b"", b"[1]", b'[{"pair": 2}]', b"\xff"])
def test_a_damaged_file_of_trials_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trials.json"
    path.write_bytes(content)
    file = TrialsFile(path)
    assert file.read() == ()
    first = Trial(pair="E2B", bits=4, plain_tps=1, drafts_tps=2)
    file.put(first)
    file.put(Trial(pair="E2B", bits=8, plain_tps=1, drafts_tps=2))
    file.put(Trial(pair="E2B", bits=4, plain_tps=3, drafts_tps=4))
    assert [(one.bits, one.plain_tps) for one in file.read()] == [(4, 3), (8, 1)]


TINY = """
import sys
import mtp_mlx.bench.estimate as estimate
import mtp_mlx.loading.random_pair as random_pair
from mtp_mlx.cli.main import run
from tests.support.random_pairs import random_tiny_pair

random_pair.pair_of = lambda *_, **__: random_tiny_pair()
estimate.rates_of = lambda *_: estimate.Rates(read=1e12, drawn=1e12)
sys.exit(run(["bench", *sys.argv[1:]]))
"""


def test_a_real_benchmark_of_a_tiny_pair(qtbot: QtBot, tmp_path: Path) -> None:
    """In a child process; only the weights are smaller than those of the true shape."""
    bench = [sys.executable, "-c", TINY]
    program = Program(
        ScriptedWorker(), tmp_path, "light", tool=ToolProcess([sys.executable, "-c", ""], bench)
    )
    qtbot.addWidget(program.window)
    program.start()
    trying = program.models.models.work.trying
    trying.asked.disconnect()
    trying.asked.connect(lambda order, _question, _act: trying.begin(order))
    said: list[str] = []
    trying.said.connect(said.append)
    trying.ask(SIZE)
    qtbot.waitUntil(lambda: bool(said))
    assert said[0].startswith("Gemma 4 E2B 4-bit: Random weights, ")
    assert "tokens/s plain" in said[0]
    settle(program)
    program.models.reports.refresh()
    settle(program)
    (entry,) = program.models.reports.state.entries
    assert entry.outline is not None
    assert entry.outline.settings.replay_acceptance == pytest.approx(0.737, abs=1e-3)
    assert entry.outline.settings.modes == ("off", "auto")
    program.close()
    assert [one.key for one in TrialsFile(tmp_path / "trials.json").read()] == [("E2B", 4)]
