"""Files of reports: the ending chooses the format, and a failure says what to do.

An outline tells a list what it needs to know, without a report's runs.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from mtp_mlx.errors import DamagedReport, NewerReport, ReportNotSaved, UsageError
from mtp_mlx.report import saving
from mtp_mlx.report.answer import message
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Paper
from mtp_mlx.report.saving import (
    COMPARED,
    decode,
    encode,
    export,
    export_comparison,
    load,
    outline,
    save,
)
from mtp_mlx.report.writer import markdown
from tests.report.samples import OLD, REPORT, SLOWER, a_report, a_run


def test_json_is_the_document(tmp_path: Path) -> None:
    save(REPORT, tmp_path / "r.json")
    assert load(tmp_path / "r.json") == REPORT


def test_the_ending_chooses_the_format(tmp_path: Path) -> None:
    save(REPORT, tmp_path / "r.MD")
    assert (tmp_path / "r.MD").read_text(encoding="utf-8") == markdown(REPORT)


@pytest.mark.parametrize("name", ["r.doc", "r", "json", ".json"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"End its name in \.json\b.* or \.\w+\.$"):
        save(REPORT, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "r.json").mkdir()
    with pytest.raises(
        ReportNotSaved, match=r"^r\.json was not saved: .*\. Choose another name\.$"
    ):
        save(REPORT, tmp_path / "r.json")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(ReportNotSaved, match=r"Choose another \w+\.$"):
        save(REPORT, tmp_path / "a" / "r.json")


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ReportNotSaved, match=r"^There is no folder for r\.json\. Make it first\.$"):
        save(REPORT, tmp_path / "a" / "r.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EACCES, "Choose another folder"),
        (errno.EROFS, "Choose another disk"),
        (errno.EIO, "Choose another place"),
    ],
)
def test_a_failure_keeps_the_old_file_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    """The system fails when the bytes are to reach the disk, as a full one does."""

    def fail(_: int) -> None:
        raise OSError(number, "words of the system")

    (tmp_path / "r.json").write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ReportNotSaved, match=remedy) as caught:
        save(REPORT, tmp_path / "r.json")
    assert str(tmp_path) not in str(caught.value)
    assert (tmp_path / "r.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^There is no report r\.json\."):
        load(tmp_path / "r.json")
    with pytest.raises(UsageError, match=r"cannot be read: it is no ordinary file but a folder\."):
        load(tmp_path)
    (tmp_path / "r.json").write_text("# a report")
    with pytest.raises(DamagedReport, match=r"^r\.json is no report"):
        load(tmp_path / "r.json")


def test_every_format_has_its_maker() -> None:
    assert saving.endings().endswith(" or " + list(saving.FORMATS)[-1])


@pytest.mark.parametrize("ending", [".csv", ".html", ".md", ".txt"])
def test_half_a_character_costs_no_report(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"r{ending}"
    save(a_report([a_run("off", 1.0, text="a\ud83d b")], title="a\ud83d"), out)
    assert "a" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(("ending", "module"), [(".pdf", "paper"), (".png", "painter")])
def test_without_its_library_another_format_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, f"mtp_mlx.report.{module}", None)
    monkeypatch.delattr(f"mtp_mlx.report.{module}", raising=False)
    with pytest.raises(ReportNotSaved, match=r"are missing: .*Export as \.html instead"):
        save(REPORT, tmp_path / f"r{ending}")
    if ending in COMPARED:
        with pytest.raises(ReportNotSaved, match=r"Export as \.html instead"):
            export_comparison(REPORT, SLOWER, tmp_path / f"r{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", ["a4", "us-letter"])
def test_the_paper_of_a_pdf_is_chosen(tmp_path: Path, size: Paper) -> None:
    save(REPORT, tmp_path / "r.json")
    export(tmp_path / "r.json", tmp_path / "r.pdf", size)
    assert (b"[0 0 612 792]" in (tmp_path / "r.pdf").read_bytes()) == (size == "us-letter")


def test_five_lines_are_a_file_too(tmp_path: Path) -> None:
    save(REPORT, tmp_path / "r.txt")
    assert (tmp_path / "r.txt").read_text(encoding="utf-8") == f"{message(REPORT)}\n"


@pytest.mark.parametrize("ending", COMPARED)
def test_a_comparison_is_a_file(tmp_path: Path, ending: str) -> None:
    export_comparison(REPORT, SLOWER, tmp_path / f"both{ending}")
    data = (tmp_path / f"both{ending}").read_bytes()
    assert data.startswith({".md": b"# Two", ".html": b"<!DOCTYPE", ".pdf": b"%PDF-"}[ending])


@pytest.mark.parametrize("name", ["both.json", "both.csv", "both"])
def test_a_comparison_has_no_other_format(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"no format of a comparison.* in \.md, \.html or \.pdf"):
        export_comparison(REPORT, SLOWER, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_outline_says_what_the_report_says() -> None:
    known = outline(encode(REPORT))
    assert (known.title, known.created, known.pair) == (REPORT.title, REPORT.created, REPORT.pair)
    assert known.settings == REPORT.settings
    assert headline(known) == headline(REPORT) is not None


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.name)
def test_old_reports_have_an_outline(path: Path) -> None:
    data = path.read_bytes()
    assert outline(data).title == decode(data).title


def test_the_runs_of_an_outline_are_not_read() -> None:
    spoiled = json.loads(encode(REPORT)) | {"runs": ["no run"]}
    assert outline(json.dumps(spoiled).encode()).title == REPORT.title


def test_an_outline_that_cannot_be_read_says_so() -> None:
    with pytest.raises(DamagedReport, match=r"^r\.json is no report"):
        outline(b"{", "r.json")
    with pytest.raises(NewerReport):
        outline(b'{"version": 2}')
