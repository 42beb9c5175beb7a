"""Downloads: one after the other, paused, resumed, and offered again at the next start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.domain.models import FetchStatus, Wanted
from app.services.fetch_queue import FetchQueueFile
from app.viewmodels.models.fetching import Fetch, Fetching, fetch_row
from tests.app.conftest import Rig, opened
from tests.app.tools import GB, MB


def fetching(rig: Rig) -> Fetching:
    return rig.program.models.models.fetching


def stages(rig: Rig) -> dict[str, str]:
    return {one.repository: one.stage for one in fetching(rig).all}


def kept(rig: Rig) -> dict[str, bool]:
    """The repositories in the file, and whether they are paused."""
    wanted = rig.ask(lambda folder: folder.fetches.read())
    return {one.repository: one.paused for one in wanted}


def begin(rig: Rig, *repositories: str) -> None:
    for repository in repositories:
        fetching(rig).begin(repository, f"Model {repository}")


def test_one_after_the_other(rig: Rig) -> None:
    begin(rig, "o/a", "o/b", "o/a")
    assert stages(rig) == {"o/a": "running", "o/b": "queued"}
    assert [run.repository for run in rig.tool.fetches] == ["o/a"]
    rig.tool.fetches[0].say("fetching", done=5, total=10)
    assert kept(rig) == {"o/a": False, "o/b": False}
    done: list[str] = []
    fetching(rig).done.connect(done.append)
    rig.tool.fetches[0].say("done")
    assert done == ["o/a"]
    assert stages(rig) == {"o/b": "running"}
    assert kept(rig) == {"o/b": False}
    rig.tool.fetches[1].say("failed", message="No room.")
    assert stages(rig) == {"o/b": "failed"}
    fetching(rig).resume("o/b")
    assert stages(rig) == {"o/b": "running"}


def test_a_pause_ends_the_process_and_lets_the_next_begin(rig: Rig) -> None:
    begin(rig, "o/a", "o/b")
    first = rig.tool.fetches[0]
    first.say("fetching", done=5 * GB, total=10 * GB)
    fetching(rig).pause("o/a")
    assert first.killed
    assert stages(rig) == {"o/a": "paused", "o/b": "running"}
    assert kept(rig) == {"o/a": True, "o/b": False}
    first.say("fetching", done=9, total=10)  # a line that was under way
    assert stages(rig)["o/a"] == "paused"
    fetching(rig).resume("o/a")
    assert stages(rig) == {"o/a": "queued", "o/b": "running"}
    assert kept(rig) == {"o/a": False, "o/b": False}
    fetching(rig).cancel("o/b")
    assert rig.tool.fetches[1].killed
    assert stages(rig) == {"o/a": "running"}
    assert kept(rig) == {"o/a": False}
    assert fetching(rig).all[0].wanted.done == 5 * GB  # shown until its process tells


def test_progress_never_steps_back_once_the_drafter_is_whole(qtbot: QtBot, tmp_path: Path) -> None:
    """A later process counts the target alone, for the drafter is here."""
    with opened(qtbot, tmp_path, time.monotonic) as rig:
        fetching(rig).begin("o/a", "A", total=5_000 * MB)  # the catalogue's word
        rig.tool.fetches[0].say("fetching", done=160 * MB, total=5_300 * MB)
        fetching(rig).pause("o/a")
        fetching(rig).resume("o/a")
        rig.tool.fetches[1].say("fetching", done=10 * MB, total=5_143 * MB)
        wanted = fetching(rig).all[0].wanted
        assert (wanted.done, wanted.total) == (167 * MB, 5_300 * MB)
        fetching(rig).pause("o/a")
        rig.settle()
    with opened(qtbot, tmp_path, time.monotonic) as rig:
        fetching(rig).resume("o/a")
        rig.tool.fetches[0].say("fetching", done=5_143 * MB, total=5_143 * MB)
        assert fetch_row(fetching(rig).all[0]).share == 1.0
        rig.tool.fetches[0].say("fetching", done=10 * MB, total=9_000 * MB)  # another commit
        wanted = fetching(rig).all[0].wanted
        assert (wanted.done, wanted.total) == (10 * MB, 9_000 * MB)


def test_what_was_begun_is_offered_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, tmp_path, time.monotonic) as first:
        begin(first, "o/a", "o/b", "o/c")
        fetching(first).pause("o/b")
        first.settle()
    assert first.tool.fetches[0].killed
    assert first.tool.left_alone == []
    with opened(qtbot, tmp_path, time.monotonic) as second:
        offer = second.program.window.fetch_offer
        assert stages(second) == {"o/a": "offered", "o/b": "paused", "o/c": "offered"}
        assert second.tool.fetches == []  # nothing is fetched unasked
        assert not offer.isHidden()
        assert "Model o/a, Model o/c" in offer.text.text()
        offer.load.click()
        assert offer.isHidden()
        assert stages(second) == {"o/a": "running", "o/b": "paused", "o/c": "queued"}
        second.settle()
    with opened(qtbot, tmp_path, time.monotonic) as third:
        third.program.window.fetch_offer.keep.click()
        assert set(stages(third).values()) == {"paused"}
        third.settle()
    with opened(qtbot, tmp_path, time.monotonic) as fourth:
        assert fourth.program.window.fetch_offer.isHidden()


def test_a_second_window_offers_nothing_that_the_first_fetches(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(qtbot, tmp_path, time.monotonic) as first:
        begin(first, "o/a")
        first.settle()
        with opened(qtbot, tmp_path, time.monotonic) as second:
            assert fetching(second).all == ()


def test_they_go_on_without_the_window_where_the_user_said_so(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, tmp_path, time.monotonic) as rig:
        begin(rig, "o/a", "o/b", "o/c")
        fetching(rig).pause("o/b")
        fetching(rig).let_go_on(goes_on=True)
        rig.settle()
    assert rig.tool.fetches[0].killed  # another process goes on where it was
    assert rig.tool.left_alone == ["o/a", "o/c"]
    with opened(qtbot, tmp_path, time.monotonic) as again:
        assert fetching(again).goes_on


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"a": 2}', b"\xff", b'[{"paused": true}]'])
def test_a_damaged_queue_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "downloads.json"
    path.write_bytes(content)
    queue = FetchQueueFile(path)
    assert queue.read() == ()
    queue.put(Wanted(repository="o/a"))
    assert queue.read() == (Wanted(repository="o/a"),)


RUNNING = Wanted(repository="o/a", title="A", done=2_300 * MB, total=5_300 * MB)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"phase": "listing"}, "Asking the Hub…"),
        ({"phase": "verifying", "done": 1, "total": 2}, "Checking what is here…"),
        ({"phase": "linking"}, "Finishing…"),
        ({"phase": "of a later release"}, "Asking the Hub…"),
        (
            {"phase": "fetching", "rate": 11_000_000},
            "2.3 GB of 5.3 GB · 11 MB/s · about 5 min left",
        ),
        (
            {"phase": "fetching", "rate": 64_000},
            "2.3 GB of 5.3 GB · 64 KB/s · about 13 h 1 min left",
        ),
        ({"phase": "fetching"}, "2.3 GB of 5.3 GB"),
        ({"phase": "fetching", "reason": "No bytes come."}, "2.3 GB of 5.3 GB · No bytes come"),
        (
            {"phase": "fetching", "reason": "The line is cut.", "waiting_s": 3.6},
            "2.3 GB of 5.3 GB · The line is cut, trying again in 4 s",
        ),
    ],
)
def test_a_running_download_in_words(status: dict[str, object], words: str) -> None:
    sizes = {"done": RUNNING.done, "total": RUNNING.total}
    row = fetch_row(
        Fetch(wanted=RUNNING, stage="running", status=FetchStatus(**(sizes | status)))  # type: ignore[arg-type]
    )
    assert row.words == words


def test_a_paused_and_a_failed_one_say_where_they_are() -> None:
    paused = fetch_row(Fetch(wanted=RUNNING, stage="paused"))
    assert (paused.words, paused.share) == ("Paused at 2.3 GB of 5.3 GB", 2300 / 5300)
    begun = fetch_row(Fetch(wanted=Wanted(repository="o/a"), stage="paused"))
    assert (begun.title, begun.words, begun.share) == ("o/a", "Paused", None)
    status = FetchStatus(phase="failed", message="No room.", remedy="Make some.")
    failed = fetch_row(Fetch(wanted=RUNNING, stage="failed", status=status))
    assert failed.words == "No room. Make some."
