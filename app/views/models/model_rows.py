"""Rows of the Models page: a model on this disk, and a pair to get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.models.rows import (
    ConversionRow,
    LocalRow,
    PairCard,
    Verdict,
)
from app.views.common import fonts
from app.views.common.controls import (
    ElidedLabel,
    IconButton,
    Menu,
    plain_tip,
    push_button,
    set_tone,
)
from app.views.common.theme import ThemeController
from app.views.models.options_menu import add_options

_BUTTON = 124  # pixels at the least, so that what stands left of buttons stands in line
_DOT = "\N{BLACK CIRCLE}"


class ModelRow(QFrame):
    """A title and what is to be said of it at the left, what can be done at the right."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modelRow")
        self._theme = theme
        self.title = ElidedLabel()
        self.title.setFont(fonts.strong())
        self.detail = muted("")
        self.note = muted("")
        self.sum = muted("")
        self.verdict = VerdictButton()
        self.verdict.toggled.connect(self._show_sum)
        self.words = QVBoxLayout()
        self.words.setSpacing(2)
        for label in (self.title, self.detail, self.note):
            self.words.addWidget(label)
        self.acts = QHBoxLayout()
        self.acts.setSpacing(6)
        self.button = push_button("", "outline")
        self.button.setMinimumWidth(_BUTTON)
        for button in (self.verdict, self.button):
            self.acts.addWidget(button)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addLayout(self.words, 1)
        row.addLayout(self.acts)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 11, 10, 11)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.sum)

    def say(self, title: str, detail: str, note: str, verdict: Verdict | None) -> None:
        self.title.set_text(title)
        for label, text in ((self.detail, detail), (self.note, note)):
            label.setText(text)
            label.setVisible(bool(text))
        self.setAccessibleName(", ".join(part for part in (title, detail, note) if part))
        self.verdict.say(verdict, title)
        self.sum.setText(verdict.sum if verdict else "")
        self._show_sum()

    def _show_sum(self) -> None:
        self.sum.setVisible(self.verdict.isChecked() and bool(self.sum.text()))


