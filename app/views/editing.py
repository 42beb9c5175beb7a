"""The commands of the Edit menu, which act on the widget that has the focus."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from app import strings
from app.viewmodels.common.undo import Offer, Undo
from app.views.commands import UNDO_KEYS, command

_UNDO = QKeySequence.StandardKey.Undo
_CONTROL = Qt.KeyboardModifier.ControlModifier
_PRESSED = {
    strings.REDO: QKeyCombination(_CONTROL | Qt.KeyboardModifier.ShiftModifier, Qt.Key.Key_Z),
    strings.CUT: QKeyCombination(_CONTROL, Qt.Key.Key_X),
    strings.COPY: QKeyCombination(_CONTROL, Qt.Key.Key_C),
    strings.PASTE: QKeyCombination(_CONTROL, Qt.Key.Key_V),
    strings.SELECT_ALL: QKeyCombination(_CONTROL, Qt.Key.Key_A),
}


class EditCommands(QObject):
    """Undo undoes what was typed in the focused field, or else the last deletion in the window.

    A deletion that came after the last letter goes first. Every other command is the press of its
    key in the focused widget, which knows best what to do.
    """

    def __init__(self, undo: Undo, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._deletions = undo
        self._focused: QWidget | None = None
        self._deleted_last = False  # something was deleted since the last letter was typed
        self.undo = command(window, strings.UNDO, self._undo_last, UNDO_KEYS)
        # Dialogs share this history.
        self.undo.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        self._others = [self._press(text, keys) for text, keys in _PRESSED.items()]
        undo.changed.connect(self._on_offer)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)
        self.refresh()

    def fill(self, menu: QMenu) -> None:
        menu.addAction(self.undo)
        menu.addAction(self._others[0])
        menu.addSeparator()
        menu.addActions(self._others[1:])
        menu.aboutToShow.connect(self.refresh)

    def refresh(self) -> None:
        """Disable Undo where nothing can be undone."""
        self.undo.setEnabled(self._deletions.possible or _has_history(self._focused))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep Undo from a field with nothing to undo: Qt's fields take the key all the same."""
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress and event.text() and not event.matches(_UNDO):
                self._deleted_last = False
            overrides = event.type() == QEvent.Type.ShortcutOverride and event.matches(_UNDO)
            if overrides and self._takes_deletion():
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    def _takes_deletion(self) -> bool:
        """Whether Undo is for what was deleted, and not for the focused field."""
        if not self._deletions.possible:
            return False
        return self._deleted_last or not _has_history(self._focused)

    def _undo_last(self) -> None:
        if self._takes_deletion():
            self._deletions.undo()
        else:
            self._press_key(QKeyCombination(_CONTROL, Qt.Key.Key_Z))

    def _press(self, text: str, keys: QKeyCombination) -> QAction:
        shortcut = QKeySequence(keys).toString(QKeySequence.SequenceFormat.PortableText)
        return command(self._window, text, lambda: self._press_key(keys), shortcut)

    def _press_key(self, pressed: QKeyCombination) -> None:
        widget = QApplication.focusWidget()
        if widget is None:
            return
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, pressed.key(), pressed.keyboardModifiers())
            widget.event(event)  # Qt would look for a shortcut first, and find this command

    def _on_offer(self, offer: Offer | None) -> None:
        if offer is None:  # it has passed, or was the last
            self._deleted_last = self._deleted_last and self._deletions.possible
        else:
            self._deleted_last = offer.undoes
        self.refresh()

    def _on_focus(self, before: QWidget | None, now: QWidget | None) -> None:
        if before is not None:
            before.removeEventFilter(self)
        if now is not None:
            now.installEventFilter(self)
            if isinstance(dialog := now.window(), QDialog):
                dialog.addAction(self.undo)  # a modal one shuts out the shortcuts of the window
        self._focused = now
        self.refresh()


def _has_history(widget: QWidget | None) -> bool:
    match widget:
        case QLineEdit():
            return widget.isUndoAvailable()
        case QPlainTextEdit() | QTextEdit():
            return not widget.isReadOnly() and widget.document().isUndoAvailable()
        case _:
            return False
