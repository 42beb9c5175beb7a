"""Light and dark: tokens from one file each, a palette and a style sheet made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.domain.settings import ThemeChoice
from app.render.style import HtmlStyle
from app.views.chat.formulas import shipped_font
from app.views.common.stylesheet import stylesheet

_ROLES = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "surface_raised",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "surface",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "accent_text",
    QPalette.ColorRole.ToolTipBase: "surface_raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.PlaceholderText: "text_muted",
    QPalette.ColorRole.Highlight: "selection",
    QPalette.ColorRole.HighlightedText: "text",
    QPalette.ColorRole.Link: "link",
    QPalette.ColorRole.LinkVisited: "link",
    QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.Light: "surface_raised",
    QPalette.ColorRole.Midlight: "border",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Dark: "border",
    QPalette.ColorRole.Shadow: "border",
}
_FADED = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)


@dataclass(frozen=True, slots=True)
class Theme:
    name: str
    tokens: Mapping[str, str]

    def color(self, token: str) -> QColor:
        return QColor(self.tokens[token])

    def palette(self) -> QPalette:
        palette = QPalette()
        for role, token in _ROLES.items():
            palette.setColor(role, self.color(token))
        for role in _FADED:
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("text_muted"))
        return palette

    def html(self) -> HtmlStyle:
        return HtmlStyle.from_tokens(self.tokens, maths=shipped_font())


def load_theme(folder: Path, name: str) -> Theme:
    tokens = msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=dict[str, str])
    return Theme(name, tokens)


class ThemeController(QObject):
    """Follows the system's colour scheme unless one is forced."""

    changed = Signal(object)  # Theme

    def __init__(self, folder: Path, choice: ThemeChoice, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._themes = {name: load_theme(folder, name) for name in ("light", "dark")}
        self._choice = choice
        self.current = self._pick()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._refresh)

    @property
    def light(self) -> Theme:
        """For paper, whatever the screen shows."""
        return self._themes["light"]

    @property
    def choice(self) -> ThemeChoice:
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        self._choice = choice
        QGuiApplication.styleHints().setColorScheme(_SCHEMES[choice])  # native menus and dialogs
        self._refresh()

    def apply(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setPalette(self.current.palette())
            application.setStyleSheet(stylesheet(self.current.tokens))

    def _refresh(self) -> None:
        theme = self._pick()
        if theme != self.current:
            self.current = theme
            self.apply()
            self.changed.emit(theme)

    def _pick(self) -> Theme:
        if self._choice != "system":
            return self._themes[self._choice]
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._themes["dark" if dark else "light"]


_SCHEMES: dict[ThemeChoice, Qt.ColorScheme] = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
