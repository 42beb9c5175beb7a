"""A target whose own drafter is out of reach still loads; one that was asked for must be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx import wire
from mtp_mlx.errors import LoadError, ModelNotFound
from mtp_mlx.loading import load_pair
from tests.support.checkpoints import write_pair
from tests.support.shapes import E4B


def out_of_reach(*_: object) -> Path:
    raise LoadError("Its drafter could not be fetched.", "Check the network.")


def test_no_drafter_in_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = write_pair(tmp_path, E4B)
    monkeypatch.setattr("mtp_mlx.loading.pair.resolve_drafter", out_of_reach)
    pair = load_pair(wire.Load(target=str(folders.target)))
    assert pair.drafter is None
    assert pair.info.no_drafter_reason == "Its drafter could not be fetched."


def test_no_drafter_known_or_wanted(tmp_path: Path) -> None:
    target = str(write_pair(tmp_path, E4B).target)
    unknown = load_pair(wire.Load(target=target)).info
    unwanted = load_pair(wire.Load(target=target, use_drafter=False)).info
    assert unknown.no_drafter_reason == "no drafter is known for this target"
    assert unwanted.no_drafter_reason == "switched off"


def test_a_drafter_asked_for_must_be_there(tmp_path: Path) -> None:
    target = str(write_pair(tmp_path, E4B).target)
    with pytest.raises(ModelNotFound):
        load_pair(wire.Load(target=target, drafter=str(tmp_path / "nowhere")))
