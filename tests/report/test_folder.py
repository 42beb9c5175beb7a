"""A folder of reports as one table: a row a report, honest, inert, and never stopped by a file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.cli.main import run
from mtp_mlx.errors import DamagedReport, NewerReport, UsageError
from mtp_mlx.report.folder import SORT_KEYS, Entry, Folder, entry, ordered, read
from mtp_mlx.report.folder_table import FORMATS, table, terminal
from mtp_mlx.report.html import html_page
from mtp_mlx.report.model import Environment, Report
from mtp_mlx.report.saving import decode, encode
from mtp_mlx.report.words import TAU, TIMES
from tests.report.samples import (
    NASTY,
    OLD,
    REPORT,
    RUNS,
    SLOWER,
    SPEEDS,
    SPOILED,
    WARNED,
    a_report,
    a_run,
)

MAC = Environment(
    app_version="0.2.0",
    commit="0123456789" * 4,
    commit_clean=False,
    device="Apple M4 Pro",
    memory_bytes=48 * 10**9,
)
BUSY = a_report([a_run("off", 10.0), a_run(3, 90.0)])
PLAIN = a_report([a_run("off", 10.0)])
STEADY = a_report(
    [a_run(m, tps, repeat=r) for r in range(6) for m, tps in SPEEDS["code"].items()],
    environment=MAC,
    created="2026-03-01T00:00:00Z",
)


def columns(report: Report) -> dict[str, str]:
    """The cells of a report's row, by the names of their columns."""
    made = table([entry("r.json", report)])
    (row,) = made.rows
    names = [column.name.partition(",")[0] for column in made.columns]
    return dict(zip(names, row, strict=True))


def in_79(folder: Folder) -> str:
    return terminal(folder, 79)


MAKERS = [*FORMATS.values(), in_79]


def test_a_row_says_what_was_measured_on_what() -> None:
    row = columns(STEADY)
    assert (row["Day"], row["Machine"], row["Memory"]) == ("2026-03-01", "M4 Pro", "48")
    assert (row["Pair"], row["Quantisation"]) == ("Gemma 4 4-bit", "4-bit")
    assert row["Program"] == "0.2.0 (0123456, changed)"
    assert (row["MTP"], row["off"], row["on"]) == ("auto", "30.0", "60.0")
    assert (row["Speed-up"], row["95 %"], row["Result"]) == ("2.00", "2.00 to 2.00", "faster")
    assert (row["Drafted"], row["Accepted"], row[TAU]) == (
        "100",
        "67",
        "3.00",
    )
    assert (row["Runs"], row["Notes"], row["File"]) == ("18", "\N{EN DASH}", "r.json")


@pytest.mark.parametrize(
    ("report", "speedup", "result"),
    [
        (SLOWER, "0.50", "slower"),
        (REPORT, "1.47", "no difference"),
        (BUSY, "\N{EN DASH}", "machine was busy"),
        (PLAIN, "\N{EN DASH}", "not measured"),
        (a_report([a_run("auto", 20.0)]), "\N{EN DASH}", "not measured"),
        (a_report([a_run("off", 10.0), a_run("auto", 11.0, rounds=[])]), "1.10", "faster"),
    ],
)
def test_a_number_stands_only_where_it_may(report: Report, speedup: str, result: str) -> None:
    row = columns(report)
    assert (row["Speed-up"], row["Result"]) == (speedup, result)
    slow = table([entry("r.json", report)]).warnings
    assert bool(slow) == (result == "slower")


def test_what_a_reader_must_know_is_in_the_row() -> None:
    assert columns(WARNED)["Notes"] == (
        "changed afterwards: summary and runs disagree; replayed acceptance, 80 %; "
        "cut short: 18 of 99 runs; 1 of 18 runs did not end; plain speed fell by 20 %; "
        "low power mode"
    )
    assert columns(SPOILED)["Notes"] == "one run each: no interval; no drafter"
    behind = replace(REPORT, settings=replace(REPORT.settings, context_tokens=(0, 4096)))
    assert columns(behind)["Notes"] == "after 0, 4\N{THIN SPACE}096 tokens of context"
    assert columns(PLAIN)["off"] == "10.0"
    assert columns(PLAIN)["on"] == "\N{EN DASH}"


def entries(folder: Folder) -> list[str]:
    return [one.file for one in folder.entries]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "reports"
    found.mkdir()
    for name, report in (("a", SLOWER), ("b", REPORT), ("c", STEADY), ("d", BUSY)):
        (found / f"{name}.json").write_bytes(encode(report))
    return found


def test_the_order_is_what_one_chooses(folder: Path) -> None:
    found = {by: "".join(name[0] for name in entries(read(folder, by))) for by in SORT_KEYS}
    assert found == {
        "date": "cdba",
        "speed-up": "cbad",
        "tokens/s": "dcba",
        "machine": "cdba",
        "pair": "cdba",
    }


def test_a_file_that_is_no_report_is_named_with_the_reason(folder: Path) -> None:
    (folder / "cut.json").write_bytes(encode(REPORT)[:-9])
    (folder / "future.json").write_text('{"version": 2}')
    (folder / "other.json").write_text("{}")
    (folder / "folder.json").mkdir()
    (folder / "gone.json").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.JSON")
    (folder / "._a.json").write_bytes(b"\0\5\x16\7")  # macOS's own, on some disks
    (folder / "notes.txt").write_text("no report")
    found = read(folder)
    assert len(found.entries) == 4
    reasons = {one.file: one.reason for one in found.unread}
    assert sorted(reasons) == [
        "cut.json", "folder.json", "future.json", "gone.json", "other.json", "pipe.JSON",
    ]  # fmt: skip
    assert reasons["future.json"] == "future.json has version 2, and this program reads up to 1."
    assert "is no ordinary file but a pipe" in reasons["pipe.JSON"]
    for make in MAKERS:
        text = " ".join(make(found).replace("\\", "").split())
        assert all(file in text for file in reasons)


