"""A whole benchmark, an event at a time: one that fails says so, and so does the machine."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from mtp_mlx.api import Bench, Generate
from mtp_mlx.bench import environment
from mtp_mlx.bench.machine import Conditions, Machine
from mtp_mlx.bench.session import benchmark
from mtp_mlx.engine import Control, Engine, Instruments
from mtp_mlx.errors import OutOfMemory, UsageError
from mtp_mlx.events import BenchFinished, BenchProgress, BenchRun, ReplyEvent
from mtp_mlx.reply import BARE
from tests.support.random_pairs import random_tiny_pair

ASKED = Bench(modes=("off", 2), repeats=1, max_tokens=4, cooldown_s=0.0)


class Failing(Engine):
    """Runs out of memory in its fourth reply: the second that is measured."""

    replies = 0

    def generate(
        self, request: Generate, control: Control, instruments: Instruments = BARE
    ) -> Iterator[ReplyEvent]:
        self.replies += 1
        if self.replies == 4:
            raise OutOfMemory("The device ran out of memory.", "Choose a smaller model.")
        yield from super().generate(request, control, instruments)


def events(engine: Engine, asked: Bench = ASKED) -> list[BenchProgress | BenchRun | BenchFinished]:
    return list(benchmark(engine, asked, lambda: False))


def test_what_failed_is_told_and_what_was_made_is_kept() -> None:
    *_, last = events(Failing(random_tiny_pair()))
    assert isinstance(last, BenchFinished)
    assert last.reason == "failed"
    assert last.warnings == ("The device ran out of memory. Choose a smaller model.",)
    assert last.failure == last.warnings[-1]
    assert last.report is not None
    assert len(last.report.runs) == 1
    assert last.report.title.endswith("(cut short: 1 of 2 runs)")


def suite_of(folder: Path, prompts: int) -> str:
    file = folder / "suite.json"
    entries = [{"id": str(n), "category": "chat", "ids": [1]} for n in range(prompts)]
    file.write_text(json.dumps({"name": "mine", "prompts": entries}))
    return str(file)


def test_what_would_never_end_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    engine = Engine(random_tiny_pair())
    refused = {
        "repeats 1e+09 is out of range": replace(ASKED, repeats=10**9),
        "would have 202000 runs": replace(
            ASKED, suite=suite_of(tmp_path, 101), repeats=1000, modes=("off", 2)
        ),
        "no ordinary file": replace(ASKED, suite=str(tmp_path / "pipe")),
        "zero cannot be read": replace(ASKED, suite="/dev/zero"),
        "null cannot be read": replace(ASKED, resume="/dev/null"),
    }
    for words, asked in refused.items():
        with pytest.raises(UsageError, match=re.escape(words)):
            events(engine, asked)


@pytest.mark.parametrize("replayed", [None, 0.5])
def test_a_benchmark_without_end_obeys_cancel(tmp_path: Path, replayed: float | None) -> None:
    asked = replace(ASKED, max_tokens=10**9, suite=suite_of(tmp_path, 1))
    asked = replace(asked, replay_acceptance=replayed)
    looks = 0

    def cancelled() -> bool:
        nonlocal looks
        looks += 1
        return looks > 20

    *_, last = benchmark(Engine(random_tiny_pair()), asked, cancelled)
    assert isinstance(last, BenchFinished)
    assert last.reason == "cancelled"


def test_the_state_of_the_machine_is_told_before_and_after() -> None:
    before = Conditions(power_source="mains", low_power_mode=False, thermal="nominal", load=1.0)
    after = Conditions(power_source="battery", low_power_mode=True, thermal="heavy", load=2.0)
    known = Machine(model="M", cpu="C", cpu_cores=8, gpu_cores=10, memory_bytes=2**30, os="OS 1")
    found = environment.finished(environment.environment(known, before), after)
    assert (found.power_source, found.power_source_after) == ("mains", "battery")
    assert (found.thermal_before, found.thermal_after) == ("nominal", "heavy")
    assert (found.load_before, found.load_after) == (1.0, 2.0)
    assert found.low_power_mode is True  # it came meanwhile
    assert (found.machine, found.cpu, found.gpu_cores, found.os) == ("M", "C", 10, "OS 1")
    silent = environment.finished(environment.environment(Machine(), Conditions()), Conditions())
    assert (silent.low_power_mode, silent.thermal_after, silent.gpu_cores) == (None, None, None)
    assert silent.memory_bytes is not None
