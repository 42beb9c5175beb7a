"""What a list tells of a report, without its runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mtp_mlx.errors import DamagedReport, NewerReport
from mtp_mlx.report.derived import headline
from mtp_mlx.report.saving import decode, encode, outline
from tests.report.samples import OLD, REPORT


def test_it_says_what_the_report_says() -> None:
    known = outline(encode(REPORT))
    assert (known.title, known.created, known.pair) == (REPORT.title, REPORT.created, REPORT.pair)
    assert known.settings == REPORT.settings
    assert headline(known) == headline(REPORT) is not None


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.name)
def test_old_reports_have_one(path: Path) -> None:
    data = path.read_bytes()
    assert outline(data).title == decode(data).title


def test_its_runs_are_not_read() -> None:
    spoiled = json.loads(encode(REPORT)) | {"runs": ["no run"]}
    assert outline(json.dumps(spoiled).encode()).title == REPORT.title


def test_what_cannot_be_read_says_so() -> None:
    with pytest.raises(DamagedReport, match=r"^r\.json is no report"):
        outline(b"{", "r.json")
    with pytest.raises(NewerReport):
        outline(b'{"version": 2}')
