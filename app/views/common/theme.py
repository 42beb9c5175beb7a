"""Light and dark, each also in strong contrast: tokens, and a palette and style sheet of them.

The style sheet sets no fonts: see `fonts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.domain.settings import ThemeChoice
from app.render.style import HtmlStyle
from app.views.chat.formulas import shipped_font
from mtp_mlx.paths import resources

_SHEET = Template("""
QWidget#page { background: $window; }
QScrollArea#transcriptArea { border: none; }

QWidget#toolbar { background: $window; border-bottom: 1px solid $border; }
QLabel[tone="muted"] { color: $text_muted; }
QLabel[tone="error"] { color: $error; }
QLabel[tone="warning"] { color: $warning; }

QFrame#userBubble { background: $user_bubble; border: none; border-radius: 16px; }
QFrame#codeBlock { background: $code_bg; border: 1px solid $border; border-radius: 12px; }
QFrame#thought { background: transparent; border: none; border-left: 2px solid $border; }
QTextBrowser { background: transparent; border: none; selection-background-color: $selection;
  selection-color: $text; }

QWidget#sidebar { background: $surface_raised; }
QListView#chatList { background: transparent; border: none; outline: none; }
QListView#chatList QLineEdit { padding: 3px 8px; }
QLineEdit#search { padding: 5px 4px; }
QSplitter::handle { background: $border; }
QFrame#rule { background: $border; border: none; }
QFrame#toast { background: $surface_raised; border: 1px solid $border; border-radius: 14px; }
QPushButton[shape="row"] { text-align: left; padding: 7px 10px; }
QPushButton[shape="row"]:checked { background: $pressed; }
QTreeView#reportList { background: $surface; color: $text; border: 1px solid $border;
  border-radius: 14px; padding: 6px; outline: none; }
QTreeView#reportList::item { padding: 5px 6px; border: none; }
QTreeView#reportList::item:hover { background: $hover; }
QTreeView#reportList::item:selected { background: $selection; color: $text; }
QTreeView#reportList QHeaderView, QTreeView#reportList QHeaderView::section {
  background: $surface; color: $text_muted; border: none; padding: 4px 6px; }
QPushButton[shape="link"] { color: $accent; padding: 4px 8px; }
QFrame#modelRow QPushButton[shape="link"] { padding: 2px 0; }
QPushButton[shape="disclosure"] { text-align: left; padding: 4px 4px; color: $text_muted; }

QFrame#composer { background: $surface; border: 1px solid $border; border-radius: 18px; }
QFrame#composer[focused="true"] { border: 1px solid $calm; }

QFrame#chip { background: $surface_raised; border: 1px solid $border; border-radius: 10px; }
QFrame#segments { background: $surface_raised; border: 1px solid $border; border-radius: 10px; }
QFrame#segments QToolButton:checked { background: $accent_soft; border-color: $accent; }
QFrame#segments QToolButton:focus { border-color: $accent; }

QFrame#overlay { background: $overlay_bg; border: 1px solid $border; border-radius: 16px; }
QFrame#overlay:focus { border-color: $accent; }
QFrame#modelList { background: $surface; border: 1px solid $border; border-radius: 14px; }
QFrame#modelRow { background: transparent; border: none; border-top: 1px solid $border; }
QFrame#modelRow[first="true"] { border-top: none; }
QFrame#banner { background: $surface_raised; border: 1px solid $warning; border-radius: 12px; }
QFrame#banner[tone="quiet"] { border-color: $border; }
QFrame#lane { background: $surface; border: 1px solid $border; border-radius: 14px; }
QPlainTextEdit#laneText { background: transparent; border: none; padding: 0; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 14px; margin: -5px 0;
  border-radius: 7px; }

QToolButton, QPushButton { color: $text; background: transparent; border: 1px solid transparent;
  border-radius: 8px; padding: 4px 8px; }
QToolButton:hover, QPushButton:hover { background: $hover; }
QToolButton:pressed, QPushButton:pressed { background: $pressed; }
QToolButton:focus, QPushButton:focus { border-color: $accent; }
QToolButton:disabled, QPushButton:disabled { color: $text_muted; }
QToolButton::menu-indicator { image: none; width: 0; }
QToolButton[compact="true"] { padding: 4px; }
QToolButton[shape="chip"] { border: 1px solid $border; border-radius: 8px; padding: 4px 11px; }
QToolButton[shape="chip"]:checked { background: $accent_soft; border-color: $accent; }
QToolButton[shape="chip"]:focus { border: 2px solid $accent; padding: 3px 10px; }
QToolButton#latest { background: $surface; border: 1px solid $border; border-radius: 17px;
  padding: 0; }
