"""Reply settings: the presets to choose from, and advice on unusual values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
