from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.domain.settings import MtpChoice, ReplySettings
from app.services.settings import SettingsStore
from app.viewmodels.settings.presets import PresetsViewModel
from mtp_mlx.wire import Sampling

MINE = ReplySettings(sampling=Sampling(temperature=0.3))


@pytest.fixture
def presets(qtbot: QtBot, tmp_path: Path) -> PresetsViewModel:
    return PresetsViewModel(SettingsStore(tmp_path / "settings.json"))


def test_saved_presets_outlive_the_program(presets: PresetsViewModel, tmp_path: Path) -> None:
    assert presets.save("Mine", MINE) == ""
    assert presets.rename("Mine", "Calm") == ""
    again = PresetsViewModel(SettingsStore(tmp_path / "settings.json"))
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


def test_what_goes_wrong_is_said_and_changes_nothing(
    presets: PresetsViewModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "needs a name" in presets.save(" ", MINE)
    presets.save("Mine", MINE)
    presets.save("Other", MINE)
    assert "already" in presets.rename("Mine", "Other")

    def refuse(*_paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    assert "No space left" in presets.save("Third", MINE)


def test_each_change_is_told(qtbot: QtBot, presets: PresetsViewModel) -> None:
    with qtbot.waitSignal(presets.changed):
        presets.save("Mine", MINE)
    with qtbot.waitSignal(presets.changed):
        presets.delete("Mine")
