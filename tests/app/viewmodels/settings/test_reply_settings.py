"""Presets to choose from, and advice on unusual settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.domain.settings import MtpChoice, ReplySettings, Settings
from app.services.data_folder import DataFolder, SettingsFile, SettingsStore
from app.services.store_thread import StoreThread
from app.viewmodels.settings.reply_settings import RULES, PresetsViewModel, advice
from mtp_mlx.api import Sampling
from tests.app.helpers import PAIR

MINE = ReplySettings(sampling=Sampling(temperature=0.3))


@pytest.fixture
def presets(store: StoreThread[DataFolder]) -> PresetsViewModel:
    return PresetsViewModel(SettingsStore(store, Settings()))


def test_saved_presets_outlive_the_program(
    presets: PresetsViewModel, store: StoreThread[DataFolder], tmp_path: Path
) -> None:
    assert presets.save("Mine", MINE) == ""
    assert presets.rename("Mine", "Calm") == ""
    assert store.wait()
    kept = SettingsFile(tmp_path / "data" / "settings.json").read().value
    again = PresetsViewModel(SettingsStore(store, kept))
    assert [preset.name for preset in again.all] == ["Gemma's own", "Greedy", "Creative", "Calm"]
    assert again.own[0].settings == MINE
    assert again.delete("Calm") == ""
    assert again.own == ()


def test_which_one_is_chosen(presets: PresetsViewModel) -> None:
    presets.save("Mine", MINE)
    turned = ReplySettings(sampling=Sampling(temperature=0.3), mtp=MtpChoice(on=False))
    for settings in (MINE, turned):
        chosen = presets.chosen(settings)
        assert chosen is not None
        assert chosen.name == "Mine"
    assert presets.chosen(ReplySettings(seed=3)) is None


def test_what_goes_wrong_is_said_and_changes_nothing(presets: PresetsViewModel) -> None:
    assert "needs a name" in presets.save(" ", MINE)
    presets.save("Mine", MINE)
    presets.save("Other", MINE)
    assert "already" in presets.rename("Mine", "Other")
    assert [preset.name for preset in presets.own] == ["Mine", "Other"]


def test_each_change_is_told(qtbot: QtBot, presets: PresetsViewModel) -> None:
    with qtbot.waitSignal(presets.changed):
        presets.save("Mine", MINE)
    with qtbot.waitSignal(presets.changed):
        presets.delete("Mine")


HELD = 32_768


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ReplySettings(sampling=Sampling(temperature=1.8)), "At temperature 1.8"),
        (ReplySettings(sampling=Sampling(), seed=3), "the seed changes nothing"),
        (ReplySettings(sampling=Sampling(temperature=1, top_k=1)), "Only the likeliest"),
        (ReplySettings(sampling=Sampling(temperature=1, top_p=0)), "Only the likeliest"),
        (ReplySettings(max_tokens=40_000), "holds 32\u2009768 tokens"),
        (ReplySettings(max_tokens=3), "mid-sentence"),
    ],
)
def test_unusual_settings_are_spoken_of(settings: ReplySettings, words: str) -> None:
    (sentence,) = advice(settings, PAIR.recommended, HELD)
    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "settings",
    [ReplySettings(), ReplySettings(sampling=Sampling()), ReplySettings(seed=3, max_tokens=HELD)],
)
def test_usual_ones_are_not(settings: ReplySettings) -> None:
    assert advice(settings, PAIR.recommended, HELD) == ()


def test_an_unknown_context_is_no_limit() -> None:
    assert advice(ReplySettings(max_tokens=10**6), PAIR.recommended, None) == ()


def test_only_the_coupled_rule_promises_the_same_text() -> None:
    promises = {rule: "the same with MTP and without" in RULES[rule][1] for rule in RULES}
    assert promises == {"coupled": True, "block": False, "token": False}
