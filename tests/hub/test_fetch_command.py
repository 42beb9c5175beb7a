"""`mtp-mlx models fetch` as a process: its lines, and how it ends and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from mtp_mlx.cli import fetch as module
from mtp_mlx.cli.main import run
from mtp_mlx.hub.cache import whole_snapshot
from tests.hub.fake_hub import (
    COMMIT,
    PATIENCE_S,
    PIECE,
    REPOSITORY,
    Dam,
    FakeHub,
    Refusal,
    is_weights,
    model,
    weights,
)

TARGET, DRAFTER = "mlx-community/gemma-4-e2b-it-4bit", "google/gemma-4-E2B-it-assistant"
PHASES = {"listing", "fetching", "verifying", "linking", "done", "failed"}

Line = dict[str, Any]


@contextmanager
def fetching(
    hub: FakeHub, cache: Path, *arguments: str, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    names = {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "mtp_mlx", "models", "fetch", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "", **names, **variables},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> Line:
    """The next line; fails where the program has ended."""
    assert process.stdout is not None
    told = process.stdout.readline()
    assert told, process.stderr.read() if process.stderr else ""
    values: Line = json.loads(told)
    assert values["phase"] in PHASES
    return values


def until(process: subprocess.Popen[str], done: int) -> Line:
    """The first line that counts so many bytes."""
    while (values := line(process))["done"] < done or values["phase"] == "verifying":
        pass
    return values


def weights_of(hub: FakeHub, name: str = REPOSITORY) -> int:
    files = hub.repositories[name]
    return sum(len(files[file]) for file in files if is_weights(file) and "/" not in file)


def test_it_goes_on_wherever_it_was_ended(hub: FakeHub, cache: Path) -> None:
    """Killed at 40 %, ended at 60 %, interrupted at 80 %: no byte comes twice."""
    size = 20 * PIECE
    hub.repositories[REPOSITORY] = {"config.json": b"{}", "model.safetensors": weights(size)}
    dam = Dam(hub)
    ends = [(8, signal.SIGKILL), (12, signal.SIGTERM), (16, signal.SIGINT)]
    for pieces, end in ends:
        dam.open_until(pieces * PIECE)
        with fetching(hub, cache, REPOSITORY, "--json") as process:
            values = until(process, pieces * PIECE + 2)
            assert (values["phase"], values["file"]) == ("fetching", "model.safetensors")
            assert values["total"] == size + 2
            process.send_signal(end)
            said = process.communicate(timeout=PATIENCE_S)[1]
        dam.break_connections()
        assert process.returncode == (130 if end == signal.SIGINT else -end)
        assert said == ("mtp-mlx: Interrupted.\n" if end == signal.SIGINT else "")
        assert whole_snapshot(REPOSITORY) is None
    dam.open_until(size)
    with fetching(hub, cache, REPOSITORY, "--json") as process:
        assert process.stdin is not None
        process.stdin.close()  # nobody there is no reason to end
        lines = [json.loads(text) for text in process.stdout or ()]
        assert process.wait() == 0
    assert hub.sent == size
    assert hub.ranges == [f"bytes={pieces * PIECE}-" for pieces, _ in ends]
    phases = [phase for phase, _ in groupby(values["phase"] for values in lines)]
    assert phases == ["listing", "verifying", "fetching", "verifying", "linking", "done"]
    folder = Path(lines[-1]["folder"])
    assert folder == whole_snapshot(REPOSITORY)
    assert (folder / "model.safetensors").read_bytes() == hub.files["model.safetensors"]
    assert lines[-1]["done"] == lines[-1]["total"] == size + 2


def test_a_slow_line_moves_all_the_time(hub: FakeHub, cache: Path) -> None:
    """Each 16 KB is told before the next are sent, though nothing else happens meanwhile."""
    hub.repositories[REPOSITORY] = {"config.json": b"{}", "model.safetensors": weights(4 * PIECE)}
    dam = Dam(hub)
    with fetching(hub, cache, REPOSITORY, "--json") as process:
        for pieces in (1, 2, 3):
            dam.open_until(pieces * PIECE)
            values = until(process, pieces * PIECE)
            assert values["done"] == pieces * PIECE + 2
        values = line(process)  # also where nothing comes
        assert values["done"] == 3 * PIECE + 2
        assert values["rate"] > 0
        dam.open_until(4 * PIECE)
        assert until(process, 4 * PIECE)["done"] == 4 * PIECE + 2
    assert not dam.was_overtopped


def test_two_processes_fetch_once(hub: FakeHub, cache: Path) -> None:
    dam = Dam(hub)
    dam.open_until(PIECE)
    with fetching(hub, cache, REPOSITORY, "--json") as first:
        until(first, PIECE)
        with fetching(hub, cache, REPOSITORY, "--json") as second:
            while (values := line(second))["reason"] is None:
                pass
            assert values["reason"] == "another process fetches it"
            dam.open_until(weights_of(hub))
            for process in (first, second):
                while line(process)["phase"] != "done":
                    pass
                assert process.wait() == 0
    assert hub.sent == weights_of(hub)


def test_the_drafter_comes_first(
    hub: FakeHub, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.repositories = {TARGET: model(), DRAFTER: model(PIECE, seed=4)}
    assert run(["models", "fetch", TARGET]) == 0
    out, err = capsys.readouterr()
    folders = [cache / f"models--{name.replace('/', '--')}" for name in (DRAFTER, TARGET)]
    assert out.splitlines() == [
        f"{name} is on this disk: {folder}/snapshots/{COMMIT}"
        for name, folder in zip((DRAFTER, TARGET), folders, strict=True)
    ]
    assert err == ""
    gets = [asked.path for asked in hub.requests if asked.method == "GET"]
    owners = [path.split("/")[1] for path in gets if "resolve" in path]
    assert owners == sorted(owners)  # google's is the drafter
    assert [path.split("/")[1] for path in gets[:4]] == ["api"] * 4
    hub.requests.clear()
    assert run(["models", "fetch", TARGET]) == 0
    assert not any("assistant" in asked.path for asked in hub.requests)


def test_without_the_drafter_the_target_is_alone(hub: FakeHub, cache: Path) -> None:
    hub.repositories = {TARGET: model()}
    assert run(["models", "fetch", TARGET, "--no-drafter"]) == 0
    assert not any("assistant" in asked.path for asked in hub.requests)
    assert module.missing_drafter(DRAFTER) is None
    assert module.missing_drafter("some/model") is None


def test_a_drafter_that_may_not_be_read_can_be_left_out(
    hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.repositories = {TARGET: model()}
    assert run(["models", "fetch", TARGET]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"mtp-mlx: There is no public repository {DRAFTER}.")
    assert told.endswith("Or fetch the target alone with --no-drafter.\n")
    assert len(told.splitlines()) == 1


def test_a_failure_is_a_line_as_well(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.refused_files = Refusal(401, "GatedRepo", "Access to model is restricted")
    assert run(["models", "fetch", REPOSITORY, "--json", "--revision", COMMIT]) == 1
    out, err = capsys.readouterr()
    last = json.loads(out.splitlines()[-1])
    assert (last["phase"], last["code"]) == ("failed", "gated")
    assert err == f"mtp-mlx: {last['message']} {last['remedy']}\n"
    assert f"{hub.address}/{REPOSITORY}" in last["remedy"]


def test_a_mac_stays_awake(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    assert run(["models", "fetch", REPOSITORY]) == 0
    assert started == [["/usr/bin/caffeinate", "-i", "-w", str(os.getpid())]]


def test_nothing_is_asked_before_somebody_asks(hub: FakeHub, cache: Path) -> None:
    for arguments in (["models"], ["models", "list"], ["models", "fetch", "--help"], ["--help"]):
        assert run(arguments) == 0
    assert hub.requests == []


def test_a_reader_that_goes_away_ends_it(hub: FakeHub, cache: Path) -> None:
    dam = Dam(hub)
    dam.open_until(PIECE)
    with fetching(hub, cache, REPOSITORY, "--json") as process:
        until(process, PIECE)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=PATIENCE_S) == 1
    dam.break_connections()
    assert not cache.joinpath("models--some--model", "snapshots").exists()
