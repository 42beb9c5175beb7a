"""Settings of one chat: presets, bounds, and what each verify rule means."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox
from pytestqt.qtbot import QtBot

from app.domain.settings import MtpChoice, ReplySettings
from app.viewmodels.settings.reply_settings import RULES
from app.views.settings.preset_bar import PresetBar
from app.views.settings.reply_settings import ReplySettingsDialog
from mtp_mlx.api import Sampling
from tests.app.conftest import Rig


@pytest.fixture
def dialog(ready: Rig) -> ReplySettingsDialog:
    ready.program.window.edit_settings()
    return ready.program.window.findChildren(ReplySettingsDialog)[0]


def choose(bar: PresetBar, text: str) -> None:
    bar.fill()
    next(entry for entry in bar.menu.actions() if entry.text() == text).trigger()


def entries(bar: PresetBar) -> list[str]:
    bar.fill()
    return [entry.text() for entry in bar.menu.actions() if not entry.isSeparator()]


def test_a_preset_is_saved_applied_renamed_and_deleted(
    qtbot: QtBot, ready: Rig, dialog: ReplySettingsDialog
) -> None:
    bar = dialog.presets
    assert bar.button.text() == "Gemma's own ▾"
    dialog.recommended.click()
    dialog.temperature.setValue(0.4)
    assert bar.button.text() == "Custom settings ▾"
    choose(bar, "Save these settings as…")
    QTest.keyClicks(bar.name, "Calm")
    QTest.keyClick(bar.name, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert bar.naming.isHidden()
    assert bar.button.text() == "Calm ▾"
    choose(bar, "Greedy")
    assert dialog.temperature.value() == 0
    choose(bar, "Calm")
    assert dialog.temperature.value() == 0.4
    choose(bar, "Rename “Calm”…")
    assert bar.name.text() == "Calm"
    bar.name.setText("Greedy")
    bar.save.click()
    assert "choose another name" in bar.trouble.text()
    assert not bar.trouble.isHidden()
    bar.name.setText("Cool")
    bar.save.click()
    assert bar.trouble.isHidden()
    assert bar.button.text() == "Cool ▾"
    assert ready.program.settings.current.presets[0].name == "Cool"
    choose(bar, "Delete “Cool”")
    assert entries(bar) == ["Gemma's own", "Greedy", "Creative", "Save these settings as…"]


def test_naming_can_be_left(dialog: ReplySettingsDialog) -> None:
    bar = dialog.presets
    choose(bar, "Save these settings as…")
    bar.save.click()
    assert "needs a name" in bar.trouble.text()
    bar.cancel.click()
    assert bar.naming.isHidden()
    assert bar.trouble.isHidden()


def test_presets_hold_only_once_done_is_pressed(ready: Rig, dialog: ReplySettingsDialog) -> None:
    chat = ready.program.models.chat
    choose(dialog.presets, "Greedy")
    assert chat.chat.settings.sampling is None
    dialog.accept()
    assert chat.chat.settings.sampling == Sampling()


def test_reset_goes_back_to_the_defaults_but_not_to_another_switch(
    ready: Rig, dialog: ReplySettingsDialog
) -> None:
    ready.program.models.mtp.choose(6)
    dialog.reject()
    chat = ready.program.models.chat
    changed = ReplySettings(
        system="Be brief.", seed=3, max_tokens=9, verify="token", mtp=MtpChoice(depth=6)
    )
    chat.set_settings(changed)
    ready.program.window.edit_settings()
    again = ready.program.window.findChildren(ReplySettingsDialog)[-1]
    assert again.settings() == changed
    again.reset.click()
    again.accept()
    assert chat.chat.settings == ReplySettings(mtp=MtpChoice(depth=6))


def test_each_rule_says_what_it_means(dialog: ReplySettingsDialog) -> None:
    for rule in RULES:
        dialog.verify.buttons[rule].click()
        assert dialog.meaning.text() == RULES[rule][1]
        assert dialog.settings().verify == rule
        assert RULES[rule][0] in dialog.verify.buttons[rule].accessibleName()


def test_absurd_values_cannot_be_typed_and_strange_ones_are_spoken_of(
    qtbot: QtBot, dialog: ReplySettingsDialog
) -> None:
    dialog.recommended.click()
    assert dialog.advice.text() == ""
    height = dialog.height()
    for box, typed, most in (
        (dialog.temperature, "99", 2.0),
        (dialog.top_p, "7", 1.0),
        (dialog.top_k, "99999", 1000),
        (dialog.max_tokens, "99999999", 131_072),
    ):
        box.selectAll()
        QTest.keyClicks(box, typed)
        assert box.value() <= most
        assert f"{most:,}".removesuffix(".0").replace(",", "\u2009") in box.toolTip()
    dialog.temperature.setValue(1.9)
    assert "1.9" in dialog.advice.text()
    assert dialog.height() == height  # it does not jump
    dialog.temperature.setValue(1.0)
    dialog.max_tokens.setValue(100_000)
    assert "32\u2009768" in dialog.advice.text()


def test_min_p_is_kept(ready: Rig, dialog: ReplySettingsDialog) -> None:
    dialog.recommended.click()
    dialog.min_p.setValue(0.05)
    dialog.accept()
    law = ready.program.models.chat.chat.settings.sampling
    assert law is not None
    assert law.min_p == 0.05


def test_it_fits_a_small_window_and_every_field_has_a_name(
    qtbot: QtBot, dialog: ReplySettingsDialog
) -> None:
    dialog.recommended.click()
    dialog.temperature.setValue(1.9)
    choose(dialog.presets, "Save these settings as…")
    assert dialog.sizeHint().height() <= 600
    for field in dialog.findChildren(QAbstractSpinBox):
        assert field.accessibleName()
    for button in dialog.findChildren(QAbstractButton):
        assert button.accessibleName() or button.text()


def test_a_preset_holds_the_system_prompt_where_it_is_wanted(
    ready: Rig, dialog: ReplySettingsDialog
) -> None:
    own = ready.program.models.presets
    dialog.system.setPlainText("Answer as a pirate.")
    for name, wanted in (("Pirate", True), ("Plain", False)):
        choose(dialog.presets, "Save these settings as…")
        assert dialog.presets.with_system.isVisible()
        dialog.presets.with_system.setChecked(wanted)
        dialog.presets.name.setText(name)
        dialog.presets.save.click()
    assert [preset.settings.system for preset in own.own] == ["Answer as a pirate.", ""]
    assert not dialog.presets.with_system.isVisible()
    dialog.system.setPlainText("Be brief.")
    choose(dialog.presets, "Plain")
    assert dialog.system.toPlainText() == "Be brief."
    choose(dialog.presets, "Pirate, with system prompt")
    assert dialog.system.toPlainText() == "Answer as a pirate."
