"""The presets one can choose from: those that ship with the program, then the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain import presets
from app.domain.presets import BUILT_IN, PresetError
from app.domain.settings import Preset, ReplySettings
from app.services.settings import SettingsStore


class PresetsViewModel(QObject):
    """Each change is in the settings file at once. Methods return what went wrong, or ""."""

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
        """The preset that these settings are, if they are one's."""
        found = (preset for preset in self.all if presets.matches(preset, settings))
        return next(found, None)

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
        except OSError as error:
            return strings.SETTINGS_NOT_SAVED.format(reason=error)
        finally:
            self.changed.emit()
        return ""
