"""Speed reports from the start of a benchmark to its export; whatever happens, runs are kept."""

from __future__ import annotations

import os
from dataclasses import replace as swap
from pathlib import Path

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from app.engine.worker import Death
from app.program import Program
from app.services.report_files import ReportEntry
from app.viewmodels.reports.bench_run import Choice
from app.viewmodels.reports.report_line import ReportLine, report_line
from app.viewmodels.reports.reports import (
    ReportsState,
    ReportsViewModel,
    Shown,
)
from mtp_mlx.report.derived import groups
from mtp_mlx.report.model import Report
from mtp_mlx.report.saving import encode, load, outline, save
from mtp_mlx.wire import Bench, BenchFinished, BenchProgress, BenchRun, Cancel, Error
from tests.app.conftest import Rig, settle
from tests.app.helpers import PAIR
from tests.report.samples import REPORT, RUNS, SLOWER, SPOILED, a_report, a_run

EARLIER = replace(REPORT, title="Earlier", created="2025-01-02T03:04:05Z")


@pytest.fixture
def reports(ready: Rig) -> ReportsViewModel:
    return ready.program.models.reports


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "data" / "reports"
    found.mkdir(parents=True)
    return found


def settled(reports: ReportsViewModel) -> None:
    program = reports.parent()
    assert isinstance(program, Program)
    settle(program)


def asked(rig: Rig) -> Bench:
    rig.settle()
    return [command for command in rig.engine.sent if isinstance(command, Bench)][-1]


def made(rig: Rig, count: int = 2) -> None:
    """Runs, saved after each as the worker does."""
    bench = asked(rig)
    for i in range(1, count + 1):
        runs = RUNS[:i]
        save(replace(REPORT, runs=tuple(runs), summary=groups(runs)), Path(bench.out or ""))
        rig.say(
            BenchRun(id=bench.id, done=i, total=4, run=runs[-1], summary=groups(runs)),
            BenchProgress(
                id=bench.id, phase="cooling down", done=i, total=4, elapsed_s=1.0, left_s=9.0
            ),
        )


def end(rig: Rig, **more: object) -> None:
    told: dict[str, object] = {
        "reason": "done",
        "report": REPORT,
        "saved": asked(rig).out,
        "warnings": (),
    }
    rig.say(BenchFinished(id=asked(rig).id, **told | more))  # type: ignore[arg-type]
    rig.settle()


def shown(reports: ReportsViewModel) -> Shown | None:
    return reports.state.shown


def titles(reports: ReportsViewModel) -> list[str]:
    return [entry.outline.title for entry in reports.state.entries if entry.outline]


def test_from_start_to_the_open_report(ready: Rig, reports: ReportsViewModel, folder: Path) -> None:
    assert reports.begin(Choice(modes=("off", "auto", 3)))
    settled(reports)
    bench = asked(ready)
    assert bench.modes == ("off", "auto", 3)
    assert Path(bench.out or "").parent == folder.resolve()
    assert not bench.include_text
    made(ready)
    running = reports.state.running
    assert running is not None
    assert (running.done, running.total, len(running.runs)) == (2, 4, 2)
    reports.refresh()
    settled(reports)
    assert reports.state.entries == ()  # not while it is being written
    save(REPORT, Path(bench.out or ""))
    end(ready)
    assert reports.state.running is None
    assert reports.state.note == ""
    assert titles(reports) == [REPORT.title]
    assert reports.state.shown == Shown(REPORT, Path(bench.out or "").name)


def test_the_folder_is_made_when_it_is_needed(ready: Rig, reports: ReportsViewModel) -> None:
    assert reports.begin(Choice())
    settled(reports)
    assert Path(asked(ready).out or "").parent.is_dir()


def test_the_chat_waits_and_says_for_what(ready: Rig, reports: ReportsViewModel) -> None:
    chat = ready.program.models.chat
    assert ready.program.engine.idle is not None
    reports.begin(Choice())
    settled(reports)
    assert chat.obstacle == reports.obstacle
    assert chat.obstacle.startswith("A benchmark is running")
    assert ready.program.models.compare.obstacle == chat.obstacle
    assert not chat.send("Hello")
    assert not reports.begin(Choice())
    end(ready, report=None, saved=None, reason="cancelled")
    assert chat.obstacle == ""


def test_what_cannot_be_measured_says_why(rig: Rig) -> None:
    reports = rig.program.models.reports
    assert reports.obstacle == "The engine is starting…"
    assert not reports.begin(Choice())
    rig.ready()
    assert reports.obstacle == ""
    assert not reports.begin(Choice(modes=("off",)))
    rig.program.models.chat.send("Hello")
    assert "Esc" in reports.obstacle
    rig.finish()
    alone = swap(PAIR, drafter=None, no_drafter_reason="the folder has none")
    rig.load(alone)
    assert "the folder has none" in reports.obstacle
    rig.load(swap(alone, no_drafter_reason=None))
    assert "this target has no drafter" in reports.obstacle


