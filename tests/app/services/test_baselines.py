from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.baseline import Baseline
from app.services.baselines import BaselineStore

ONE = Baseline(tokens=100, seconds=5, day="2026-11-24")


def test_what_was_measured_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "data" / "plain speed.json"
    BaselineStore(path).put("pair", ONE)
    assert BaselineStore(path).get("pair") == ONE
    assert BaselineStore(path).get("another") is None


@pytest.mark.parametrize(
    "content", ["", "{", '{"pair": 3}', '{"pair": {"tokens": 1, "seconds": 0, "day": "x"}}']
)
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "plain speed.json"
    path.write_text(content)
    assert BaselineStore(path).get("pair") is None


def test_a_disk_that_refuses_costs_nothing_now(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = BaselineStore(tmp_path / "file" / "plain speed.json")
    with pytest.raises(OSError, match="file"):
        store.put("pair", ONE)
    assert store.get("pair") == ONE
