"""What the window is told of models: sums, and which of them can be loaded."""

from __future__ import annotations

import pytest

from app.domain.models import Inventory, LocalModel, Need, Place, Trial, TrialSpeed, TrialStatus


def test_the_need_is_the_sum_of_its_parts() -> None:
    assert Need(target=1, drafter=20, kv=300, scores=4000, margin=50_000).total == 54_321


@pytest.mark.parametrize(
    ("state", "usable"),
    [("usable", True), ("incomplete", False), ("damaged", False), ("unsupported", False)],
)
def test_only_a_usable_model_can_be_loaded(state: str, *, usable: bool) -> None:
    assert LocalModel(name="m", path="/m", state=state).is_usable == usable


def test_an_inventory_lists_the_models_of_all_places() -> None:
    one, two = (LocalModel(name=name, path=f"/{name}") for name in "ab")
    places = (
        Place(owner="user", title="A", path="/a", models=(one,)),
        Place(owner="user", title="B", path="/b", models=(two,)),
    )
    assert Inventory(places=places).models == (one, two)


def test_a_trial_tells_the_speed_of_each_mode_it_measured() -> None:
    told = TrialStatus(phase="done", summary=(TrialSpeed(mode="auto", decode_tps=12.0),))
    assert told.tps("auto") == 12.0
    assert told.tps("off") is None


def test_a_trial_is_kept_by_its_pair_and_precision() -> None:
    assert Trial(pair="E4B", bits=8, plain_tps=9.0, drafts_tps=12.0).key == ("E4B", 8)