def test_stop_keeps_the_runs_that_are_finished(ready: Rig, reports: ReportsViewModel) -> None:
    reports.stop()
    assert not any(isinstance(command, Cancel) for command in ready.engine.sent)
    reports.begin(Choice())
    settled(reports)
    made(ready)
    reports.stop()
    reports.stop()
    assert ready.engine.sent.count(Cancel(id=asked(ready).id)) == 1
    assert reports.state.running is not None
    assert reports.state.running.stopping
    end(ready, reason="cancelled")
    assert reports.state.note == "The benchmark stopped. Finished runs are kept."
    assert reports.state.shown is not None
    assert len(reports.state.shown.report.runs) == 2


def test_stopped_before_a_run_was_finished(ready: Rig, reports: ReportsViewModel) -> None:
    reports.begin(Choice())
    settled(reports)
    end(ready, reason="cancelled", report=None, saved=None)
    assert reports.state.note.startswith("The benchmark stopped before a run was finished")
    assert shown(reports) is None


def test_a_dead_engine_loses_no_finished_run(ready: Rig, reports: ReportsViewModel) -> None:
    reports.begin(Choice())
    settled(reports)
    made(ready)
    ready.engine.say(Death(reason="was killed (out of memory)"))
    ready.settle()
    assert reports.state.running is None
    assert reports.state.note == (
        "The engine was killed (out of memory). Finished runs are kept; start another benchmark"
        " once it is ready."
    )
    assert reports.state.shown is not None
    assert len(reports.state.shown.report.runs) == 2


def test_a_death_without_a_benchmark_is_not_ours(ready: Rig, reports: ReportsViewModel) -> None:
    ready.program.models.chat.send("Hello")
    ready.engine.say(Death(reason="was killed"))
    ready.settle()
    assert reports.state == ReportsState()


def test_an_error_ends_it_with_its_remedy(ready: Rig, reports: ReportsViewModel) -> None:
    reports.begin(Choice())
    settled(reports)
    ready.say(Error(code="usage", message="No.", remedy="Do this.", id=asked(ready).id))
    ready.settle()
    assert reports.state.note == "No. Do this."
    assert reports.state.running is None


def test_other_events_are_not_ours(ready: Rig, reports: ReportsViewModel) -> None:
    reports.begin(Choice())
    settled(reports)
    before = reports.state
    ready.say(BenchProgress(id="other", phase="measuring", done=1, total=2, elapsed_s=0.0))
    assert reports.state == before


def test_a_full_disk_shows_the_report_all_the_same(
    ready: Rig, reports: ReportsViewModel, tmp_path: Path
) -> None:
    """The file in the folder is older than what was measured; the whole lies elsewhere."""
    reports.begin(Choice())
    settled(reports)
    made(ready)
    spare = tmp_path / "spare.json"
    save(REPORT, spare)
    end(ready, reason="failed", saved=str(spare), warnings=("The disk is full. Free some space.",))
    assert reports.state.note == "The disk is full. Free some space."
    assert reports.state.shown == Shown(REPORT)
    reports.close()
    reports.begin(Choice())
    settled(reports)
    end(ready, report=None, saved=str(spare))  # too long for the pipe
    assert reports.state.shown == Shown(REPORT)
    reports.close()
    reports.begin(Choice())
    settled(reports)
    end(ready, report=None, saved=str(tmp_path / "gone.json"))
    assert "There is no report gone.json" in reports.state.note


def test_what_no_disk_took_is_still_shown(ready: Rig, reports: ReportsViewModel) -> None:
    reports.begin(Choice())
    settled(reports)
    end(ready, saved=None, reason="failed", warnings=("Not saved.",))
    assert reports.state.shown == Shown(REPORT)
    assert reports.state.note == "Not saved."


def test_no_folder_no_benchmark(ready: Rig, reports: ReportsViewModel, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "reports").write_text("")
    reports.begin(Choice())
    settled(reports)
    assert reports.state.running is None
    assert reports.state.note.startswith("There is no folder for speed reports")
    assert not any(isinstance(command, Bench) for command in ready.engine.sent)
    reports.dismiss()
    reports.refresh()
    settled(reports)
    assert "cannot be read" in reports.state.note


def test_what_is_read_is_not_taken_away(
    ready: Rig, reports: ReportsViewModel, folder: Path
) -> None:
    save(EARLIER, folder / "a.json")
    reports.begin(Choice())
    settled(reports)
    reports.open("a.json")
    settled(reports)
    save(REPORT, Path(asked(ready).out or ""))
    end(ready)
    assert reports.state.shown == Shown(EARLIER, "a.json")
    assert titles(reports) == [REPORT.title, "Earlier"]


def test_open_and_close(reports: ReportsViewModel, folder: Path) -> None:
    save(REPORT, folder / "a.json")
    (folder / "bad.json").write_text("{")
    reports.refresh()
    settled(reports)
    reports.open("bad.json")
    settled(reports)
    reports.open("bad.json")
    settled(reports)
    assert reports.state.note.count("damaged") == 1
    assert shown(reports) is None
    reports.open("a.json")
    settled(reports)
    assert reports.state.shown == Shown(REPORT, "a.json")
    assert reports.state.note == ""
    reports.close()
    assert shown(reports) is None


