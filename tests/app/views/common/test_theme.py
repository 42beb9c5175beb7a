from __future__ import annotations

from typing import get_args

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.settings import ThemeChoice
from app.views.common.controls import IconName, icon
from app.views.common.theme import Theme, ThemeController, load_theme, stylesheet
from mtp_mlx.paths import resources

THEMES = resources() / "themes"


@pytest.mark.parametrize("strong", [False, True])
@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_token_the_window_uses_is_there(name: str, strong: bool, qapp: QApplication) -> None:
    theme = load_theme(THEMES, name, strong=strong)
    sheet = stylesheet(theme.tokens, strong=strong)
    assert "$" not in sheet
    theme.html()
    window = theme.palette().color(QPalette.ColorRole.Window)
    assert window.name() == theme.tokens["window"]


def test_a_missing_token_is_named() -> None:
    tokens = dict(load_theme(THEMES, "light").tokens)
    del tokens["accent"]
    with pytest.raises(KeyError, match="accent"):
        stylesheet(tokens)


def test_a_forced_theme_holds(qtbot: QtBot) -> None:
    controller = ThemeController(THEMES, "dark")
    seen: list[Theme] = []
    controller.changed.connect(seen.append)
    assert controller.current.name == "dark"
    controller.choose("light")
    controller.choose("light")
    assert [theme.name for theme in seen] == ["light"]
    assert controller.choice == "light"


class Accessibility(QObject):
    """The contrast of a desktop that a test changes."""

    contrastPreferenceChanged = Signal(Qt.ContrastPreference)  # noqa: N815  (as Qt names it)

    def __init__(self) -> None:
        super().__init__()
        self._contrast = Qt.ContrastPreference.NoPreference

    def contrastPreference(self) -> Qt.ContrastPreference:  # noqa: N802
        return self._contrast

    def become(self, contrast: Qt.ContrastPreference) -> None:
        self._contrast = contrast
        self.contrastPreferenceChanged.emit(contrast)


class System(QObject):
    """The colour scheme of a desktop that a test changes."""

    colorSchemeChanged = Signal(Qt.ColorScheme)  # noqa: N815  (as Qt names it)

    def __init__(self) -> None:
        super().__init__()
        self._scheme = Qt.ColorScheme.Light
        self.contrast = Accessibility()

    def accessibility(self) -> Accessibility:
        return self.contrast

    def colorScheme(self) -> Qt.ColorScheme:  # noqa: N802
        return self._scheme

    def setColorScheme(self, _scheme: Qt.ColorScheme) -> None:  # noqa: N802
        """What the program would force on native menus; the desktop keeps its own."""

    def become(self, scheme: Qt.ColorScheme) -> None:
        self._scheme = scheme
        self.colorSchemeChanged.emit(scheme)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = System()
    monkeypatch.setattr(QGuiApplication, "styleHints", lambda: system)
    return system


def test_the_system_is_followed(qtbot: QtBot, system: System) -> None:
    controller = ThemeController(THEMES, "system")
    seen: list[str] = []
    controller.changed.connect(lambda theme: seen.append(theme.name))
    assert controller.current.name == "light"
    system.become(Qt.ColorScheme.Dark)
    assert controller.current.name == "dark"
    system.become(Qt.ColorScheme.Light)
    assert seen == ["dark", "light"]
    system.become(Qt.ColorScheme.Dark)
    assert ThemeController(THEMES, "system").current.name == "dark"


def test_the_system_changes_nothing_while_a_theme_is_forced(qtbot: QtBot, system: System) -> None:
    controller = ThemeController(THEMES, "light")
    system.become(Qt.ColorScheme.Dark)
    assert controller.current.name == "light"
    controller.choose("system")
    assert controller.current.name == "dark"


@pytest.mark.parametrize("choice", ["system", "dark"])
def test_the_systems_contrast_is_followed(
    choice: ThemeChoice, qapp: QApplication, system: System
) -> None:
    """Also where the theme is forced: the choice says nothing of contrast."""
    system.become(Qt.ColorScheme.Dark)
    controller = ThemeController(THEMES, choice)
    usual = controller.current
    seen: list[Theme] = []
    controller.changed.connect(seen.append)
    system.contrast.become(Qt.ContrastPreference.HighContrast)
    assert (controller.current.name, controller.current.strong) == ("dark", True)
    assert controller.current.tokens["border"] != usual.tokens["border"]
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == "#000000"
    assert "QFrame#userBubble, " in qapp.styleSheet()
    assert controller.light == load_theme(THEMES, "light"), "what an exported file has"
    system.contrast.become(Qt.ContrastPreference.NoPreference)
    assert seen[-1] == usual
    assert len(seen) == 2


def test_contrast_is_read_at_the_start(qapp: QApplication, system: System) -> None:
    system.contrast.become(Qt.ContrastPreference.HighContrast)
    assert ThemeController(THEMES, "light").current.strong


@pytest.mark.parametrize("name", get_args(IconName))
def test_every_icon_that_a_view_may_name_is_drawn(qtbot: QtBot, name: IconName) -> None:
    image = icon(name, QColor("#ff0000"), 16).pixmap(16, 16).toImage()
    pixels = {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }
    assert "#ff0000" in pixels  # in the colour that was asked for, not in a default


def test_no_icon_is_shipped_that_no_view_names() -> None:
    shipped = {path.stem for path in (resources() / "icons").glob("*.svg")}
    assert shipped == {*get_args(IconName), "app"}  # the program's own icon is set at its start
