"""The chooser in the toolbar: the pairs that were loaded before, and the way to all others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton, QWidget

from app import strings
from app.domain.settings import PairChoice
from app.viewmodels.common.format import count
from app.viewmodels.models.switching import PairSwitching, title
from app.views.common.controls import IconButton, Menu
from app.views.common.theme import ThemeController


class PairChooser(IconButton):
    """A button with a menu; while a pair is being loaded its first entry stops that."""

    def __init__(
        self, pairs: PairSwitching, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__("chevron_down", strings.PAIR_CHOOSE, theme, parent)
        self._pairs = pairs
        self._further: tuple[QAction, ...] = ()
        self.list = Menu(parent=self)
        self.list.aboutToShow.connect(self._fill)
        self.setMenu(self.list)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def lead_to(self, actions: Sequence[QAction]) -> None:
        """End the menu with these actions."""
        self._further = tuple(actions)

    def _fill(self) -> None:
        self.list.clear()
        pairs = self._pairs
        if pairs.loading is not None:
            self.list.addAction(strings.PAIR_CANCEL, pairs.cancel)
            self.list.addSeparator()
        for pair in pairs.remembered:
            self._add(pair)
        self.list.addSeparator()
        if pairs.loaded is not None:
            self.list.addAction(strings.PAIR_UNLOAD, pairs.unload)
        self.list.addActions(list(self._further))

    def _add(self, pair: PairChoice) -> None:
        name = title(pair)
        text = name if pair.drafter_name is None else strings.PAIR_WITH_DRAFTER.format(target=name)
        if pair.context is not None:
            text = strings.PAIR_WITH_CONTEXT.format(pair=text, tokens=count(pair.context))
        action = self.list.addAction(text.replace("&", "&&"), partial(self._pairs.load, pair))
        action.setCheckable(True)
        action.setChecked(pair == (self._pairs.loaded or self._pairs.loading))
