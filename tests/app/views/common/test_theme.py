from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.common.controls import icon
from app.views.common.theme import Theme, ThemeController, load_theme, stylesheet
from mtp_mlx.paths import resources

THEMES = resources() / "themes"


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_token_the_window_uses_is_there(name: str, qapp: QApplication) -> None:
    theme = load_theme(THEMES, name)
    sheet = stylesheet(theme.tokens)
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


def test_the_system_is_followed(qtbot: QtBot) -> None:
    controller = ThemeController(THEMES, "system")
    scheme = QApplication.styleHints().colorScheme()
    expected = "dark" if scheme == Qt.ColorScheme.Dark else "light"
    assert controller.current.name == expected


def test_every_icon_named_in_the_views_is_shipped(qtbot: QtBot) -> None:
    color = load_theme(THEMES, "light").color("text")
    sources = (resources().parent / "app" / "views").glob("*.py")
    text = "\n".join(path.read_text() for path in sources)
    names = set(re.findall(r'(?:IconButton|set_icon)\(\s*"(\w+)"', text))
    assert len(names) >= 8
    for name in names:
        assert not icon(name, color).isNull()