def test_two_side_by_side_the_older_first(reports: ReportsViewModel, folder: Path) -> None:
    save(REPORT, folder / "a.json")
    save(EARLIER, folder / "b.json")
    (folder / "bad.json").write_text("{")
    reports.refresh()
    settled(reports)
    for names in (("a.json", "b.json"), ("b.json", "a.json")):
        reports.compare(*names)
        settled(reports)
        assert reports.state.shown == Shown(EARLIER, "b.json")
        assert reports.state.beside == Shown(REPORT, "a.json")
    reports.close()
    reports.compare("a.json", "a.json")
    settled(reports)
    reports.compare("a.json", "bad.json")
    settled(reports)
    assert shown(reports) is None
    assert "damaged" in reports.state.note


def test_deleted_and_taken_back(ready: Rig, reports: ReportsViewModel, folder: Path) -> None:
    save(REPORT, folder / "a.json")
    save(SLOWER, folder / "b.json")
    reports.refresh()
    settled(reports)
    reports.open("a.json")
    settled(reports)
    reports.delete("a.json")
    settled(reports)
    assert shown(reports) is None
    assert [entry.name for entry in reports.state.entries] == ["b.json"]
    undo = ready.program.models.undo
    assert undo.current is not None
    assert undo.current.text == "Report deleted"
    undo.undo()
    settled(reports)
    assert len(reports.state.entries) == 2
    reports.open("b.json")
    settled(reports)
    reports.delete("a.json")
    settled(reports)
    assert reports.state.shown is not None


def test_what_cannot_be_deleted_or_taken_back_says_so(
    ready: Rig, reports: ReportsViewModel, folder: Path
) -> None:
    reports.delete("none.json")
    settled(reports)
    assert "was not deleted" in reports.state.note
    reports.dismiss()
    save(REPORT, folder / "a.json")
    reports.delete("a.json")
    settled(reports)
    (folder / "deleted" / "a.json").unlink()
    ready.program.models.undo.undo()
    settled(reports)
    assert "was not brought back" in reports.state.note


def test_export(
    qtbot: QtBot,
    reports: ReportsViewModel,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.exports.say_not_saved", lambda _window, _reason: None)
    reports.export(tmp_path / "out.json", texts=False)
    settled(reports)
    assert not (tmp_path / "out.json").exists()
    save(REPORT, folder / "a.json")
    reports.open("a.json")
    settled(reports)
    reports.export(tmp_path / "out.json", texts=False)
    settled(reports)
    assert load(tmp_path / "out.json") == REPORT
    with qtbot.waitSignal(reports.not_saved) as told:
        reports.export(tmp_path / "none" / "out.json", texts=False)
    assert told.args == ["There is no folder for out.json. Make it first."]


def test_what_was_deleted_long_ago_is_gone_on_arrival(
    reports: ReportsViewModel, folder: Path
) -> None:
    save(REPORT, folder / "a.json")
    reports.delete("a.json")
    settled(reports)
    aside = folder / "deleted" / "a.json"
    os.utime(aside, (0, 0))
    reports.refresh()
    settled(reports)
    assert aside.exists()
    save(REPORT, folder / "b.json")
    reports.arrive()
    settled(reports)
    assert not aside.exists()
    assert titles(reports) == [REPORT.title]


def line(report: Report) -> ReportLine:
    return report_line(ReportEntry(name="r.json", written=0.0, outline=outline(encode(report))))


def test_what_it_comes_to() -> None:
    told = line(REPORT)
    assert told.title == "Speed of target + drafter"
    assert told.pair == "google/gemma-4 + google/helper"
    assert told.figure == "no difference"
    assert told.day.startswith("2026-01-0")
    assert not told.slower


def test_a_slow_down_is_marked() -> None:
    assert line(SLOWER).slower
    assert line(SLOWER).figure == "0.50× slower"  # noqa: RUF001


def test_one_run_each_says_so() -> None:
    once = a_report([a_run("off", 30.0), a_run("auto", 60.0)])
    assert line(once).figure == "2.00× faster, one run each"  # noqa: RUF001
    assert not line(once).slower


def test_one_that_was_cut_short_says_so() -> None:
    planned = replace(REPORT.settings, planned_runs=len(REPORT.runs))
    assert line(replace(REPORT, settings=planned)).figure == "no difference"
    more = replace(planned, planned_runs=len(REPORT.runs) + 1)
    assert line(replace(REPORT, settings=more)).figure == "no difference, cut short"


def test_without_a_speed_up_nothing_is_invented() -> None:
    alone = a_report([a_run("off", 30.0)], pair=replace(REPORT.pair, drafter=None))
    assert line(alone).figure == "not measured"
    assert line(alone).pair == "google/gemma-4"


def test_a_title_from_elsewhere_stays_one_line() -> None:
    assert "\n" not in line(SPOILED).title + line(SPOILED).pair


def test_one_that_cannot_be_opened_is_named_with_the_reason() -> None:
    told = report_line(ReportEntry(name="bad.json", written=0.0, trouble="It is damaged.\n"))
    assert (told.title, told.figure, told.help) == (
        "bad.json",
        "cannot be opened",
        "It is damaged.",
    )
