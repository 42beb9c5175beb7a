"""The layout of the window: the chat's page, and other pages in its place."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QEvent, QObject, QPoint, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app import strings
from app.domain.settings import OverlaySettings, PageName
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.common.undo import Undo
from app.viewmodels.models.models import ModelsViewModel
from app.viewmodels.models.rows import ModelsState
from app.viewmodels.reports.reports import ReportsViewModel
from app.views.chat.composer import Composer
from app.views.chat.scrolled_column import COLUMN_WIDTH
from app.views.chat.transcript import Transcript
from app.views.chat.welcome import Welcome
from app.views.commands import MODELS_KEYS, REPORTS_KEYS
from app.views.common.controls import PlaceButton
from app.views.common.theme import ThemeController
from app.views.overlay.overlay_view import WIDTH, OverlayView

_EDGE = 16
_SIDE = 28
_NARROW = 860
"""Pixels: in a narrower page a pinned overlay is one line above the conversation."""


class Page(QWidget):
    """The chat's page; a pinned overlay has a strip at the right, a floating one lies anywhere."""

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
        self._column.addWidget(_Above(banner))
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

    def put_above(self, bar: QWidget) -> None:
        """Put `bar` above the conversation, below the banner."""
        self._column.insertWidget(1, _Above(bar))

    def set_overlay(self, settings: OverlaySettings) -> None:
        changed = settings != self._settings
        self._settings = settings
        self._overlay.setVisible(settings.shown)
        self._overlay.set_pinned(settings.pinned)
        self._overlay.set_compact(settings.compact)
        self._dock()
        if changed:
            self.overlay_changed.emit(settings)

    def show_overlay(self, *, shown: bool) -> None:
        self.set_overlay(msgspec.structs.replace(self._settings, shown=shown))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._dock()
        else:
            self._place()

    def _dock(self) -> None:
        """Keep the conversation clear of a pinned overlay: beside it, or in a narrow page below."""
        settings = self._settings
        docked = settings.shown and settings.pinned
        narrow = docked and self.width() < _NARROW
        self._overlay.set_strip(self.width() - 2 * _SIDE if narrow else None)
        right = WIDTH + _EDGE if docked and not narrow else 0
        above = self._overlay.sizeHint().height() + _EDGE // 2 if narrow else 0
        self._column.setContentsMargins(0, above, right, 0)
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
        if self._overlay.strip:
            home = QPoint(_SIDE, _EDGE // 2)
        corner = QPoint(settings.x or 0, settings.y or 0) if lies else home
        self._overlay.adjustSize()
        self._overlay.move(self._inside(corner))
        self._overlay.raise_()

    def _inside(self, corner: QPoint) -> QPoint:
        """Return the corner moved so that the overlay's head stays within reach."""
        return QPoint(
            max(0, min(corner.x(), self.width() - self._overlay.width())),
            max(0, min(corner.y(), self.height() - self._overlay.height())),
        )

    def _choose(self) -> None:
        empty = len(self._chat.messages) == 0
        self._stack.setCurrentWidget(self._welcome if empty else self._transcript)


class _Above(QWidget):
    """A bar with room around it, which takes no room while the bar is hidden."""

    def __init__(self, bar: QWidget) -> None:
        super().__init__()
        self._bar = bar
        self.setLayout(_centred(bar, top=10, bottom=6))
        bar.installEventFilter(self)
        self.setVisible(not bar.isHidden())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() in {QEvent.Type.ShowToParent, QEvent.Type.HideToParent}:
            self.setVisible(not self._bar.isHidden())
        return super().eventFilter(watched, event)


def _centred(view: QWidget, top: int = 0, bottom: int = 0) -> QHBoxLayout:
    view.setMaximumWidth(COLUMN_WIDTH)
    row = QHBoxLayout()
    row.setContentsMargins(_SIDE, top, _SIDE, bottom)
    row.addStretch(1)
    row.addWidget(view, 1000)
    row.addStretch(1)
    return row


class Place(QObject):
    """A page that stands in place of the chat; it is made when it is first asked for."""

    def __init__(self, stack: Places, button: PlaceButton, make: Callable[[], QWidget]) -> None:
        super().__init__(stack)
        self._stack = stack
        self._make = make
        self._page: QWidget | None = None
        self.button = button
        button.clicked.connect(self.toggle)
        stack.currentChanged.connect(self._on_changed)

    @property
    def is_shown(self) -> bool:
        return self._page is not None and self._stack.currentWidget() is self._page

    def toggle(self) -> None:
        if self.is_shown:
            self._stack.show_chat()
        else:
            self.show()

    def show(self) -> None:
        if self._page is None:
            self._page = self._make()
            self._stack.addWidget(self._page)
        self._stack.setCurrentWidget(self._page)

    def _on_changed(self) -> None:
        self.button.setChecked(self.is_shown)


class Places(QStackedWidget):
    """The chat or, in its place, the models or the speed reports."""

    export_asked = Signal(bool)  # the open report, with prompts and replies
    turned = Signal(bool)  # whether a page stands in place of the chat

    def __init__(
        self,
        chat: QWidget,
        models: ModelsViewModel,
        reports: ReportsViewModel,
        undo: Undo,
        theme: ThemeController,
    ) -> None:
        super().__init__()
        self._chat = chat
        self._undo = undo
        self._theme = theme
        self.addWidget(chat)
        self.models = Place(
            self,
            PlaceButton("box", strings.MODELS, strings.MODELS_HELP, MODELS_KEYS, theme),
            lambda: self._models_page(models),
        )
        self.reports = Place(
            self,
            PlaceButton("gauge", strings.REPORTS, strings.REPORTS_HELP, REPORTS_KEYS, theme),
            lambda: self._reports_page(reports),
        )
        self.currentChanged.connect(lambda: self.turned.emit(self.is_away))
        models.changed.connect(self._show_fetch)

    @property
    def is_away(self) -> bool:
        """Whether another page stands in place of the chat."""
        return self.currentWidget() is not self._chat

    @property
    def page(self) -> PageName:
        if self.models.is_shown:
            return "models"
        return "reports" if self.reports.is_shown else "chat"

    def show_page(self, page: PageName) -> None:
        match page:
            case "chat":
                self.show_chat()
            case "models":
                self.models.show()
            case "reports":
                self.reports.show()

    def show_chat(self) -> None:
        self.setCurrentWidget(self._chat)

    def _show_fetch(self, state: ModelsState) -> None:
        """Say in the sidebar how far a download is."""
        running = next((one for one in state.fetches if one.stage == "running"), None)
        share = None if running is None else running.share
        words = strings.MODELS if share is None else strings.MODELS_PROGRESS
        self.models.button.setText(words.format(percent=int(100 * (share or 0))))

    def _models_page(self, models: ModelsViewModel) -> QWidget:
        from app.views.models.models_page import ModelsPage

        page = ModelsPage(models, self._undo, self._theme)
        page.leave_asked.connect(self.show_chat)
        return page

    def _reports_page(self, reports: ReportsViewModel) -> QWidget:
        from app.views.reports.reports_page import ReportsPage

        page = ReportsPage(reports, self._undo, self._theme)
        page.leave_asked.connect(self.show_chat)
        page.export_asked.connect(self.export_asked)
        return page
