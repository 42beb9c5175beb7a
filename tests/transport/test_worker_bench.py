"""Benchmarks over a real pipe: told as they go, cancelled, resumed, refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtp_mlx import wire
from mtp_mlx.report.saving import load
from tests.support.checkpoints import PairFolders, write_pair
from tests.support.shapes import SHORT_E2B
from tests.support.worker import WorkerProcess

SUITE = {
    "name": "two",
    "prompts": [
        {"id": "a", "category": "code", "ids": [5, 17, 300]},
        {"id": "b", "category": "chat", "ids": [9, 8, 7]},
    ],
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> PairFolders:
    return write_pair(tmp_path_factory.mktemp("pair"), SHORT_E2B)


@pytest.fixture
def loaded(folders: PairFolders) -> Iterator[WorkerProcess]:
    with WorkerProcess() as process:
        process.send(wire.Load(target=str(folders.target), drafter=str(folders.drafter)))
        process.wait_for(wire.Loaded)
        yield process


@pytest.fixture
def suite(tmp_path: Path) -> str:
    file = tmp_path / "two.json"
    file.write_text(json.dumps(SUITE))
    return str(file)


PAUSE_S = 0.5  # between two runs, so that a cancel arrives before the last of four


def ask(bench_id: str, suite: str | None, max_tokens: int = 6, **more: object) -> wire.Bench:
    settings = {"cooldown_s": 0.0} | more
    return wire.Bench(
        id=bench_id,
        suite=suite,
        modes=("off", 2),
        repeats=1,
        max_tokens=max_tokens,
        **settings,  # type: ignore[arg-type]
    )


def test_a_benchmark_is_told_as_it_goes(loaded: WorkerProcess, suite: str, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    loaded.send(ask("a", suite, out=str(out)))
    loaded.send(wire.Ping())
    loaded.send(wire.Generate(id="meanwhile", prompt_ids=[1], max_tokens=2))
    seen: list[wire.Event] = []
    refused = loaded.wait_for(wire.Error, seen=seen)
    assert (refused.code, refused.id, refused.message) == (
        "busy",
        "meanwhile",
        "A benchmark is running.",
    )
    finished = loaded.wait_for(wire.BenchFinished, seen=seen)
    assert any(isinstance(event, wire.Pong) for event in seen)
    runs = [event for event in seen if isinstance(event, wire.BenchRun)]
    assert [(r.done, r.total, r.run.prompt_id, r.run.mode) for r in runs] == [
        (1, 4, "a", "off"),
        (2, 4, "a", 2),
        (3, 4, "b", "off"),
        (4, 4, "b", 2),
    ]
    told = [event for event in seen if isinstance(event, wire.BenchProgress)]
    phases = list(dict.fromkeys(event.phase for event in told))
    assert phases == ["hashing", "warming up", "measuring"]
    assert told[-1].done == 3
    assert told[-1].left_s is not None
    assert (finished.reason, finished.warnings) == ("done", ())
    assert finished.report == load(out)
    assert finished.saved == str(out.resolve())
    assert tuple(r.run for r in runs) == load(out).runs
    assert runs[-1].summary == load(out).summary
    loaded.send(wire.Generate(id="after", prompt_ids=[1, 2, 3], max_tokens=4, ignore_eos=True))
    assert loaded.wait_for(wire.Finished).stats.generated_tokens == 4


def test_a_benchmark_is_cancelled_and_resumed(
    loaded: WorkerProcess, suite: str, tmp_path: Path
) -> None:
    out = tmp_path / "report.json"
    loaded.send(ask("a", suite, 40, out=str(out), cooldown_s=PAUSE_S))
    loaded.wait_for(wire.BenchRun)
    loaded.send(wire.Cancel(id="another"))
    loaded.send(wire.Cancel(id="a"))
    finished = loaded.wait_for(wire.BenchFinished)
    assert finished.reason == "cancelled"
    assert finished.report is not None
    kept = len(finished.report.runs)
    assert 1 <= kept < 4
    assert load(out) == finished.report
    loaded.send(ask("b", suite, 40, resume=str(out), cooldown_s=PAUSE_S))
    seen: list[wire.Event] = []
    whole = loaded.wait_for(wire.BenchFinished, seen=seen)
    assert whole.reason == "done"
    assert sum(isinstance(event, wire.BenchRun) for event in seen) == 4 - kept
    assert whole.report is not None
    assert whole.report.runs[:kept] == finished.report.runs
    assert load(out) == whole.report


def test_cancelled_before_a_run_there_is_no_report(loaded: WorkerProcess, suite: str) -> None:
    loaded.send(ask("a", suite, 200))
    loaded.send(wire.Cancel(id="a"))
    finished = loaded.wait_for(wire.BenchFinished)
    assert (finished.reason, finished.report, finished.saved) == ("cancelled", None, None)


WRONG: list[dict[str, object]] = [
    {"suite": "nowhere.json"},
    {"suite": "quick"},  # words, for a pair without a tokenizer
    {"repeats": 0},
    {"max_tokens": 1},
    {"modes": ()},
    {"modes": ("off", 99)},
    {"cooldown_s": -1.0},
    {"replay_acceptance": 1.5},
    {"out": "/no/such/folder/report.json"},
    {"resume": "/no/such/report.json"},
]


def test_what_makes_no_benchmark_is_refused(loaded: WorkerProcess, suite: str) -> None:
    for i, wrong in enumerate(WRONG):
        asked = {"suite": suite, "modes": ("off", 2), "max_tokens": 4} | wrong
        loaded.send(wire.Bench(id=f"{i}", **asked))  # type: ignore[arg-type]
        error = loaded.wait_for(wire.Error)
        assert (error.code, error.id) == ("usage", f"{i}")
        assert error.remedy
    loaded.send(ask("b", None, 4))  # random tokens
    assert loaded.wait_for(wire.BenchFinished).reason == "done"


def test_without_a_pair_there_is_nothing_to_measure() -> None:
    with WorkerProcess() as worker:
        worker.send(ask("a", None))
        error = worker.wait_for(wire.Error)
        assert (error.code, error.id) == ("not_loaded", "a")


@pytest.mark.slow
def test_the_end_of_the_pipe_ends_a_benchmark_and_keeps_its_runs(
    loaded: WorkerProcess, suite: str, tmp_path: Path
) -> None:
    out = tmp_path / "report.json"
    loaded.send(ask("a", suite, 40, out=str(out), cooldown_s=PAUSE_S))
    loaded.wait_for(wire.BenchRun)
    loaded.send(wire.Shutdown())
    assert loaded.process.wait(60) == 0
    assert 1 <= len(load(out).runs) <= 4