def test_old_reports_have_rows(tmp_path: Path) -> None:
    for file in OLD:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    rows = {one.file: one for one in read(tmp_path).entries}
    lone = rows["version-1-reply.json"]
    assert (lone.claim.ratio, lone.runs, lone.created) == (2.0, 1, "")
    assert rows["version-1-benchmark.json"].claim.outcome == "slower"


EVIL = "\x1b[2J\u202e\x07\r\n\x9b31m"


@pytest.mark.parametrize("make", MAKERS)
def test_hostile_names_are_inert(make: Callable[[Folder], str]) -> None:
    machine = Environment(device=EVIL + NASTY, app_version=EVIL + NASTY, commit=EVIL + NASTY)
    evil = replace(SPOILED, environment=machine, title=EVIL, created=EVIL + NASTY)
    found = Folder((entry(NASTY + EVIL, evil), entry("=1+1", REPORT)), ())
    text = make(found)
    assert not [c for c in text if (ord(c) < 32 and c not in "\r\n") or 0x7F <= ord(c) < 0xA0]
    assert "\u202e" not in text
    if text.startswith("<!DOCTYPE"):
        assert "<script" not in text
    elif text.startswith("# "):
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
        assert not re.search(r"(?<!\\)<", text)
    elif text.startswith("created"):
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_csv_has_the_exact_numbers(folder: Path) -> None:
    (folder / "other.json").write_text("{}")
    rows = list(csv.DictReader(io.StringIO(FORMATS[".csv"](read(folder)), newline="")))
    assert [row["file"] for row in rows] == ["c.json", "d.json", "b.json", "a.json", "other.json"]
    assert float(rows[2]["speedup"]) == read(folder).entries[2].claim.ratio
    assert (rows[1]["speedup"], rows[1]["result"]) == ("", "machine was busy")
    assert rows[4]["notes"].startswith("not read: other.json is no report")
    assert rows[4]["runs"] == ""


@pytest.mark.parametrize("width", [1, 20, 40, 79, 120, 500])
def test_a_terminal_shows_as_many_columns_as_fit(folder: Path, width: int) -> None:
    (folder / "e.json").write_bytes(encode(WARNED))
    lines = terminal(read(folder), width).splitlines()
    assert max(map(len, lines)) <= width
    if width >= 79:
        assert all(name in lines[0] for name in ("Day", "Machine", "Pair", "Speed-up", "Result"))
        assert "cut short: 18 of 99 runs" in " ".join("\n".join(lines).split())
        assert ("A wider terminal or a file also shows:" in "\n".join(lines)) == (width < 500)
    if width == 40:
        assert lines[0].split() == ["Machine", "Speed-up,", TIMES, "Result"]
    if width == 500:
        assert all(name in lines[0] for name in ("Memory, GB", "Accepted, %", "95 %", "File"))


def test_the_page_is_that_of_a_report(folder: Path) -> None:
    page = FORMATS[".html"](read(folder))
    assert page.startswith(html_page("4 speed reports", ()).partition("<main>")[0])
    assert '<td class="number warning">0.50</td>' in page


def damaged(document: Any, place: int, value: Any) -> Any:
    """Return the document with the value at one place, counted through it, replaced."""
    left = place

    def visit(part: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            return value
        if isinstance(part, dict):
            return {name: visit(one) for name, one in part.items()}
        return [visit(one) for one in part] if isinstance(part, list) else part

    return visit(document)


SMALL = json.loads(encode(a_report(RUNS[:3], environment=MAC)))
VALUES: list[Any] = [None, 0, -1, 1e308, 5e-324, 2**53, "", NASTY, [], {}, True, "off"]


@given(st.integers(1, 400), st.sampled_from(VALUES))
def test_no_report_that_opens_stops_the_table(place: int, value: Any) -> None:
    try:
        report = decode(json.dumps(damaged(SMALL, place, value)).encode())
    except (DamagedReport, NewerReport):
        return
    found = Folder(tuple(ordered([entry("r.json", report)], "speed-up")), ())
    for make in MAKERS:
        assert make(found)


def test_an_empty_summary_has_a_row() -> None:
    bare: Entry = entry("r.json", replace(REPORT, summary=()))
    assert (bare.tps, bare.plain_tps, bare.claim.outcome) == (None, None, "unmeasured")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 2, "nowhere is no folder that can be read."),
        (["empty"], 2, "There is no JSON file in empty."),
        (["reports/a.json"], 2, "a.json is no folder that can be read."),
        (["reports", "out.pdf"], 2, "End its name in .md, .csv or .html."),
        (["reports", "no/folder/out.md"], 1, "There is no folder for out.md."),
        (["reports", "--sort", "size"], 2, "'size' is not one of"),
        ([], 2, "Missing argument"),
    ],
)
def test_refusals_are_one_sentence_with_a_remedy(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(folder.parent)
    Path("empty").mkdir()
    assert run(["report", "table", *arguments]) == code
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert words in told.err


def test_the_command_prints_and_saves(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run(["report", "table", str(folder), "--sort", "speed-up"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "slower" in lines[3]
    assert max(map(len, lines)) <= 100
    for ending, make in FORMATS.items():
        out = folder / f"out{ending}"
        assert run(["report", "table", str(folder), str(out)]) == 0
        assert out.read_text(encoding="utf-8") == make(read(folder)).replace("\r\n", "\n")
    for file in folder.glob("*.json"):
        file.write_text("{")
    assert run(["report", "table", str(folder)]) == 1


def test_a_folder_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match="is no folder"):
        read(Path("/dev/null"))
