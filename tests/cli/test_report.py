"""`mtp-mlx report`: what it prints, what it saves, and how it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from mtp_mlx.cli.main import run
from mtp_mlx.report.model import Environment
from mtp_mlx.report.saving import FORMATS, encode
from tests.report.samples import OLD, REPORT, SLOWER, a_report, a_run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "r.json"
    path.write_bytes(encode(REPORT))
    return path


def test_show(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "show", str(file)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Speed of target + drafter\n")
    assert "slower" in told
    assert "code      code-1  K 3                17" in told
    assert "       2           50 " in told
    assert "Device                      Apple M4 Pro" in told
    assert "Not measured: commit, python" in told


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_show_an_old_file(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "show", str(old)]) == 0
    assert "Speed of" in capsys.readouterr().out


def test_a_stranger_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[2J\x07\r\n\x9b31m"
    machine = Environment(power_source=evil, power_source_after=f"{evil}, too", device=evil)
    runs = [a_run("off", 1.0, evil), a_run(3, 1.0, evil), a_run(3, 1.0, "code")]
    report = a_report(runs, title=f"T{evil}", environment=machine)
    (tmp_path / "r.json").write_bytes(encode(report))
    assert run(["report", "show", str(tmp_path / "r.json")]) == 0
    assert run(["report", "compare", *[str(tmp_path / "r.json")] * 2]) == 0
    told = capsys.readouterr().out
    assert not [c for c in told if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0]


@pytest.mark.parametrize("ending", FORMATS)
def test_export(qtbot: QtBot, file: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name(f"out{ending}")
    assert run(["report", "export", str(file), str(out)]) == 0
    assert capsys.readouterr().out == f"Saved out{ending}.\n"
    assert out.stat().st_size > 400


def test_export_to_json_keeps_every_field(file: Path) -> None:
    later = json.loads(file.read_text()) | {"watts": [1, 2.50]}
    file.write_text(json.dumps(later))
    assert run(["report", "export", str(file), str(file.with_name("out.json"))]) == 0
    assert json.loads(file.with_name("out.json").read_text()) == later


def test_compare(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = file.with_name("slow.json")
    other.write_bytes(encode(SLOWER))
    assert run(["report", "compare", str(file), str(other)]) == 0
    told = capsys.readouterr().out
    assert "Machine, versions, pair and settings are the same." in told
    assert "B ran MTP with K 3 slower than A" in told


def test_what_is_not_comparable_is_told_and_has_a_status(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = file.with_name("replayed.json")
    other.write_bytes(
        encode(replace(REPORT, settings=replace(REPORT.settings, replay_acceptance=0.8)))
    )
    assert run(["report", "compare", str(file), str(other)]) == 1
    assert "Not comparable: the drafts of B were replayed" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize("ending", [".md", ".html", ".pdf"])
def test_compare_saves(file: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name(f"both{ending}")
    assert run(["report", "compare", str(file), str(file), str(out)]) == 0
    assert capsys.readouterr().out == f"Saved both{ending}.\n"
    assert out.stat().st_size > 500


def test_export_on_a_chosen_paper(file: Path) -> None:
    out = file.with_name("r.pdf")
    assert run(["report", "export", str(file), str(out), "--paper", "us-letter"]) == 0
    assert b"[0 0 612 792]" in out.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "nowhere.json"], 2, "There is no report nowhere.json."),
        (["show", "."], 2, "cannot be read"),
        (["show"], 2, "Missing argument"),
        (
            ["export", "r.json", "out.docx"],
            2,
            "End its name in .json, .csv, .md, .html, .txt, .pdf or",
        ),
        (["export", "nowhere.json", "out.csv"], 2, "There is no report"),
        (["export", "r.json", "no/folder/out.csv"], 1, "There is no folder for out.csv."),
        (["compare", "r.json", "nowhere.json"], 2, "There is no report"),
        (["show", "damaged.json"], 1, "is no report, or a damaged one"),
        (["export", "damaged.json", "r.json"], 1, "is no report, or a damaged one"),
        (["show", "future.json"], 1, "Update the program."),
        (["frown"], 2, "No such command"),
        ([], 2, "Missing command. See `mtp-mlx report --help`."),
    ],
)
def test_refusals_are_one_sentence_with_a_remedy(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(file.parent)
    Path("damaged.json").write_bytes(file.read_bytes()[:-9])
    Path("future.json").write_text('{"version": 2}')
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    assert run(["report", *arguments]) == code
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert words in told.err
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_a_full_disk_keeps_the_old_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    out = file.with_name("out.md")
    out.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    assert run(["report", "export", str(file), str(out)]) == 1
    assert "the disk is full. Free some space" in capsys.readouterr().err
    assert out.read_text() == "old"
    assert sorted(path.name for path in file.parent.iterdir()) == ["out.md", "r.json"]


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_painting_needs_no_window(file: Path, ending: str) -> None:
    """In a process of its own, which has no application of Qt's until one is painted with."""
    out = file.with_name(f"out{ending}")
    command = [sys.executable, "-m", "mtp_mlx", "report", "export", str(file), str(out)]
    without = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    done = subprocess.run(command, env=without, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Saved out{ending}.\n", "")
    assert out.read_bytes().startswith({".png": b"\x89PNG", ".pdf": b"%PDF-"}[ending])