QToolButton#latest:hover { background: $surface_raised; }
QToolButton#latest:focus { border: 2px solid $accent; }
QPushButton[shape="outline"] { border: 1px solid $border; padding: 6px 14px; border-radius: 10px; }
QPushButton[shape="outline"]:focus { border-color: $accent; }
QPushButton[shape="filled"] { background: $accent; color: $accent_text; padding: 6px 16px;
  border-radius: 10px; }
QPushButton[shape="filled"]:hover, QPushButton[shape="filled"]:focus { border-color: $text; }
QPushButton[shape="filled"]:disabled { background: $pressed; color: $text_muted; }
QPushButton[shape="verdict"] { padding: 4px 6px; }
QPushButton[shape="verdict"][tone="good"] { color: $success; }
QPushButton[shape="verdict"][tone="warning"] { color: $warning; }
QPushButton[shape="verdict"][tone="bad"] { color: $error; }
QPushButton[shape="card"] { background: $surface; border: 1px solid $border; border-radius: 14px;
  padding: 14px 18px; text-align: left; }
QPushButton[shape="card"]:hover, QPushButton[shape="card"]:focus { border-color: $accent; }
QPushButton[shape="card"]:disabled { color: $text_muted; }

QCheckBox { spacing: 8px; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $text_muted;
  border-radius: 4px; background: $surface; }
QCheckBox::indicator:hover, QCheckBox:focus::indicator { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent;
  image: url("$check"); }

QComboBox { background: $surface; color: $text; border: 1px solid $border; border-radius: 8px;
  padding: 5px 28px 5px 10px; combobox-popup: 0; }
QComboBox:hover { background: $surface_raised; }
QComboBox:focus { border-color: $accent; }
QComboBox:disabled { color: $text_muted; background: $window; }
QComboBox::drop-down { border: none; width: 24px; subcontrol-position: center right; }
QComboBox::down-arrow { image: url("$arrow"); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $surface; color: $text; border: 1px solid $border;
  border-radius: 10px; padding: 5px; outline: none; selection-background-color: $hover;
  selection-color: $text; }
QComboBox QAbstractItemView::item { padding: 4px 8px; border-radius: 6px; min-height: 20px; }
QComboBox QAbstractItemView::item:selected { background: $hover; color: $text; }

QLabel[figure="true"] { border: 1px solid transparent; border-radius: 4px; }
QLabel[figure="true"]:focus { border-color: $accent; }
QWidget#figures[tone="muted"] { color: $text_muted; }
QWidget#figures[tone="warning"] { color: $warning; }

QMenu { background: $surface; color: $text; border: 1px solid $border; border-radius: 10px;
  padding: 6px; }
