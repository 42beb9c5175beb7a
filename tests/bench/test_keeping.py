"""Report and lines on a disk that refuses: nothing is lost, and nothing there is spoiled."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mtp_mlx.bench import keeping
from mtp_mlx.bench.keeping import Keeper, RunLines
from mtp_mlx.errors import ReportNotSaved, UsageError
from mtp_mlx.learned import folder
from mtp_mlx.report.saving import decode, encode, write
from tests.report.samples import REPORT, RUNS, SLOWER, SPOILED


class Disk:
    """Takes files only in the folders it likes."""

    def __init__(self, *liked: Path) -> None:
        self.liked = liked

    def write(self, data: bytes, path: Path) -> None:
        if path.parent not in self.liked:
            raise ReportNotSaved(f"{path.name} was not saved: the disk is full.", "Free some.")
        write(data, path)


def test_a_report_is_saved_as_it_grows(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "report.json", pytest.fail)
    for report in (SLOWER, REPORT):
        keeper.keep(report)
        assert decode(keeper.out.read_bytes()) == report
    keeper.finish(SLOWER)
    assert decode(keeper.out.read_bytes()) == SLOWER
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_a_disk_that_refuses_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    disk = Disk()
    monkeypatch.setattr(keeping, "write", disk.write)
    keeper = Keeper(tmp_path / "report.json", told.append)
    keeper.keep(REPORT)
    keeper.keep(REPORT)
    assert len(told) == 1
    assert "the disk is full" in told[0]
    disk.liked = (tmp_path,)
    keeper.keep(REPORT)
    assert keeper.out.exists()


def test_a_report_that_cannot_be_saved_is_kept_elsewhere_and_the_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = folder().parent / "reports"
    monkeypatch.setattr(keeping, "write", Disk(spare).write)
    keeper = Keeper(tmp_path / "speed.json", pytest.fail)
    for name in ("speed.json", "speed-1.json"):
        with pytest.raises(ReportNotSaved) as caught:
            keeper.finish(REPORT)
        assert keeper.spare == spare / name  # and none there is replaced
        assert str(keeper.spare) in caught.value.remedy
        assert decode(keeper.spare.read_bytes()) == REPORT


def test_the_folder_for_passing_things_is_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(keeping, "write", Disk(tmp_path).write)
    keeper = Keeper(Path("/nowhere/speed.json"), pytest.fail)
    with pytest.raises(ReportNotSaved, match=r"speed\.json instead"):
        keeper.finish(REPORT)
    monkeypatch.setattr(keeping, "write", Disk().write)
    with pytest.raises(ReportNotSaved, match="Free some"):
        keeper.finish(REPORT)


def lines(file: Path) -> list[dict[str, Any]]:
    assert file.read_bytes().endswith(b"\n")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "runs.jsonl"


def test_each_run_is_a_line_that_stands_alone(file: Path) -> None:
    kept = RunLines(file, pytest.fail)
    for n, run in enumerate(RUNS, 1):
        kept.add(REPORT, [run])
        assert len(lines(file)) == n  # before the next run
    RunLines(file, pytest.fail).add(SPOILED, SPOILED.runs)
    found = lines(file)
    assert len({tuple(line) for line in found}) == 1  # the same names in the same order
    told = found[1]
    assert (told["mode"], told["prompt_id"], told["repeat"]) == ("auto", "code-1", 0)
    assert (told["decode_tps"], told["rounds"]) == (RUNS[1].decode_tps, 2)
    assert (told["target"], told["device"]) == ("google/gemma-4", "Apple M4 Pro")
    assert (told["temperature"], told["max_tokens"], told["text"]) == (0.0, 7, None)
    assert found[-2]["text"] == SPOILED.runs[0].text
    assert len(told["at"]) == len("2026-01-02T03:04:05Z")


def test_a_run_that_is_in_the_file_is_not_written_again(file: Path) -> None:
    RunLines(file, pytest.fail).add(REPORT, RUNS[:5])
    RunLines(file, pytest.fail).add(REPORT, RUNS)
    assert [line["decode_tps"] for line in lines(file)] == [run.decode_tps for run in RUNS]
    cut = replace(RUNS[0], finish_reason="cancelled", decode_tps=1.0)
    RunLines(file, pytest.fail).add(REPORT, [cut])
    assert len(lines(file)) == len(RUNS)  # a run cut short is made again and told then


@pytest.mark.parametrize("left", [0, 1, 5, 9, 300, -40, -2, -1])
def test_a_line_that_was_cut_is_written_again(file: Path, left: int) -> None:
    """A crash, or a full disk, leaves a part of the last line; only its end may be missing."""
    RunLines(file, pytest.fail).add(REPORT, RUNS[:3])
    whole = file.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    file.write_bytes(whole[: start + left if left >= 0 else left])
    RunLines(file, pytest.fail).add(REPORT, RUNS[:4])
    assert [line["decode_tps"] for line in lines(file)] == [run.decode_tps for run in RUNS[:4]]


FOREIGN = [b"{}\n", b"{}", b"[]", b'{"mode": 1}', b'{"mode":1}', b"hello", b"\n", b"\0" * 9,
           b"\xff", b"[" * 10_000, encode(REPORT)]  # fmt: skip


@pytest.mark.parametrize("content", FOREIGN)
def test_a_file_of_something_else_is_left_as_it_is(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"^Line 1 of runs\.jsonl is no run of a benchmark\. Give"):
        RunLines(file, pytest.fail)
    assert file.read_bytes() == content


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe"):
        with pytest.raises(UsageError, match="cannot be appended to"):
            RunLines(tmp_path / name, pytest.fail)


def test_lines_that_a_full_disk_refused_are_written_later(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    kept = RunLines(file, told.append)
    kept.add(REPORT, RUNS[:1])

    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        kept.add(REPORT, RUNS[1:2])
        kept.add(REPORT, RUNS[2:3])
        (once,) = told
        assert once.startswith("runs.jsonl was not saved: the disk is full. Free some space or")
        assert once.endswith("The benchmark goes on and tries again.")
        assert len(lines(file)) == 1
        with pytest.raises(ReportNotSaved, match="the disk is full"):
            kept.finish()
    kept.finish()
    assert [line["decode_tps"] for line in lines(file)] == [run.decode_tps for run in RUNS[:3]]
