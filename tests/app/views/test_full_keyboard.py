"""Full keyboard access: what can be pressed can be reached by Tab, and says what it is.

The walk goes over all that is shown on each page, and not over a list of what somebody thought of.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)

from app.views.chat.text_block import TextBlock
from tests.app.conftest import Rig
from tests.app.tools import FULL_DISK, fits_of
from tests.app.views.hand import Hand

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit,
    QPlainTextEdit, QTextEdit,
)  # fmt: skip


def is_own_control(widget: QWidget) -> bool:
    """Whether a class of the window's paints it and hears its mouse."""
    handlers = {"mousePressEvent", "mouseReleaseEvent"}
    own = [kind for kind in type(widget).__mro__ if kind.__module__.startswith("app.")]
    return any(handlers & set(vars(kind)) for kind in own)


def is_part(widget: QWidget) -> bool:
    """Whether it is part of a control that has the keyboard: a scroll bar, a field's own button.

    A text of the conversation is one of a column, which carries the keyboard from text to text.
    """
    parent = widget.parent()
    inner = isinstance(parent, QLineEdit | QComboBox | QAbstractSpinBox)
    return isinstance(widget, QScrollBar | TextBlock) or inner or widget.objectName()[:3] == "qt_"


def shown(window: QWidget) -> list[QWidget]:
    return [one for one in window.findChildren(QWidget) if one.isVisible() and not is_part(one)]


def takes_tab(widget: QWidget) -> bool:
    policy = widget.focusPolicy()
    return bool(policy & Qt.FocusPolicy.TabFocus) or widget.focusProxy() is not None


def named(widget: QWidget) -> bool:
    told = QAccessible.queryAccessibleInterface(widget)
    return bool(told.text(QAccessible.Text.Name)) and told.role() is not QAccessible.Role.NoRole


def a_chat(_rig: Rig) -> QWidget | None:
    return None


def its_tokens(rig: Rig) -> QWidget | None:
    rig.program.window.transcript.set_token_view(shown=True)
    return None


def the_models(rig: Rig) -> QWidget | None:
    rig.program.window.places.models.show()
    rig.tool.answer("list", FULL_DISK)
    rig.tool.answer("fit", fits_of())
    return None


def the_reports(rig: Rig) -> QWidget | None:
    rig.program.window.places.reports.show()
    rig.settle()
    return None


def the_settings(rig: Rig) -> QWidget | None:
    rig.program.window.edit_settings()
    return QApplication.activeModalWidget()


def the_comparison(rig: Rig) -> QWidget | None:
    rig.program.window.compare()
    return QApplication.activeModalWidget()


@pytest.mark.parametrize(
    "place", [a_chat, its_tokens, the_models, the_reports, the_settings, the_comparison]
)
def test_what_can_be_pressed_can_be_reached_and_is_named(
    hand: Hand, place: Callable[[Rig], QWidget | None]
) -> None:
    window = place(hand.rig) or hand.window
    for _ in range(5):
        QApplication.processEvents()
    widgets = shown(window)
    controls = [one for one in widgets if isinstance(one, CONTROLS) or is_own_control(one)]
    assert len(controls) >= 4
    assert [one for one in controls if not takes_tab(one)] == []
    assert [one for one in widgets if takes_tab(one) and not named(one)] == []
