"""`mtp-mlx bench` over several sessions: stopped, resumed, refused, and a disk that is full."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mtp_mlx import api
from mtp_mlx.bench.environment import cooldown_s
from mtp_mlx.bench.machine import Conditions, Machine
from mtp_mlx.bench.report import Weights
from mtp_mlx.cli import bench as module
from mtp_mlx.cli.main import run
from mtp_mlx.cli.terminal import bench_line, duration
from mtp_mlx.engine import Control, Engine, Instruments
from mtp_mlx.errors import OutOfMemory, ReportNotSaved
from mtp_mlx.events import BenchProgress, ReplyEvent
from mtp_mlx.host import Host
from mtp_mlx.loading import LoadedPair
from mtp_mlx.reply import BARE
from mtp_mlx.report.saving import write
from tests.bench.simulated import PLAN, Simulated, session
from tests.support.replies import tiny_pair
from tests.support.shapes import UNIFIED_12B

SUITE = {
    "name": "two",
    "prompts": [
        {"id": "a", "category": "code", "ids": [5, 17, 300]},
        {"id": "b", "category": "chat", "ids": [9, 8, 7]},
    ],
}
WARM_UP = 2  # runs before the first that is measured


class Disturbed(Engine):
    """Something happens to one of its replies, counted from 0 with those of the warm-up."""

    def __init__(self, pair: LoadedPair) -> None:
        super().__init__(pair)
        self.replies = 0
        self.interrupted_at = -1
        self.fails_at = -1

    def generate(
        self, request: api.Generate, control: Control, instruments: Instruments = BARE
    ) -> Iterator[ReplyEvent]:
        self.replies += 1
        if self.replies - 1 == self.fails_at:
            raise OutOfMemory("The device ran out of memory.", "Choose a smaller model.")
        if self.replies - 1 == self.interrupted_at:
            signal.raise_signal(signal.SIGINT)
        yield from super().generate(request, control, instruments)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> LoadedPair:
    return tiny_pair(tmp_path_factory.mktemp("pair"), UNIFIED_12B)


@pytest.fixture
def engine(pair: LoadedPair, monkeypatch: pytest.MonkeyPatch) -> Disturbed:
    found = Disturbed(pair)
    monkeypatch.setattr(module, "load", lambda _: Host(found))
    return found


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    file = tmp_path / "two.json"
    file.write_text(json.dumps(SUITE))
    return ["--suite", str(file), "--modes", "off,2", "--repeats", "2", "--max-tokens", "4"]


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def keys(document: dict[str, Any]) -> list[tuple[str, int, object]]:
    return [(one["prompt_id"], one["repeat"], one["mode"]) for one in document["runs"]]


def begun(engine: Disturbed, options: list[str], out: Path) -> dict[str, Any]:
    """Three of eight runs, then Ctrl-C."""
    engine.interrupted_at = WARM_UP + 3
    assert run(["bench", *options, "--out", str(out)]) == 130
    engine.replies, engine.interrupted_at = 0, -1
    return read(out)


def test_stopped_and_resumed_it_makes_each_run_once(
    engine: Disturbed, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    first = begun(engine, options, out)
    assert first["title"].endswith("(cut short: 3 of 8 runs)")
    assert "cut short: 3 of 8" in capsys.readouterr().out
    first["created"] = "2026-01-02T03:04:05Z"
    out.write_text(json.dumps(first))
    assert run(["bench", *options, "--resume", str(out)]) == 0
    whole = read(out)
    assert engine.replies == WARM_UP + 5
    assert whole["runs"][:3] == first["runs"]
    assert len(set(keys(whole))) == len(keys(whole)) == 8
    assert (whole["settings"]["resumed"], whole["created"]) == (1, first["created"])
    assert all(one["identical"] for one in whole["identity"]["comparisons"])
    assert len(whole["identity"]["comparisons"]) == 2
    assert "cut short" not in whole["title"]
    engine.replies = 0
    assert run(["bench", *options, "--resume", str(out)]) == 0  # nothing is left
    assert engine.replies == 0
    assert read(out)["runs"] == whole["runs"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (["--repeats", "3"], "Repeats 2 there, 3 here"),
        (["--modes", "off,3"], "Modes off,2 there, off,3 here"),
        (["--max-tokens", "5"], "Max tokens 4 there, 5 here"),
        (["--seed", "1"], "Seed 0 there, 1 here"),
        (["--cooldown", "1"], "Cool-down 0.0 there, 1.0 here"),
        (["--temperature", "1"], "temperature 0 there, temperature 1 here"),
        (["--include-text"], "without their texts"),
    ],
)
def test_another_plan_is_refused(
    engine: Disturbed,
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: list[str],
    told: str,
) -> None:
    out = tmp_path / "report.json"
    before = begun(engine, options, out)
    capsys.readouterr()
    assert run(["bench", *options, *changed, "--resume", str(out)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert engine.replies == 0
    assert read(out) == before


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("environment", "mlx", "0.1"),
        ("environment", "device", "another"),
        ("pair", "target_sha256", "0" * 64),
        ("settings", "plan_sha256", None),
        ("settings", "plan_sha256", "0" * 64),
    ],
)
def test_another_machine_pair_or_kind_of_report_is_refused(
    engine: Disturbed, options: list[str], tmp_path: Path, part: str, name: str, value: object
) -> None:
    out = tmp_path / "report.json"
    document = begun(engine, options, out)
    document[part][name] = value
    out.write_text(json.dumps(document))
    assert run(["bench", *options, "--resume", str(out)]) == 2
    assert engine.replies == 0


@pytest.mark.parametrize(("written", "code"), [(None, 2), ("{", 1), ('{"version": 9}', 1)])
def test_what_is_no_report_is_refused_before_a_model_is_loaded(
    options: list[str],
    tmp_path: Path,
    written: str | None,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "report.json"
    if written is not None:
        file.write_text(written)
    monkeypatch.setattr(module, "load", lambda _: pytest.fail("A model was loaded for nothing."))
    assert run(["bench", *options, "--resume", str(file)]) == code
    assert written is None or file.read_text() == written


def test_lines_are_written_as_runs_end_and_none_twice(
    engine: Disturbed, options: list[str], tmp_path: Path
) -> None:
    out, lines = tmp_path / "report.json", tmp_path / "runs.jsonl"
    options += ["--jsonl", str(lines)]
    begun(engine, options, out)
    assert len(lines.read_text().splitlines()) == 3
    lines.write_text(lines.read_text()[:-20])  # the last is cut
    assert run(["bench", *options, "--resume", str(out)]) == 0
    kept = [json.loads(line) for line in lines.read_text().splitlines()]
    report = read(out)
    assert [line["decode_tps"] for line in kept] == [one["decode_tps"] for one in report["runs"]]
    assert {line["plan_sha256"] for line in kept} == {report["settings"]["plan_sha256"]}
    assert run(["bench", *options, "--resume", str(out)]) == 0
    assert len(lines.read_text().splitlines()) == 8


def test_lines_that_cannot_be_written_cost_no_report(
    engine: Disturbed,
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    disk = SimpleNamespace(fsync=full, truncate=os.truncate, SEEK_END=os.SEEK_END)
    monkeypatch.setattr("mtp_mlx.bench.keeping.os", disk)
    out = tmp_path / "report.json"
    assert run(["bench", *options, "--out", str(out), "--jsonl", str(tmp_path / "r.jsonl")]) == 1
    told = capsys.readouterr()
    assert "Same text with and without MTP: 2 of 2" in told.out
    first, last = (line for line in told.err.splitlines() if line.startswith("mtp-mlx: "))
    assert "r.jsonl was not saved: the disk is full." in first
    assert "goes on and tries again" in first
    assert last.startswith("mtp-mlx: r.jsonl was not saved: the disk is full.")
    assert len(read(out)["runs"]) == 8


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("report.json", "The report and the lines of its runs cannot be one file."),
        ("no/folder/r.jsonl", "There is no folder for r.jsonl."),
        ("two.json", "Line 1 of two.json is no run of a benchmark."),
    ],
)
def test_lines_need_a_file_of_their_own(
    engine: Disturbed,
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    told: str,
) -> None:
    out = str(tmp_path / "report.json")
    assert run(["bench", *options, "--out", out, "--jsonl", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert engine.replies == 0


def test_out_and_resume_may_be_two_files(
    engine: Disturbed, options: list[str], tmp_path: Path
) -> None:
    first, out = tmp_path / "first.json", tmp_path / "whole.json"
    before = begun(engine, options, first)
    assert run(["bench", *options, "--resume", str(first), "--out", str(out)]) == 0
    assert read(first) == before
    assert len(read(out)["runs"]) == 8


def test_every_run_is_on_disk_before_the_next(
    engine: Disturbed, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    engine.fails_at = WARM_UP + 3
    assert run(["bench", *options, "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert "cut short: 3 of 8" in told.out
    assert "ran out of memory" in told.err
    assert len(read(out)["runs"]) == 3


def test_a_full_disk_loses_nothing(
    engine: Disturbed,
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(data: bytes, path: Path) -> None:
        if path.parent == tmp_path:
            raise ReportNotSaved(f"{path.name} was not saved: the disk is full.", "Free some.")
        write(data, path)

    monkeypatch.setattr("mtp_mlx.bench.keeping.write", full)
    assert run(["bench", *options, "--out", str(tmp_path / "speed.json")]) == 1
    told = capsys.readouterr()
    assert "Same text with and without MTP: 2 of 2" in told.out
    first, last = (line for line in told.err.splitlines() if line.startswith("mtp-mlx: "))
    assert "goes on and tries again" in first
    place = Path(last.rpartition("It is kept in ")[2].removesuffix(" instead."))
    assert len(read(place)["runs"]) == 8


def test_a_report_tells_machine_weights_and_plan(
    engine: Disturbed, options: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "report.json"
    assert run(["bench", *options, "--out", str(out), "--cooldown", "0"]) == 0
    document = read(out)
    assert len(document["pair"]["target_sha256"]) == len(document["pair"]["drafter_sha256"]) == 64
    assert len(document["settings"]["suite_sha256"]) == 64
    assert document["settings"]["modes"] == ["off", 2]
    assert document["environment"]["load_after"] is not None
    assert "prompt" not in document["runs"][0]
    assert str(tmp_path) not in out.read_text()
    assert run(["bench", *options, "--out", str(out), "--include-text"]) == 0
    assert "text" in read(out)["runs"][0]


@pytest.mark.parametrize(
    ("machine", "before", "pause"),
    [
        (Machine(), Conditions(), 0),
        (Machine(fanless=False), Conditions(power_source="mains"), 0),
        (Machine(fanless=True), Conditions(power_source="mains"), 5),
        (Machine(fanless=False), Conditions(power_source="battery"), 5),
    ],
)
def test_the_usual_pause(machine: Machine, before: Conditions, pause: float) -> None:
    assert cooldown_s(machine, before) == pause


def test_the_line_of_progress() -> None:
    events = session(Simulated(), PLAN).measure()
    told = [bench_line(now) for now in events if isinstance(now, BenchProgress)]
    assert told[:2] == ["0 of 24 runs: warming up", "0 of 24 runs: measuring, code, off"]
    assert told[2] == "1 of 24 runs, 2 min left: measuring, code, K 3"
    assert all(len(line) < 80 for line in told)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (98.5, "99 s"), (99.5, "2 min"), (5900, "99 min"), (7300, "2 h 2 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_stopped_while_it_hashes_it_leaves_the_report_as_it_was(
    engine: Disturbed, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report.json"
    before = begun(engine, options, out)

    def interrupted(*_: object) -> Weights:
        signal.raise_signal(signal.SIGINT)
        return Weights()

    monkeypatch.setattr("mtp_mlx.bench.order.weights", interrupted)
    assert run(["bench", *options, "--resume", str(out)]) == 130
    assert (read(out), engine.replies) == (before, 0)
