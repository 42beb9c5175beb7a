"""Choosing, saving and naming presets, at the head of the reply settings."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.domain import presets as domain
from app.domain.settings import Preset, ReplySettings
from app.viewmodels.settings.reply_settings import PresetsViewModel
from app.views.chat.message_text import ENTER
from app.views.common import fonts
from app.views.common.controls import Menu, push_button


class _Name(QLineEdit):
    """A field that keeps Enter to itself: the dialog's default button would take it too."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        super().keyPressEvent(event)
        if event.key() in ENTER:
            event.accept()


class PresetBar(QWidget):
    """Shows the preset that has the dialog's settings, and saves, renames and deletes presets."""

    applied = Signal(object)  # ReplySettings

    def __init__(
        self,
        presets: PresetsViewModel,
        settings: Callable[[], ReplySettings],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._presets = presets
        self._settings = settings
        self._renamed = ""  # the preset being renamed; "" while a new one is saved
        title = QLabel(strings.PRESET)
        title.setFont(fonts.strong())
        self.button = QToolButton()
        self.button.setToolTip(strings.PRESET_HELP)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = Menu(parent=self.button)
        self.menu.aboutToShow.connect(self.fill)
        self.button.setMenu(self.menu)
        self.name = _Name()
        self.name.setPlaceholderText(strings.PRESET_NAME)
        self.name.setAccessibleName(strings.PRESET_NAME)
        self.name.setMaxLength(2 * domain.LONGEST_NAME)
        self.with_system = QCheckBox(strings.PRESET_WITH_SYSTEM)
        self.save = push_button(strings.SAVE, "outline")
        self.cancel = push_button(strings.CANCEL, "outline")
        self.trouble = QLabel()
        self.trouble.setProperty("tone", "warning")
        self.trouble.setWordWrap(True)
        self.naming = QWidget()
        self._lay_out(title)
        self.save.clicked.connect(self._finish)
        self.name.returnPressed.connect(self._finish)
        self.cancel.clicked.connect(self._close_naming)
        presets.changed.connect(self.refresh)
        self._close_naming()
        self.trouble.hide()

    def refresh(self) -> None:
        """Show the preset of changed settings, or changed presets."""
        chosen = self._presets.chosen(self._settings())
        name = strings.PRESET_NONE if chosen is None else chosen.name
        self.button.setText(f"{name} ▾")
        self.button.setAccessibleName(f"{strings.PRESET}: {name}")

    def fill(self) -> None:
        self.menu.clear()
        settings = self._settings()
        chosen = self._presets.chosen(settings)
        for preset in self._presets.all:
            if self._presets.own[:1] == (preset,):
                self.menu.addSeparator()
            entry = self.menu.addAction(_entry(preset))
            entry.setCheckable(True)
            entry.setChecked(preset == chosen)
            entry.triggered.connect(lambda _checked=False, preset=preset: self._apply(preset))
        self.menu.addSeparator()
        save = self.menu.addAction(strings.PRESET_SAVE)
        save.triggered.connect(lambda _checked=False: self._open_naming())
        if chosen in self._presets.own and chosen is not None:
            name = chosen.name
            rename = self.menu.addAction(strings.PRESET_RENAME.format(name=name))
            rename.triggered.connect(lambda _checked=False: self._open_naming(name))
            delete = self.menu.addAction(strings.PRESET_DELETE.format(name=name))
            delete.triggered.connect(lambda _checked=False: self._say(self._presets.delete(name)))

    def _apply(self, preset: Preset) -> None:
        self.applied.emit(domain.applied(preset, self._settings()))

    def _open_naming(self, renamed: str = "") -> None:
        self._renamed = renamed
        self.save.setText(strings.RENAME if renamed else strings.SAVE)
        self.name.setText(renamed)
        has_system = bool(self._settings().system.strip()) and not renamed
        self.with_system.setVisible(has_system)
        self.with_system.setChecked(has_system)
        self.naming.show()
        self.name.setFocus()
        self.name.selectAll()

    def _close_naming(self) -> None:
        self.naming.hide()
        self.with_system.hide()
        self._say("")

    def _finish(self) -> None:
        name = self.name.text()
        if self._renamed:
            trouble = self._presets.rename(self._renamed, name)
        else:
            trouble = self._presets.save(name, self._to_save())
        if not trouble:
            self._close_naming()
        self._say(trouble)

    def _to_save(self) -> ReplySettings:
        """Return the settings, with the system prompt only where it is wanted."""
        settings = self._settings()
        if self.with_system.isChecked():
            return settings
        return msgspec.structs.replace(settings, system="")

    def _say(self, trouble: str) -> None:
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))

    def _lay_out(self, title: QLabel) -> None:
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.button)
        naming = QHBoxLayout(self.naming)
        naming.setContentsMargins(0, 0, 0, 0)
        naming.addWidget(self.name, 1)
        for button in (self.cancel, self.save):
            button.setAutoDefault(False)  # Enter belongs to the field
            naming.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.naming, self.trouble):
            column.addWidget(part)
        column.insertLayout(0, head)
        column.insertWidget(2, self.with_system)


def _entry(preset: Preset) -> str:
    """Return the preset's name for a menu; one with a system prompt replaces the chat's own."""
    name = preset.name.replace("&", "&&")
    return strings.PRESET_AND_SYSTEM.format(name=name) if preset.settings.system else name
