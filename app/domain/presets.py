"""Presets: settings under a name that can be applied to a chat. Pure.

A preset does not touch the MTP switch, which changes the speed and not the text.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app import strings
from app.domain.settings import Preset, ReplySettings
from mtp_mlx.api import Sampling

LONGEST_NAME = 40

BUILT_IN = (
    Preset(name=strings.PRESET_OWN, settings=ReplySettings()),
    Preset(name=strings.PRESET_GREEDY, settings=ReplySettings(sampling=Sampling())),
    Preset(
        name=strings.PRESET_CREATIVE,
        settings=ReplySettings(sampling=Sampling(temperature=1.3, min_p=0.05)),
    ),
)
"""These presets set the sampling and leave the chat's system prompt."""


class PresetError(Exception):
    """A preset's name cannot be used. The message is a sentence with the remedy."""


def applied(preset: Preset, current: ReplySettings) -> ReplySettings:
    """Return the settings of `preset` with the MTP choice of `current`.

    The system prompt is the preset's own, or else that of `current`.
    """
    return msgspec.structs.replace(
        preset.settings,
        system=preset.settings.system or current.system,
        mtp=current.mtp,
    )


def matches(preset: Preset, current: ReplySettings) -> bool:
    """Return whether applying `preset` would change nothing."""
    return applied(preset, current) == current


def saved(own: Sequence[Preset], name: str, settings: ReplySettings) -> tuple[Preset, ...]:
    """Return the presets with `settings` under `name`, replacing the preset of that name.

    Raises PresetError.
    """
    preset = Preset(name=_usable(name), settings=settings)
    if any(other.name == preset.name for other in own):
        return tuple(preset if other.name == preset.name else other for other in own)
    return (*own, preset)


def renamed(own: Sequence[Preset], old: str, new: str) -> tuple[Preset, ...]:
    """Return the presets with `old` under the name `new`. Raises PresetError."""
    name = _usable(new)
    if name != old and any(preset.name == name for preset in own):
        raise PresetError(strings.PRESET_NAME_TAKEN.format(name=name))
    return tuple(
        msgspec.structs.replace(preset, name=name) if preset.name == old else preset
        for preset in own
    )


def without(own: Sequence[Preset], name: str) -> tuple[Preset, ...]:
    return tuple(preset for preset in own if preset.name != name)


def merged(
    stored: Sequence[Preset], before: Sequence[Preset], after: Sequence[Preset]
) -> tuple[Preset, ...]:
    """Return the `stored` presets with what changed from `before` to `after`, name by name.

    What another window saved stays, and so do presets that could not be read at the start.
    """
    old, new = ({preset.name: preset for preset in own} for own in (before, after))
    changed = {name: preset for name, preset in new.items() if old.get(name) != preset}
    kept = [changed.pop(one.name, one) for one in stored if one.name in new or one.name not in old]
    return (*kept, *changed.values())


def _usable(name: str) -> str:
    """Return the name with single spaces. Raises PresetError where no preset may have it."""
    name = " ".join(name.split())
    if not name:
        raise PresetError(strings.PRESET_NAME_EMPTY)
    if len(name) > LONGEST_NAME:
        raise PresetError(strings.PRESET_NAME_LONG.format(most=LONGEST_NAME))
    if any(preset.name == name for preset in BUILT_IN):
        raise PresetError(strings.PRESET_NAME_BUILT_IN.format(name=name))
    return name
