"""`mtp-mlx calibrate`: what it prints of costs, which other tests measure."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mtp_mlx.calibration import Calibration
from mtp_mlx.cli.main import run
from tests.test_calibration import CALIBRATION

COSTS = """\
A plain step takes 10.00 ms after 256 tokens.

rows       ms  plain steps
   1    10.00         1.00
   2    11.00         1.10
   3    12.00         1.20
   4    13.00         1.30
   5    15.00         1.50
   6    17.00         1.70
   7    20.00         2.00
   8    23.00         2.30
   9    26.00         2.60
"""
DRAFTS = """
A drafter step takes 0.50 ms.

   K   pays above
   1         15 %
   2         24 %
   3         32 %
   4         42 %
   5         49 %
   6         57 %
   7         63 %
   8         68 %

Accepted of 100 drafts by position: 80.0 % last-seen, 70.0 % anchor.
"""
BARE = replace(CALIBRATION, costs=replace(CALIBRATION.costs, draft_ms=None), acceptance=())
STEPS = "Verifying 4 tokens costs 1.3 plain steps here"
END = "Auto starts from this.\n"
TOLD = {
    f"{COSTS}{DRAFTS}\n{STEPS}: MTP pays above 15 % acceptance. {END}": CALIBRATION,
    f"{COSTS}\n{STEPS}: there is no drafter to make use of it. {END}": BARE,
}


@pytest.fixture(params=TOLD.items(), ids=["with a drafter", "without"])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    words: str
    measured: Calibration
    words, measured = request.param
    monkeypatch.setattr("mtp_mlx.bench.calibrate.calibrate", lambda _: measured)
    return words


def test_it_prints_a_table_of_costs(told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calibrate"]) == 0
    shown = capsys.readouterr()
    assert shown.out == told
    assert shown.err == ""


def test_it_prints_one_object(told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calibrate", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    has_drafter = "drafter step" in told
    assert shown["costs"]["verify_ms"] == list(CALIBRATION.costs.verify_ms)
    assert shown["acceptance"] == ({"last-seen": 0.8, "anchor": 0.7} if has_drafter else {})
    assert list(shown["break_even"]) == ([str(k) for k in range(1, 9)] if has_drafter else [])
    assert shown["words"].capitalize() in told.replace("MTP", "mtp")
