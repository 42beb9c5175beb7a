"""A target whose own drafter is out of reach still loads; one that was asked for must be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx import api
from mtp_mlx.engine import Engine
from mtp_mlx.errors import LoadError, ModelNotFound, UsageError
from mtp_mlx.loading import load_pair
from mtp_mlx.loading.weights import pack_head
from tests.support.checkpoints import write_pair
from tests.support.pairs import both
from tests.support.replies import reply
from tests.support.shapes import SHORT_E4B


def out_of_reach(*_: object) -> Path:
    raise LoadError("Its drafter could not be fetched.", "Check the network.")


def test_no_drafter_in_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = write_pair(tmp_path, SHORT_E4B)
    monkeypatch.setattr("mtp_mlx.loading.pair.resolve_drafter", out_of_reach)
    pair = load_pair(api.Load(target=str(folders.target)))
    assert pair.drafter is None
    assert pair.info.no_drafter_reason == "Its drafter could not be fetched."


def test_no_drafter_known_or_wanted(tmp_path: Path) -> None:
    folders = write_pair(tmp_path, SHORT_E4B)
    target = str(folders.target)
    folders.drafter.rename(tmp_path / ".drafter")
    unknown = load_pair(api.Load(target=target)).info
    unwanted = load_pair(api.Load(target=target, use_drafter=False)).info
    assert unknown.no_drafter_reason == "no drafter is known for this target"
    assert unwanted.no_drafter_reason == "switched off"


def test_a_drafter_asked_for_must_be_there(tmp_path: Path) -> None:
    target = str(write_pair(tmp_path, SHORT_E4B).target)
    with pytest.raises(ModelNotFound):
        load_pair(api.Load(target=target, drafter=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantised_head_lowers_acceptance_at_most(bits: int) -> None:
    """The drafts may get worse, the text may not."""
    plain = reply(Engine(load_pair(api.Load(target=api.DEMO_PAIR))), "What is MTP?")
    pair = load_pair(api.Load(target=api.DEMO_PAIR, drafter_bits=bits))
    found = reply(Engine(pair), "What is MTP?", mtp=3)
    assert found.tokens == plain.tokens
    rate = found.finished.stats.acceptance_rate
    assert rate is not None
    assert rate > 0.6
    assert pair.info.drafter == f"built-in, {bits}-bit head"


def test_a_head_that_cannot_be_quantised_is_refused(tmp_path: Path) -> None:
    folders = write_pair(tmp_path, SHORT_E4B)
    narrow = api.Load(target=str(folders.target), drafter=str(folders.drafter), drafter_bits=4)
    with pytest.raises(UsageError, match="32 do not divide"):
        load_pair(narrow)
    with pytest.raises(UsageError, match="5 bits"):
        load_pair(api.Load(target=api.DEMO_PAIR, drafter_bits=5))
    pair = load_pair(api.Load(target=api.DEMO_PAIR, drafter_bits=4))
    with pytest.raises(UsageError, match="already"):
        pack_head(both(pair).drafter.network, 4)
