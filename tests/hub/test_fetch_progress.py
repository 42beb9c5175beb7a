"""How far a fetch is: its steps, its rate, and both in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mtp_mlx.hub.progress import RATE_WINDOW_S, Meter, Progress, Status, line
from tests.hub.fake_hub import (
    FakeHub,
)
from tests.hub.fetches import (
    READ,
    SHARDS,
    fetched,
    put_part,
    right,
    statuses,
)


def test_the_steps_of_a_fetch(hub: FakeHub, cache: Path) -> None:
    put_part(hub, cache, SHARDS[1], hub.files[SHARDS[1]][:100])
    progress = Progress()
    fetched(progress=progress)
    told = statuses(progress)
    total = sum(len(data) for data in right(hub).values())
    texts = sorted(READ - set(SHARDS))
    assert [(status.phase, status.file) for status in told] == [
        ("listing", None),
        *(("fetching", name) for name in texts),
        ("fetching", SHARDS[0]),
        ("verifying", SHARDS[0]),
        ("verifying", SHARDS[1]),
        ("fetching", SHARDS[1]),
        ("verifying", SHARDS[1]),
        ("linking", None),
    ]
    counted = [status for status in told if status.phase == "fetching"]
    assert counted[0].done == 100
    assert {status.total for status in counted} == {total}
    assert counted == sorted(counted, key=lambda status: status.done)
    assert (progress.now().done, progress.now().total) == (total, total)
    assert (told[-4].done, told[-4].total) == (0, 100)
    assert (told[-2].done, told[-2].total) == (len(hub.files[SHARDS[1]]),) * 2
    assert all(line(status) for status in told)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(), "Asking the Hub for a/b"),
        (
            Status(phase="fetching", done=1_234_567_890, total=11 * 10**9, rate=64_000),
            "Fetching a/b: 1.235 of 11.0 GB, 64 KB/s, 42 h left",
        ),
        (
            Status(phase="fetching", done=5 * 10**8, total=7 * 10**8, rate=12_340_000),
            "Fetching a/b: 500.0 of 700.0 MB, 12.3 MB/s, 16 s left",
        ),
        (
            Status(phase="fetching", total=10**10, rate=10**7),
            "Fetching a/b: 0.000 of 10.0 GB, 10.0 MB/s, 17 min left",
        ),
        (
            Status(phase="fetching", total=10**10, rate=9, reason="it was cut", waiting_s=8.2),
            "Fetching a/b: 0.000 of 10.0 GB (it was cut, trying again in 8 s)",
        ),
        (Status(phase="verifying", file="x", done=1, total=3), "Checking x: 33 %"),
        (Status(phase="linking"), "Finishing a/b"),
    ],
)
def test_a_status_in_words(status: Status, words: str) -> None:
    assert line(replace(status, repository="a/b")) == words


def test_a_rate_is_that_of_the_last_seconds() -> None:
    meter = Meter(0.0)
    assert meter.rate(0.0) == 0
    meter.add(100, 0.5)
    assert meter.rate(1.0) == 100
    meter.add(900, 2.0)
    assert meter.rate(2.0) == 500
    assert meter.rate(0.5 + RATE_WINDOW_S + 0.1) == 900 / RATE_WINDOW_S
    assert meter.rate(2.0 + RATE_WINDOW_S + 0.1) == 0