class VerdictButton(QPushButton):
    """Says whether a pair fits, in a word and a colour; a click shows the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("shape", "verdict")
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(strings.FIT_ASK)

    def say(self, verdict: Verdict | None, name: str) -> None:
        self.setVisible(verdict is not None)
        if verdict is None:
            self.setChecked(False)
            return
        self.setText(f"{_DOT} {verdict.words}")
        self.setAccessibleName(f"{name}: {verdict.words}. {strings.FIT_ASK}")
        set_tone(self, verdict.tone)


class LocalView(ModelRow):
    """A model on this disk: Load, Loaded, or why it cannot be loaded."""

    load_asked = Signal(object)  # LocalRow
    stop_asked = Signal()
    finish_asked = Signal(object)
    drafter_asked = Signal(object)
    reveal_asked = Signal(str)
    copy_asked = Signal(str)
    copy_of_asked = Signal(object)  # Copy
    remove_asked = Signal(object)
    options_asked = Signal(object, object)  # LocalRow, and LoadingOptions

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._row: LocalRow | None = None
        self.button.clicked.connect(self._act)
        self.more = more_button(theme)
        self.acts.addWidget(self.more)

    def show_row(self, row: LocalRow) -> None:
        self._row = row
        self.say(row.title, row.detail, row.problem, row.verdict)
        self._name_button(row)
        self.more.setAccessibleName(strings.MODEL_MORE.format(name=row.title))
        self.more.setToolTip(plain_tip(self.more.accessibleName()))
        self._fill(row)

    def _name_button(self, row: LocalRow) -> None:
        too_big = row.verdict is not None and row.verdict.is_too_big
        words, label = {
            "loaded": (strings.MODEL_LOADED, ""),
            "changed": (strings.MODEL_RELOAD, strings.MODEL_RELOAD_LABEL),
            "loading": (strings.MODEL_STOP_LOADING, strings.MODEL_STOP_LOADING_LABEL),
            "incomplete": (strings.MODEL_FINISH, strings.MODEL_FINISH_LABEL),
            "unusable": ("", ""),
            "usable": (strings.MODEL_LOAD_ANYWAY, strings.MODEL_LOAD_ANYWAY_LABEL)
            if too_big
            else (strings.MODEL_LOAD, strings.MODEL_LOAD_LABEL),
        }[row.status]
        self.button.setText(words)
        self.button.setVisible(bool(words))
        self.button.setEnabled(bool(label))
        self.button.setAccessibleName(label.format(name=row.title) or f"{row.title}: {words}")

    def _fill(self, row: LocalRow) -> None:
        menu = self.more.menu()
        menu.clear()
        if row.drafter is not None:
            menu.addAction(strings.MODEL_GET_DRAFTER, lambda: self.drafter_asked.emit(row))
        if row.options is not None:
            add_options(menu, row.options, partial(self.options_asked.emit, row))
        for copy in row.copies:
            words = strings.COPY_ACTS[copy.bits]
            menu.addAction(words, partial(self.copy_of_asked.emit, copy))
        menu.addAction(strings.MODEL_REVEAL, lambda: self.reveal_asked.emit(row.key))
        menu.addAction(strings.MODEL_COPY_PATH, lambda: self.copy_asked.emit(row.key))
        if row.is_removable:
            menu.addSeparator()
            menu.addAction(strings.MODEL_REMOVE, lambda: self.remove_asked.emit(row))

    def _act(self) -> None:
        row = self._row
        if row is None:
            return
        match row.status:
            case "usable" | "changed":
                self.load_asked.emit(row)
            case "loading":
                self.stop_asked.emit()
            case "incomplete":
                self.finish_asked.emit(row)
            case _:
                pass


class CardView(ModelRow):
    """A pair of the catalogue: its conversion for this machine, and a menu of the others."""

    get_asked = Signal(object)  # ConversionRow
    try_asked = Signal(object)  # Size

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.result = muted("")
        self.words.addWidget(self.result)
        self.trial = push_button(strings.TRY, "link")
        self.trial.setFont(fonts.small())
        self.trial.clicked.connect(self._try)
        self.words.addWidget(self.trial, 0, Qt.AlignmentFlag.AlignLeft)
        self._card: PairCard | None = None
        self.button.clicked.connect(self._act)
        self.more = more_button(theme)
        self.acts.addWidget(self.more)

    def show_row(self, card: PairCard) -> None:
        self._card = card
        row = card.marked
        self.say(card.title, row.words, row.reason, row.verdict)
        self.result.setText(row.result)
        self.result.setVisible(bool(row.result))
        self.trial.setText(strings.TRY_ONCE_MORE if row.result else strings.TRY)
        self.trial.setAccessibleName(strings.TRY_OTHER.format(name=row.title))
        self.trial.setVisible(row.tried is not None)
        words = {
            "absent": strings.MODEL_GET,
            "here": strings.MODEL_GOT,
            "fetching": strings.MODEL_BEING_FETCHED,
        }[row.got]
        self.button.setText(words)
        self.button.setEnabled(row.got == "absent")
        self.button.setAccessibleName(
            strings.MODEL_GET_LABEL.format(name=row.title)
            if row.got == "absent"
            else f"{row.title}: {words}"
        )
        self.more.setAccessibleName(strings.MODEL_GET_OTHER.format(name=card.title))
        self.more.setToolTip(plain_tip(self.more.accessibleName()))
        menu = self.more.menu()
        menu.clear()
        for other in card.others:
            action = menu.addAction(_offer(other), partial(self.get_asked.emit, other))
            action.setEnabled(other.got == "absent")
        menu.addSeparator()
        for size in (other.tried for other in card.others if other.tried is not None):
            words = strings.TRY_OTHER.format(name=size.title)
            menu.addAction(words, partial(self.try_asked.emit, size))
        self.more.setVisible(not menu.isEmpty())

    def _act(self) -> None:
        if self._card is not None:
            self.get_asked.emit(self._card.marked)

    def _try(self) -> None:
        if self._card is not None and self._card.marked.tried is not None:
            self.try_asked.emit(self._card.marked.tried)


def _offer(row: ConversionRow) -> str:
    verdict = f" · {row.verdict.words}" if row.verdict else ""
    got = {"absent": "", "here": f" · {strings.MODEL_GOT}"}.get(
        row.got, f" · {strings.MODEL_BEING_FETCHED}"
    )
    return strings.MODEL_GET_PRECISION.format(words=f"{row.words}{verdict}{got}").replace("&", "&&")


V = TypeVar("V", bound=QWidget)


class RowList(QFrame, Generic[V]):
    """Rows in one frame. A row that stays keeps its widget, and with it the focus."""

    _make: Callable[[], V]

    def __init__(self, label: str, make: Callable[[], V], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modelList")
        self.setAccessibleName(label)
        self._make = make
        self._keys: tuple[str, ...] = ()
        self.views: dict[str, V] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)
        self.hide()

    def view(self, key: str) -> V:
        """Return the widget of a row, made where there is none."""
        if key not in self.views:
            self.views[key] = self._make()
        return self.views[key]

    def arrange(self, keys: Sequence[str]) -> None:
        """Show the rows with these keys, in this order, and drop all others."""
        if tuple(keys) == self._keys:
            return
        self._keys = tuple(keys)
        for key in self.views.keys() - set(keys):
            view = self.views.pop(key)
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        for at, key in enumerate(keys):
            view = self.views[key]
            self._column.removeWidget(view)
            self._column.insertWidget(at, view)
            view.setProperty("first", at == 0)
            view.style().unpolish(view)
            view.style().polish(view)
        self.setVisible(bool(keys))


def muted(text: str) -> QLabel:
    """Return a small label in which text of strangers is inert."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setFont(fonts.small())
    label.setProperty("tone", "muted")
    return label


def more_button(theme: ThemeController) -> IconButton:
    button = IconButton("more", strings.MODEL_MORE, theme)
    button.setMenu(Menu(parent=button))
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button
