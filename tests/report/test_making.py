"""What makers share: no path leaves this machine in a name."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from mtp_mlx.report import making
from mtp_mlx.report.saving import decode
from tests.cli.scripted import PAIR
from tests.report.samples import OLD


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("google/gemma-4-E2B-it", "google/gemma-4-E2B-it"),
        ("built-in", "built-in"),
        ("/Users/ada/models/mine", "mine"),
        ("~/mine", "mine"),
        ("./mine", "mine"),
        ("ada/models/mine", "mine"),
        ("C:\\mine", "mine"),
        ("C:\\Users\\ada\\mine", "mine"),
        ("/", "a folder"),
    ],
)
def test_a_folder_is_named_by_its_last_part(name: str, told: str) -> None:
    made = making.pair(replace(PAIR, target=name, drafter=name))
    assert (made.target, made.drafter) == (told, told)
    assert making.pair_names(replace(PAIR, target=name)) == f"{told} + scripted drafter"


def test_without_a_drafter_it_has_no_size() -> None:
    made = making.pair(replace(PAIR, drafter=None))
    assert (made.drafter, made.drafter_bytes) == (None, None)


def test_the_environment_is_what_is_known() -> None:
    known = {"device": "M4", "memory_bytes": 7, "unheard_of": 1}
    told = msgspec.to_builtins(making.environment(known))
    assert {name: value for name, value in told.items() if value is not None} == {
        "device": "M4",
        "memory_bytes": 7,
    }


def test_the_time_is_in_utc_to_the_second() -> None:
    report = msgspec.structs.replace(decode(OLD[0].read_bytes()), created=making.now())
    assert report.created is not None
    assert len(report.created) == len("2026-01-02T03:04:05Z")
    assert report.created.endswith("Z")
