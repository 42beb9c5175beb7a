from __future__ import annotations

import msgspec
import pytest

from app.domain.presets import (
    BUILT_IN,
    LONGEST_NAME,
    PresetError,
    applied,
    matches,
    merged,
    renamed,
    saved,
    without,
)
from app.domain.settings import MtpChoice, Preset, ReplySettings
from mtp_mlx.api import Sampling

MINE = ReplySettings(system="Be brief.", sampling=Sampling(temperature=0.3), verify="block")
OWN = saved((), "Mine", MINE)


def test_a_preset_leaves_the_switch_where_it_is() -> None:
    current = ReplySettings(system="Be kind.", mtp=MtpChoice(on=False, depth=4))
    now = applied(OWN[0], current)
    assert now == ReplySettings(
        system="Be brief.",
        sampling=Sampling(temperature=0.3),
        verify="block",
        mtp=MtpChoice(on=False, depth=4),
    )


def test_one_without_a_system_prompt_keeps_the_chats_own() -> None:
    current = ReplySettings(system="Be kind.", seed=4)
    greedy = BUILT_IN[1]
    assert applied(greedy, current) == ReplySettings(system="Be kind.", sampling=Sampling())
    assert not matches(greedy, current)
    assert matches(greedy, applied(greedy, current))


def test_the_built_in_ones_differ() -> None:
    assert len({preset.name for preset in BUILT_IN}) == len(BUILT_IN) >= 3
    assert BUILT_IN[0].settings == ReplySettings()
    assert all(preset.settings.system == "" for preset in BUILT_IN)


def test_saving_under_a_name_again_replaces_it() -> None:
    two = saved(OWN, " Second\none ", ReplySettings())
    assert [preset.name for preset in two] == ["Mine", "Second one"]
    again = saved(two, "Mine", ReplySettings(seed=1))
    assert again == (Preset(name="Mine", settings=ReplySettings(seed=1)), two[1])


def test_renaming_and_deleting() -> None:
    two = saved(OWN, "Other", ReplySettings())
    assert [preset.name for preset in renamed(two, "Mine", "New")] == ["New", "Other"]
    assert renamed(two, "Mine", "Mine") == two
    assert without(two, "Mine") == two[1:]
    with pytest.raises(PresetError, match="already"):
        renamed(two, "Mine", "Other")


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "Greedy"])
def test_names_that_cannot_be_used(name: str) -> None:
    with pytest.raises(PresetError) as error:
        saved((), name, MINE)
    assert str(error.value).endswith(".")


def test_what_two_windows_did_to_presets_is_merged_by_name() -> None:
    a, b, c, d = (Preset(name=name, settings=ReplySettings()) for name in "abcd")
    changed = msgspec.structs.replace(b, settings=ReplySettings(seed=1))
    assert merged((a, b, c), (a, b), (a, changed)) == (a, changed, c)  # c is of another window
    assert merged((a, b, c), (a, b), (b,)) == (b, c)
    assert merged((a, c), (a, b), (a, b, d)) == (a, c, d)  # b was deleted there
    assert merged((), (a, b), (a, changed)) == (changed,)
