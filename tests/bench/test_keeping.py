"""A report on a disk that refuses: nothing measured is lost, and nothing there is spoiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx.bench import session
from mtp_mlx.bench.session import Keeper
from mtp_mlx.errors import ReportNotSaved
from mtp_mlx.learned import folder
from mtp_mlx.report.saving import decode, write
from tests.report.samples import REPORT, SLOWER


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
    monkeypatch.setattr(session, "write", disk.write)
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
    monkeypatch.setattr(session, "write", Disk(spare).write)
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
    monkeypatch.setattr(session, "write", Disk(tmp_path).write)
    keeper = Keeper(Path("/nowhere/speed.json"), pytest.fail)
    with pytest.raises(ReportNotSaved, match=r"speed\.json instead"):
        keeper.finish(REPORT)
    monkeypatch.setattr(session, "write", Disk().write)
    with pytest.raises(ReportNotSaved, match="Free some"):
        keeper.finish(REPORT)
