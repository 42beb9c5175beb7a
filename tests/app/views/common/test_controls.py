from __future__ import annotations

import pytest

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
