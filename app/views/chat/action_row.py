"""The buttons under a message, which appear with the pointer or the focus."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QWidget

from app import strings
from app.viewmodels.chat.message_acts import Act, Row
from app.views.common import fonts
from app.views.common.controls import IconButton, IconName, Menu, plain_tip
from app.views.common.theme import ThemeController

LABELS: dict[Act, str] = {
    Act.COPY: strings.COPY_MESSAGE,
    Act.COPY_PLAIN: strings.COPY_PLAIN,
    Act.EDIT: strings.EDIT,
    Act.CONTINUE: strings.CONTINUE,
    Act.DELETE: strings.DELETE_MESSAGE,
    Act.PREVIOUS: strings.PREVIOUS_VERSION,
    Act.NEXT: strings.NEXT_VERSION,
    Act.AGAIN: strings.REGENERATE,
    Act.AGAIN_MTP_OFF: strings.AGAIN_MTP_OFF,
    Act.AGAIN_MTP_ON: strings.AGAIN_MTP_ON,
    Act.AGAIN_SAME_SEED: strings.AGAIN_SAME_SEED,
    Act.AGAIN_ANOTHER_SEED: strings.AGAIN_ANOTHER_SEED,
}
_ICONS: dict[Act, IconName] = {
    Act.COPY: "copy",
    Act.EDIT: "edit",
    Act.AGAIN: "refresh",
    Act.CONTINUE: "continue",
    Act.DELETE: "trash",
}
_IN_MENU = (
    Act.AGAIN_MTP_OFF,
    Act.AGAIN_MTP_ON,
    Act.AGAIN_SAME_SEED,
    Act.AGAIN_ANOTHER_SEED,
    Act.COPY_PLAIN,
)
_PLACES = (Act.COPY, Act.EDIT, Act.AGAIN, None, Act.CONTINUE, Act.DELETE)
"""From left to right; None is the menu's button."""


class ActionRow(QWidget):
    """The buttons of a message. Hidden ones keep their places and can be reached by keyboard.

    A button is made when it is first offered: opening a chat shows many rows at once.
    """

    acted = Signal(str)  # Act

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._row = Row()
        self._hovered = False
        self._always = False
        self.switcher: Switcher | None = None
        self.more: IconButton | None = None
        self.buttons: dict[Act, IconButton] = {}
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(2)

    def show_row(self, row: Row, *, always: bool = False) -> None:
        """Show what can be done; `always` also without the pointer, as under the last message."""
        self._row = row
        self._always = always
        self._show_place()
        for act, name in _ICONS.items():
            if act in row.offered and act not in self.buttons:
                self.buttons[act] = self._button(act, name)
        if self.more is None and any(act in row.offered for act in _IN_MENU):
            self.more = self._add("more", strings.MORE, _PLACES.index(None))
            self.more.clicked.connect(self._show_menu)
        for act, button in self.buttons.items():
            button.setVisible(act in row.offered)
            button.setEnabled(act in row.enabled)
            obstacle = "" if act in row.enabled else row.obstacle
            button.setToolTip(plain_tip(obstacle or LABELS[act]))
        self._refresh()

    def set_hovered(self, hovered: bool) -> None:
        self._hovered = hovered
        self._refresh()

    @property
    def awake(self) -> bool:
        """Return whether the buttons are visible."""
        return self._always or self._hovered or any(b.hasFocus() for b in self._fading())

    def menu(self) -> QMenu:
        """Return the menu of what has no button: other ways to regenerate and to copy a reply."""
        menu = Menu(parent=self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for act in _IN_MENU:
            if act is Act.COPY_PLAIN:
                menu.addSeparator()
            entry = menu.addAction(LABELS[act])
            entry.setEnabled(act in self._row.enabled)
            entry.triggered.connect(lambda _checked=False, act=act: self.acted.emit(act))
        return menu

    def _show_menu(self) -> None:
        if self.more is not None:
            self.menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _show_place(self) -> None:
        if self.switcher is None and self._row.place.count > 1:
            self.switcher = Switcher(self._theme)
            self.switcher.acted.connect(self.acted)
            self._line.insertWidget(0, self.switcher)
        if self.switcher is not None:
            self.switcher.show_place(self._row)

    def _fading(self) -> list[IconButton]:
        return [*self.buttons.values(), *([] if self.more is None else [self.more])]

    def _refresh(self) -> None:
        for button in self._fading():
            button.set_shown(self.awake)

    def _button(self, act: Act, name: IconName) -> IconButton:
        button = self._add(name, LABELS[act], _PLACES.index(act))
        button.clicked.connect(lambda: self.acted.emit(act))
        return button

    def _add(self, name: IconName, label: str, place: int) -> IconButton:
        """Add a button at its place among `_PLACES`, whenever it is made."""
        button = IconButton(name, label, self._theme)
        button.setProperty("place", place)
        button.focus_changed.connect(self._refresh)
        before = [b for b in self._fading() if b.property("place") < place]
        self._line.insertWidget(len(before) + (self.switcher is not None), button)
        if before:  # Tab goes from left to right, whenever they were made
            QWidget.setTabOrder(max(before, key=lambda b: int(b.property("place"))), button)
        return button


class Switcher(QWidget):
    """Shows which version of a message is shown, and steps to others; hidden for a single one."""

    acted = Signal(str)  # Act

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.back = IconButton("chevron_left", strings.PREVIOUS_VERSION, theme)
        self.on = IconButton("chevron_right", strings.NEXT_VERSION, theme)
        self.text = QLabel()
        self.text.setFont(fonts.small())
        self.text.setProperty("tone", "muted")
        self.back.clicked.connect(lambda: self.acted.emit(Act.PREVIOUS))
        self.on.clicked.connect(lambda: self.acted.emit(Act.NEXT))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        row.setSpacing(0)
        parts: Sequence[QWidget] = (self.back, self.text, self.on)
        for part in parts:
            row.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_place(self, row: Row) -> None:
        place = {"position": row.place.position, "count": row.place.count}
        self.setVisible(row.place.count > 1)
        self.text.setText(strings.VERSION_OF.format(**place))
        self.text.setAccessibleName(strings.VERSION.format(**place))
        self.back.setEnabled(Act.PREVIOUS in row.enabled)
        self.on.setEnabled(Act.NEXT in row.enabled)
