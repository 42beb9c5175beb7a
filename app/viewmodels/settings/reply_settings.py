"""Reply settings: the presets to choose from, and advice on unusual values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain import presets
from app.domain.presets import BUILT_IN, PresetError
from app.domain.settings import Preset, ReplySettings
from app.services.data_folder import SettingsStore
from app.viewmodels.common import format as fmt
from mtp_mlx.api import Sampling, Verify


class PresetsViewModel(QObject):
    """The built-in presets and the user's own. Methods return what went wrong, or "".

    A change counts at once; the store thread writes it.
    """

    changed = Signal()

    def __init__(self, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store

    @property
    def own(self) -> tuple[Preset, ...]:
        return self._store.current.presets

    @property
    def all(self) -> tuple[Preset, ...]:
        return (*BUILT_IN, *self.own)

    def chosen(self, settings: ReplySettings) -> Preset | None:
        """Return the preset that has these settings, or None."""
        matching = (preset for preset in self.all if presets.matches(preset, settings))
        return next(matching, None)

    def save(self, name: str, settings: ReplySettings) -> str:
        return self._change(lambda own: presets.saved(own, name, settings))

    def rename(self, old: str, new: str) -> str:
        return self._change(lambda own: presets.renamed(own, old, new))

    def delete(self, name: str) -> str:
        return self._change(lambda own: presets.without(own, name))

    def _change(self, change: Callable[[Sequence[Preset]], tuple[Preset, ...]]) -> str:
        try:
            now = change(self.own)
            self._store.update(msgspec.structs.replace(self._store.current, presets=now))
        except PresetError as error:
            return str(error)
        finally:
            self.changed.emit()
        return ""


_SHOWN = 2  # differences that have their place beside the message


def differences(settings: ReplySettings, own: Sampling) -> tuple[str, ...]:
    """Return what differs from the model's `own` sampling and the program's defaults, in words."""
    usual = ReplySettings()
    found = [strings.DIFFERS_SYSTEM] if settings.system.strip() else []
    found += _sampling_differences(settings.sampling or own, own)
    if settings.seed is not None:
        found.append(strings.DIFFERS_SEED.format(value=settings.seed))
    if settings.max_tokens != usual.max_tokens:
        found.append(strings.DIFFERS_LENGTH.format(value=fmt.count(settings.max_tokens)))
    if settings.thinking:
        found.append(strings.DIFFERS_THINKING)
    if settings.verify != usual.verify:
        found.append(strings.DIFFERS_RULE.format(rule=RULES[settings.verify][0].lower()))
    return tuple(found)


def short(words: Sequence[str]) -> str:
    """Return the first of the differences, and how many more there are."""
    shown = strings.SEPARATOR.join(words[:_SHOWN])
    more = len(words) - _SHOWN
    return shown if more <= 0 else strings.DIFFERS_MORE.format(shown=shown, count=more)


def _sampling_differences(sampling: Sampling, own: Sampling) -> list[str]:
    named = (
        (strings.DIFFERS_TEMPERATURE, sampling.temperature, own.temperature),
        (strings.DIFFERS_TOP_K, sampling.top_k, own.top_k),
        (strings.DIFFERS_TOP_P, sampling.top_p, own.top_p),
        (strings.DIFFERS_MIN_P, sampling.min_p, own.min_p),
    )
    found = [text.format(value=f"{value:g}") for text, value, usual in named if value != usual]
    rest = replace(
        own,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
    )
    return found if rest == sampling else [*found, strings.DIFFERS_PENALTIES]


HOT = 1.5  # a temperature above this one gets advice
SHORT = 16  # so does a limit of fewer tokens

RULES: dict[Verify, tuple[str, str]] = {
    "coupled": (strings.RULE_COUPLED, strings.RULE_COUPLED_MEANS),
    "block": (strings.RULE_BLOCK, strings.RULE_BLOCK_MEANS),
    "token": (strings.RULE_EACH, strings.RULE_EACH_MEANS),
}
"""Name and meaning of each verify rule."""


def advice(settings: ReplySettings, recommended: Sampling, context: int | None) -> tuple[str, ...]:
    """Return a sentence for each unusual value.

    `context` is the model's context length in tokens; None while no model is loaded.
    """
    sampling = settings.sampling or recommended
    sentences: list[str] = []
    if sampling.temperature > HOT:
        sentences.append(strings.ADVICE_HOT.format(temperature=f"{sampling.temperature:g}"))
    if sampling.is_greedy and settings.seed is not None:
        sentences.append(strings.ADVICE_GREEDY_SEED)
    if not sampling.is_greedy and (sampling.top_k == 1 or sampling.top_p == 0):
        sentences.append(strings.ADVICE_ONE_CHOICE)
    if context is not None and settings.max_tokens > context:
        sentences.append(strings.ADVICE_CONTEXT.format(length=fmt.count(context)))
    if settings.max_tokens < SHORT:
        sentences.append(strings.ADVICE_SHORT)
    return tuple(sentences)
