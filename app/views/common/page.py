"""Below the toolbar: banner, conversation, composer, and the overlay floating over them."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.domain.settings import OverlaySettings
from app.viewmodels.chat.chat import ChatViewModel
from app.views.chat.composer import Composer
from app.views.chat.scrolled_column import COLUMN_WIDTH
from app.views.chat.transcript import Transcript
from app.views.chat.welcome import Welcome
from app.views.overlay.overlay_view import WIDTH, OverlayView

_EDGE = 16
_SIDE = 28


class Page(QWidget):
    """A pinned overlay has its own strip at the right; a floating one lies where it was put."""

    overlay_changed = Signal(object)  # OverlaySettings

    def __init__(
        self,
        chat: ChatViewModel,
        welcome: Welcome,
        banner: QWidget,
        transcript: Transcript,
        composer: Composer,
        overlay: OverlayView,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._chat = chat
        self._overlay = overlay
        self._settings = OverlaySettings()
        self._stack = QStackedWidget()
        self._transcript = transcript
        self._welcome = welcome
        self._stack.addWidget(welcome)
        self._stack.addWidget(transcript)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._column.addLayout(_centred(banner, top=12))
        self._column.addWidget(self._stack, 1)
        self._column.addLayout(_centred(composer, bottom=18))
        overlay.setParent(self)
        overlay.dragged.connect(self._drag)
        overlay.pin_asked.connect(self._pin)
        overlay.compact_asked.connect(self._make_compact)
        overlay.close_asked.connect(lambda: self.show_overlay(shown=False))
        for signal in (
            chat.messages.rowsInserted,
            chat.messages.rowsRemoved,
            chat.messages.modelReset,
        ):
            signal.connect(self._choose)
        self._choose()

    @property
    def overlay_settings(self) -> OverlaySettings:
        return self._settings

    def set_overlay(self, settings: OverlaySettings) -> None:
        changed = settings != self._settings
        self._settings = settings
        self._overlay.setVisible(settings.shown)
        self._overlay.set_pinned(settings.pinned)
        self._overlay.set_compact(settings.compact)
        strip = WIDTH + _EDGE if settings.shown and settings.pinned else 0
        self._column.setContentsMargins(0, 0, strip, 0)
        self._place()
        if changed:
            self.overlay_changed.emit(settings)

    def show_overlay(self, *, shown: bool) -> None:
        self.set_overlay(msgspec.structs.replace(self._settings, shown=shown))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._place()

    def _pin(self, pinned: bool) -> None:
        self.set_overlay(msgspec.structs.replace(self._settings, pinned=pinned, x=None, y=None))

    def _make_compact(self, compact: bool) -> None:
        self.set_overlay(msgspec.structs.replace(self._settings, compact=compact))

    def _drag(self, by: QPoint) -> None:
        corner = self._inside(self._overlay.pos() + by)
        self.set_overlay(
            msgspec.structs.replace(self._settings, pinned=False, x=corner.x(), y=corner.y())
        )

    def _place(self) -> None:
        settings = self._settings
        home = QPoint(self.width() - WIDTH - _EDGE, _EDGE)
        lies = settings.x is not None and settings.y is not None and not settings.pinned
        corner = QPoint(settings.x or 0, settings.y or 0) if lies else home
        self._overlay.adjustSize()
        self._overlay.move(self._inside(corner))
        self._overlay.raise_()

    def _inside(self, corner: QPoint) -> QPoint:
        """Wherever it is put, all of its head stays within reach."""
        return QPoint(
            max(0, min(corner.x(), self.width() - self._overlay.width())),
            max(0, min(corner.y(), self.height() - self._overlay.height())),
        )

    def _choose(self) -> None:
        empty = len(self._chat.messages) == 0
        self._stack.setCurrentWidget(self._welcome if empty else self._transcript)


def _centred(view: QWidget, top: int = 0, bottom: int = 0) -> QHBoxLayout:
    view.setMaximumWidth(COLUMN_WIDTH)
    row = QHBoxLayout()
    row.setContentsMargins(_SIDE, top, _SIDE, bottom)
    row.addStretch(1)
    row.addWidget(view, 1000)
    row.addStretch(1)
    return row
