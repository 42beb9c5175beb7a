"""`mtp-mlx models fit`: the sum of a pair, and the conversion that suits a machine."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mtp_mlx.api import Load
from mtp_mlx.cli.main import run
from mtp_mlx.families import PAIRS
from mtp_mlx.hub.fit import MARGIN, MachineMemory, fit
from mtp_mlx.hub.resolve import DEMO_FOLDER
from mtp_mlx.loading import load_pair

GB = 10**9
ADDENDS = ("target", "drafter", "kv", "scores", "margin")
E4B = "mlx-community/gemma-4-e4b-it-4bit"


@pytest.fixture(autouse=True)
def _a_mac_of_24_gb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No model on its disk but the built-in one, and numbers in half precision."""
    mac = MachineMemory(
        total=24 * 2**30, available=9 * GB, recommended=16 * 2**30, pressure="normal"
    )
    monkeypatch.setattr(
        "mtp_mlx.loading.memory.machine_memory",
        lambda: mac,
    )
    monkeypatch.setattr("mtp_mlx.loading.device.backend_name", lambda: "metal")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["models", "fit", *arguments, "--json"]) == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["models", "fit", *arguments]) in (1, 2)
    return capsys.readouterr().err


def test_the_sum_of_a_listed_pair(capsys: pytest.CaptureFixture[str]) -> None:
    one = answer(capsys, E4B)
    need = one["need"]
    assert need["total"] == sum(need[part] for part in ADDENDS)
    assert need["margin"] == MARGIN
    assert need["target"] == pytest.approx(4.2 * GB, rel=0.01)  # without images and sound
    assert need["drafter"] == 157 * 10**6
    assert (one["have"], one["verdict"], one["source"]) == (16 * 2**30, "fits", "catalogue")
    assert (one["context"], one["chunk"]) == (8192, 2048)
    longer = answer(capsys, E4B, "--context", "32768")["need"]
    assert longer["kv"] > need["kv"]
    assert longer["total"] > need["total"]


def test_the_lines_show_the_same_sum(capsys: pytest.CaptureFixture[str]) -> None:
    one = answer(capsys, E4B)
    assert run(["models", "fit", E4B]) == 0
    shown = capsys.readouterr().out
    assert f"{one['need']['total'] / GB:.1f} GB" in shown
    assert shown.splitlines()[-1].strip() == "It fits."


def test_a_pair_on_this_disk_is_judged_by_its_files(capsys: pytest.CaptureFixture[str]) -> None:
    target, drafter = (
        sum(file.stat().st_size for file in (DEMO_FOLDER / part).glob("*.safetensors"))
        for part in ("target", "drafter")
    )
    one = answer(capsys, "demo")
    assert one["source"] == "files"
    assert one["need"]["target"] == pytest.approx(target, rel=0.02)
    assert one["need"]["drafter"] == pytest.approx(drafter, rel=0.02)
    alone = answer(capsys, str(DEMO_FOLDER / "target"))
    assert alone["need"]["target"] == one["need"]["target"]


def test_the_conversion_that_suits_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    whole = answer(capsys)
    suited = {pair["name"]: pair["suited"] for pair in whole["pairs"]}
    assert suited == {
        "E2B": "mlx-community/gemma-4-e2b-it-8bit",
        "E4B": "mlx-community/gemma-4-e4b-it-8bit",
        "12B": "mlx-community/gemma-4-12B-it-4bit",
        "26B-A4B": "mlx-community/gemma-4-26b-a4b-it-4bit",
        "31B": None,
    }
    reasons = {pair["name"]: pair["reason"] for pair in whole["pairs"]}
    assert reasons["12B"].endswith("the most precise up to 8 bits that fits.")
    assert reasons["26B-A4B"].endswith("it is the smallest, and even it is tight.")
    assert reasons["31B"].startswith("None fits: the smallest needs 2")
    verdicts = {t["verdict"] for pair in whole["pairs"] for t in pair["targets"]}
    assert verdicts == {"fits", "tight", "too-big"}
    assert run(["models", "fit"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("*")] == [
        name for name in suited.values() if name
    ]


def test_every_size_of_the_catalogue_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    for pair, shown in zip(PAIRS, answer(capsys)["pairs"], strict=True):
        assert [t["target"] for t in shown["targets"]] == [
            t.repository for t in pair.targets if t.size_bytes is not None
        ]


def test_the_page_about_memory_is_up_to_date() -> None:
    script = import_module("scripts.memory_page")
    written = script.PAGE.read_text("utf-8")
    assert written == script.page(), "write it again: python -m scripts.memory_page"


def test_what_is_nowhere_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "some/model is not on this disk" in refusal(capsys, "some/model")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS holds no process to this limit")
@pytest.mark.parametrize("anyway", [False, True])
def test_a_process_with_little_memory_loads_only_what_it_is_told_to(anyway: bool) -> None:
    limit = 900_000  # KiB of data: too few for the margin, enough for the built-in pair
    words = [sys.executable, "-m", "mtp_mlx", "generate", "hi", "--max-tokens", "1"]
    shell = f'ulimit -d {limit}; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", shell, "limited", *words, *(["--anyway"] if anyway else [])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if anyway else 1), done.stderr
    assert ("built-in needs 0.6 GB here" in done.stderr) == (not anyway)


CHOICES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"context": 1024}, ["--context", "1024"]),
    ({"drafter_bits": 4}, ["--drafter-bits", "4"]),
    ({"drafter_bits": 8, "context": 100}, ["--drafter-bits", "8", "--context", "100"]),
    ({"use_drafter": False}, ["--no-drafter"]),
    ({"drafter": str(DEMO_FOLDER / "drafter")}, ["--drafter", str(DEMO_FOLDER / "drafter")]),
]


@pytest.mark.parametrize(("fields", "words"), CHOICES)
def test_the_sum_that_is_shown_is_the_one_that_a_load_judges(
    capsys: pytest.CaptureFixture[str],
    fields: dict[str, Any],
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = MachineMemory(total=10**12, available=10**12)
    monkeypatch.setattr("mtp_mlx.loading.memory.machine_memory", lambda: now)
    monkeypatch.setattr("mtp_mlx.loading.device.backend_name", lambda: "cpu")
    shown = answer(capsys, str(DEMO_FOLDER / "target"), *words)
    pair = load_pair(Load(target=str(DEMO_FOLDER / "target"), **fields))
    judged = fit(pair.size, pair.context, now.have)
    assert shown["need"] == asdict(judged.need) | {"total": judged.need.total}
    assert (shown["context"], shown["have"]) == (judged.context, judged.have)


def test_what_is_said_of_a_drafter_that_is_not_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not on this disk, so only its own" in refusal(capsys, E4B, "--drafter-bits", "4")
    assert "A drafter belongs to a target" in refusal(capsys, "--no-drafter")
    nowhere = refusal(capsys, "demo", "--drafter", "some/drafter")
    assert "some/drafter is not on this disk" in nowhere


def test_no_target_holds_more_than_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{E4B} holds 131072 tokens at the most" in refusal(capsys, E4B, "--context", "200000")


@pytest.mark.parametrize("target", [(), (E4B,)])
def test_the_memory_to_judge_by_can_be_told(
    capsys: pytest.CaptureFixture[str], target: tuple[str, ...]
) -> None:
    assert answer(capsys, *target, "--have", str(GB))["have"] == GB


def test_the_longest_context_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, E4B)["longest_context"] == 131_072
