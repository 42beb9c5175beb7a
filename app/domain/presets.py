"""Presets: settings under a name, to be laid over those of a chat. Pure.

How fast a chat is written is not a matter of style: a preset leaves the MTP switch where it is.
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
"""None of these has a system prompt: they are about sampling."""


class PresetError(Exception):
    """A name that cannot be used: one sentence, with what to do about it."""


def applied(preset: Preset, current: ReplySettings) -> ReplySettings:
    """A preset without a system prompt leaves the chat's own."""
    return msgspec.structs.replace(
        preset.settings,
        system=preset.settings.system or current.system,
        mtp=current.mtp,
    )


def matches(preset: Preset, current: ReplySettings) -> bool:
    return applied(preset, current) == current


def saved(own: Sequence[Preset], name: str, settings: ReplySettings) -> tuple[Preset, ...]:
    """With the settings under `name`, in place of what had it. Raises PresetError."""
    preset = Preset(name=_usable(name), settings=settings)
    if any(other.name == preset.name for other in own):
        return tuple(preset if other.name == preset.name else other for other in own)
    return (*own, preset)


def renamed(own: Sequence[Preset], old: str, new: str) -> tuple[Preset, ...]:
    """Raises PresetError."""
    name = _usable(new)
    if name != old and any(preset.name == name for preset in own):
        raise PresetError(strings.PRESET_NAME_TAKEN.format(name=name))
    return tuple(
        msgspec.structs.replace(preset, name=name) if preset.name == old else preset
        for preset in own
    )


def without(own: Sequence[Preset], name: str) -> tuple[Preset, ...]:
    return tuple(preset for preset in own if preset.name != name)


def _usable(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise PresetError(strings.PRESET_NAME_EMPTY)
    if len(name) > LONGEST_NAME:
        raise PresetError(strings.PRESET_NAME_LONG.format(most=LONGEST_NAME))
    if any(preset.name == name for preset in BUILT_IN):
        raise PresetError(strings.PRESET_NAME_BUILT_IN.format(name=name))
    return name
