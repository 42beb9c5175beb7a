from __future__ import annotations

import msgspec
import pytest

from app.render.maths.font import CONSTANTS, Level, Setting, math_font
from tests.app.render.maths.support import DISPLAY, FONT, TEXT

SCRIPT, SMALLEST = Setting(FONT, Level.SCRIPT), Setting(FONT, Level.SCRIPT_SCRIPT)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"constants": {}}'])
def test_data_that_is_no_font_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        math_font(data)


def test_the_font_has_every_constant() -> None:
    assert set(CONSTANTS) <= FONT.constants.keys()


@pytest.mark.parametrize(
    ("setting", "script", "half"),
    [
        (DISPLAY, Level.SCRIPT, Level.TEXT),
        (TEXT, Level.SCRIPT, Level.SCRIPT),
        (SCRIPT, Level.SCRIPT_SCRIPT, Level.SCRIPT_SCRIPT),
        (SMALLEST, Level.SCRIPT_SCRIPT, Level.SCRIPT_SCRIPT),
    ],
)
def test_styles_of_scripts_and_fractions(setting: Setting, script: Level, half: Level) -> None:
    """The table of the TeXbook, page 141; a prime there is `cramped` here."""
    assert setting.above() == Setting(FONT, script)
    assert setting.below() == Setting(FONT, script, cramped=True)
    assert setting.top() == Setting(FONT, half)
    assert setting.bottom() == Setting(FONT, half, cramped=True)
    assert setting.under_bar() == Setting(FONT, setting.level, cramped=True)


def test_what_is_cramped_stays_cramped_above() -> None:
    cramped = TEXT.under_bar()
    assert cramped.above().cramped
    assert cramped.top().cramped


def test_a_size_is_a_style() -> None:
    assert TEXT.sized("display") == DISPLAY
    assert DISPLAY.sized("script") == SCRIPT
    assert DISPLAY.sized(None) == DISPLAY


def test_lengths_shrink_with_the_style() -> None:
    assert [setting.scale for setting in (DISPLAY, TEXT, SCRIPT, SMALLEST)] == [1, 1, 0.7, 0.55]
    assert DISPLAY.axis == FONT.constants["AxisHeight"] / 1000
    assert SCRIPT.axis == pytest.approx(0.7 * DISPLAY.axis)
    assert SCRIPT.rule == pytest.approx(0.7 * FONT.constants["FractionRuleThickness"] / 1000)
