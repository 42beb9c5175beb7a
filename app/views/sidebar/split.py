"""Sidebar and page side by side: how wide the sidebar is, and whether it is shown."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from app import strings
from app.domain.settings import SidebarSettings
from app.views.commands import SIDEBAR_KEYS
from app.views.common.controls import IconButton
from app.views.common.theme import ThemeController

_LEAST = 190  # pixels, of the sidebar's width
_MOST = 420
_STILL_MS = 300  # how long the sidebar's edge rests before its new width is saved
_ROOMY = 840
"""Pixels: a narrower window hides the sidebar until asked, and keeps the user's choice."""


class SideSplit(QSplitter):
    changed = Signal()  # whether the sidebar shows, or, once it was let go, how wide it is

    def __init__(self, side: QWidget, rest: QWidget, settings: SidebarSettings) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._side = side
        self._settings = settings
        self._roomy = True
        side.setMinimumWidth(_LEAST)
        side.setMaximumWidth(_MOST)
        self.addWidget(side)
        self.addWidget(rest)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        self.setStretchFactor(0, 0)
        self.setStretchFactor(1, 1)
        self._still = QTimer(self, singleShot=True, interval=_STILL_MS)
        self._still.timeout.connect(self.changed)
        self.splitterMoved.connect(self._on_moved)
        self._show(shown=settings.shown)

    @property
    def settings(self) -> SidebarSettings:
        return self._settings

    @property
    def shown(self) -> bool:
        return not self._side.isHidden()

    def toggle(self) -> None:
        self.show_side(shown=not self.shown)

    def show_side(self, *, shown: bool) -> None:
        """Show or hide the sidebar; in a narrow window until its size changes."""
        if self._roomy:
            self._settings = msgspec.structs.replace(self._settings, shown=shown)
        self._show(shown=shown)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        roomy = event.size().width() >= _ROOMY
        if roomy != self._roomy:
            self._roomy = roomy
            self._show(shown=self._settings.shown and roomy)
        elif event.oldSize().width() <= 0:
            self._fit()

    def _show(self, *, shown: bool) -> None:
        self._side.setVisible(shown)
        self._fit()
        self.changed.emit()

    def _fit(self) -> None:
        width = self._settings.width
        self.setSizes([width, max(1, self.width() - width)])

    def _on_moved(self, width: int) -> None:
        self._settings = msgspec.structs.replace(self._settings, width=width)
        self._still.start()


def sidebar_button(theme: ThemeController) -> IconButton:
    """Return the button that shows and hides the sidebar; it stands outside of it."""
    button = IconButton("sidebar", strings.SIDEBAR_TOGGLE, theme)
    button.setCheckable(True)
    keys = QKeySequence(SIDEBAR_KEYS).toString(QKeySequence.SequenceFormat.NativeText)
    button.setToolTip(strings.SIDEBAR_HELP.format(shortcut=keys))
    return button
