from __future__ import annotations

import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from app.domain.settings import ThemeChoice
from app.views.common.controls import ElidedLabel, plain_tip
from tests.app.conftest import Rig


@pytest.mark.parametrize(
    ("text", "tip"),
    [("Plain words", "Plain words"), ("<b>x</b> & y", "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>")],
)
def test_a_tooltip_shows_words_as_they_stand(text: str, tip: str) -> None:
    assert plain_tip(text) == tip


def test_what_is_cut_short_is_shown_in_full_as_it_stands(rig: Rig) -> None:
    label = ElidedLabel(parent=rig.program.window)
    label.set_text("In <b>bold</b>")
    assert label.toolTip() == "<p>In &lt;b&gt;bold&lt;/b&gt;</p>"


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_of_a_combo_box_has_round_corners(
    qtbot: QtBot, rig: Rig, theme: ThemeChoice
) -> None:
    rig.program.theme.choose(theme)
    box = QComboBox(rig.program.window)
    box.addItems(["Chat", "Code"])
    box.show()
    rig.program.window.activateWindow()
    box.setFocus()
    box.showPopup()
    popup = box.view().window()
    qtbot.waitUntil(popup.isVisible)
    picture = popup.grab().toImage()
    corners = [(x, y) for x in (0, picture.width() - 1) for y in (0, picture.height() - 1)]
    assert [picture.pixelColor(x, y).alpha() for x, y in corners] == [0] * 4
    assert picture.pixelColor(picture.width() // 2, 3).alpha() == 255
    box.hidePopup()
