from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.chat.markdown_view import MarkdownView
from app.views.common.theme import ThemeController
from mtp_mlx.paths import resources
from tests.app.conftest import Rig
from tests.app.views.hand import Hand

REPLY = r"""First paragraph here.

- one
- two

```python
def f():
    return 1
```

The sum $x^2$ and a [link](https://example.org/).

Last paragraph."""


@pytest.fixture
def theme(qapp: QApplication) -> ThemeController:
    return ThemeController(resources() / "themes", "light")


@pytest.fixture
def view(qtbot: QtBot, theme: ThemeController) -> MarkdownView:
    view = MarkdownView(theme)
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    return view


@pytest.fixture
def hand(qtbot: QtBot, ready: Rig) -> Hand:
    """Over a question and a finished reply."""
    hand = Hand(ready)
    hand.ask("A question?", REPLY)
    with qtbot.waitActive(hand.window):
        hand.window.activateWindow()
    return hand


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Links that were followed."""
    addresses: list[str] = []

    def note(url: QUrl) -> bool:
        addresses.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", note)
    return addresses
