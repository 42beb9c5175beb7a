"""The folder of reports: damaged and future ones are listed too, and nothing deleted is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.services import report_files as module
from app.services.report_files import KEPT_S, ReportFiles
from mtp_mlx.errors import DamagedReport, NewerReport, ReportNotSaved, UsageError
from mtp_mlx.report import saving
from mtp_mlx.report.saving import save
from tests.app.conftest import Clock
from tests.report.samples import REPORT


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> ReportFiles:
    folder = tmp_path / "reports"
    folder.mkdir()
    return ReportFiles(folder, clock)


def put(files: ReportFiles, name: str, created: str | None = "2026-01-02T03:04:05Z") -> None:
    save(replace(REPORT, created=created), files.path(name))


def names(files: ReportFiles) -> list[str]:
    return [entry.name for entry in files.entries()]


def test_no_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert ReportFiles(tmp_path / "none").entries() == ()


def test_newest_first_by_when_they_were_made(files: ReportFiles) -> None:
    put(files, "old.json", "2026-01-02T03:04:05Z")
    put(files, "new.json", "2026-02-02T03:04:05Z")
    put(files, "undated.json", None)
    put(files, "misdated.json", "yesterday")
    for name in ("undated.json", "misdated.json"):
        os.utime(files.path(name), (5.0, 5.0))
    assert names(files) == ["new.json", "old.json", "misdated.json", "undated.json"]
    known = files.entries()[0].outline
    assert known is not None
    assert known.title == REPORT.title
    assert known.summary == REPORT.summary


def test_what_cannot_be_opened_is_listed_with_the_reason_and_stays(files: ReportFiles) -> None:
    files.path("damaged.json").write_text("{")
    files.path("future.json").write_text('{"version": 99}')
    files.path("gone.json").symlink_to(files.path("nowhere"))
    files.path("notes.txt").write_text("mine")
    found = {entry.name: entry for entry in files.entries()}
    assert set(found) == {"damaged.json", "future.json", "gone.json"}
    assert "damaged one" in found["damaged.json"].trouble
    assert found["future.json"].trouble.endswith("Update the program.")
    assert "no report gone.json" in found["gone.json"].trouble
    assert all(entry.outline is None for entry in found.values())
    with pytest.raises(DamagedReport):
        files.load("damaged.json")
    with pytest.raises(NewerReport):
        files.load("future.json")
    assert files.path("damaged.json").read_text() == "{"


def test_a_file_is_read_again_only_where_it_has_changed(
    files: ReportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(files, "a.json")
    files.entries()
    put(files, "b.json")
    read: list[str] = []

    def noted(path: Path) -> bytes:
        read.append(path.name)
        return saving.read(path)

    monkeypatch.setattr(module, "read", noted)
    assert len(files.entries()) == 2
    assert read == ["b.json"]
    save(replace(REPORT, title="Another title"), files.path("a.json"))
    titles = {entry.outline.title for entry in files.entries() if entry.outline}
    assert "Another title" in titles


def test_a_new_name_replaces_nothing(tmp_path: Path, clock: Clock) -> None:
    files = ReportFiles(tmp_path / "made" / "reports", clock)
    first = files.new()
    assert first.parent.is_dir()
    save(REPORT, first)
    second = files.new()
    assert second != first
    assert second.stem == f"{first.stem} (2)"


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportNotSaved, match=r"^There is no folder for speed reports: .+\."):
        ReportFiles(tmp_path / "file" / "reports").new()


def test_a_file_in_place_of_the_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportNotSaved, match=r"cannot be read: .+\. Look at its permissions\.$"):
        ReportFiles(tmp_path / "file").entries()


def test_deleted_and_brought_back(files: ReportFiles) -> None:
    put(files, "a.json")
    before = files.path("a.json").read_bytes()
    aside = files.delete("a.json")
    assert names(files) == []
    with pytest.raises(UsageError):
        files.load("a.json")
    files.restore(aside, "a.json")
    assert names(files) == ["a.json"]
    assert files.path("a.json").read_bytes() == before


def test_brought_back_beside_one_of_its_name(files: ReportFiles) -> None:
    put(files, "a.json")
    aside = files.delete("a.json")
    put(files, "a.json")
    files.restore(aside, "a.json")
    assert sorted(names(files)) == ["a (2).json", "a.json"]


def test_what_is_gone_cannot_be_deleted_nor_brought_back(files: ReportFiles) -> None:
    with pytest.raises(ReportNotSaved, match=r"^a\.json was not deleted: "):
        files.delete("a.json")
    with pytest.raises(ReportNotSaved, match=r"was not brought back: .+“deleted”"):
        files.restore(files.path("nowhere.json"), "a.json")


def test_deleted_ones_stay_thirty_days(files: ReportFiles, clock: Clock) -> None:
    put(files, "a.json")
    os.utime(files.path("a.json"), (0, 0))
    clock.now = 10 * KEPT_S
    aside = files.delete("a.json")
    files.purge()
    clock.tick(KEPT_S - 1)
    files.purge()
    assert aside.exists()
    clock.tick(2)
    files.purge()
    assert not aside.exists()


def test_what_cannot_be_purged_stays(files: ReportFiles, clock: Clock) -> None:
    aside = files.folder / "deleted"
    (aside / "folder.json").mkdir(parents=True)
    clock.now = 1e12
    files.purge()
    assert (aside / "folder.json").exists()


def test_a_name_that_is_no_utf_8_is_listed_with_one_sentence(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.json"))
    path.write_text("{}")
    (entry,) = ReportFiles(tmp_path).entries()
    assert entry.name == "caf\N{REPLACEMENT CHARACTER}.json"
    assert "is no UTF-8" in entry.trouble
    with pytest.raises(UsageError):
        ReportFiles(tmp_path).load(entry.name)