QMenu::item { padding: 6px 26px 6px 22px; border-radius: 6px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $text_muted; }
QMenu::separator { height: 1px; background: $border; margin: 6px 8px; }
QMenuBar { background: $window; color: $text; border: none; padding: 2px 6px; }
QMenuBar::item { padding: 4px 9px; border-radius: 6px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QToolTip { background: $surface_raised; color: $text; border: 1px solid $border; padding: 5px 7px; }

QDialog { background: $window; }
QMessageBox QPushButton { border: 1px solid $border; border-radius: 10px; padding: 6px 14px; }
QMessageBox QPushButton:focus { border-color: $accent; }
QLineEdit, QSpinBox, QDoubleSpinBox, QPlainTextEdit { background: $surface; color: $text;
  border: 1px solid $border; border-radius: 8px; padding: 5px 8px;
  selection-background-color: $selection; selection-color: $text; }
QLineEdit, QPlainTextEdit { placeholder-text-color: $text_muted; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus {
  border-color: $accent; }
QSpinBox:disabled, QDoubleSpinBox:disabled, QLineEdit:disabled { color: $text_muted;
  background: $window; }
QPlainTextEdit#composerText { background: transparent; border: none; padding: 0; }
QAbstractSpinBox QLineEdit { background: transparent; border: none; padding: 0 4px; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button,
QDoubleSpinBox::down-button { width: 0; border: none; }

QFrame#popover { background: $surface; border: 1px solid $border; border-radius: 12px; }
QListWidget#deletedList { background: $surface; border: 1px solid $border; border-radius: 12px;
  padding: 6px; outline: none; }
QListWidget#deletedList:focus { border-color: $accent; }
QListWidget#deletedList::item { padding: 6px 8px; border-radius: 8px; }
QListWidget#deletedList::item:selected { background: $selection; color: $text; }
QListWidget#paletteList { background: transparent; border: none; outline: none; }

QProgressBar { background: $pressed; border: none; border-radius: 2px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle { background: $scroll; border-radius: 3px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:hover { background: $text_muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
""")

_STRONG = Template("""
QFrame#userBubble, QPushButton[shape="row"]:checked { border: 1px solid $border; }
QListView#chatList { border-top: 1px solid $border; }
QToolButton:focus, QPushButton:focus, QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QComboBox:focus, QPlainTextEdit:focus { border-color: $text; }
QFrame#composer[focused="true"] { border: 2px solid $text; }
QPlainTextEdit#composerText:focus, QPlainTextEdit#laneText:focus { border: none; }
QMenu::item:selected, QComboBox QAbstractItemView::item:selected { border: 1px solid $border; }
""")
"""What strong contrast adds: edges where the usual sheet has only a shade."""


@dataclass(frozen=True, slots=True)
class _Veils:
    """Opacity of the text's colour over a control's background."""

    hover: float = 0.06
    pressed: float = 0.10
    scroll: float = 0.22
    calm: float = 0.30


_USUAL_VEILS = _Veils()
_STRONG_VEILS = _Veils(hover=0.16, pressed=0.24, scroll=0.70, calm=1.0)


def stylesheet(tokens: Mapping[str, str], *, strong: bool = False) -> str:
    """Return the style sheet. Raises KeyError, naming the token, where the theme lacks one."""
    veils = _STRONG_VEILS if strong else _USUAL_VEILS
    sheet = _SHEET.substitute(
        tokens,
        check=(resources() / "icons" / "check.svg").as_posix(),
        arrow=(resources() / "themes" / "combo_arrow.svg").as_posix(),
        calm=_veil(tokens["text"], veils.calm),
        hover=_veil(tokens["text"], veils.hover),
        pressed=_veil(tokens["text"], veils.pressed),
        scroll=_veil(tokens["text"], veils.scroll),
    )
    return sheet + _STRONG.substitute(tokens) if strong else sheet


def _veil(color: str, opacity: float) -> str:
    """Return a translucent `color`, so that states show on any surface of either theme."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


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
    """`strong`: the system asks for more contrast."""

    name: str
    tokens: Mapping[str, str]
    strong: bool = False

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


def load_theme(folder: Path, name: str, *, strong: bool = False) -> Theme:
    """Return a theme; a second file has the tokens that strong contrast changes."""
    names = (name, f"{name}_contrast") if strong else (name,)
    tokens: dict[str, str] = {}
    for file in names:
        tokens |= msgspec.json.decode((folder / f"{file}.json").read_bytes(), type=dict[str, str])
    return Theme(name, tokens, strong)


class ThemeController(QObject):
    """Follows the system's contrast, and its colour scheme unless one is forced."""

    changed = Signal(object)  # Theme

    def __init__(self, folder: Path, choice: ThemeChoice, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._themes = {
            (name, strong): load_theme(folder, name, strong=strong)
            for name in ("light", "dark")
            for strong in (False, True)
        }
        self._choice = choice
        self._hints = QGuiApplication.styleHints()  # kept: its accessibility ends with it
        self.current = self._pick()
        self._hints.colorSchemeChanged.connect(self._refresh)
        self._hints.accessibility().contrastPreferenceChanged.connect(self._refresh)

    @property
    def light(self) -> Theme:
        """Return the light theme: exported files have it, whatever the screen shows."""
        return self._themes["light", False]

    @property
    def choice(self) -> ThemeChoice:
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        self._choice = choice
        self._hints.setColorScheme(_SCHEMES[choice])  # native menus and dialogs
        self._refresh()

    def apply(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setPalette(self.current.palette())
            tokens, strong = self.current.tokens, self.current.strong
            application.setStyleSheet(stylesheet(tokens, strong=strong))

    def _refresh(self) -> None:
        theme = self._pick()
        if theme != self.current:
            self.current = theme
            self.apply()
            self.changed.emit(theme)

    def _pick(self) -> Theme:
        contrast = self._hints.accessibility().contrastPreference()
        strong = contrast == Qt.ContrastPreference.HighContrast
        if self._choice != "system":
            return self._themes[self._choice, strong]
        dark = self._hints.colorScheme() == Qt.ColorScheme.Dark
        return self._themes["dark" if dark else "light", strong]


_SCHEMES: dict[ThemeChoice, Qt.ColorScheme] = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
