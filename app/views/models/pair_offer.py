"""The offer to load the pair that the open chat was written by."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app import strings
from app.domain.settings import PairChoice
from app.viewmodels.models.switching import PairSwitching, title
from app.views.common.controls import push_button


class PairOffer(QFrame):
    """A line above the conversation; hidden while there is nothing to offer."""

    def __init__(self, pairs: PairSwitching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setProperty("tone", "quiet")
        self._pairs = pairs
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.load = push_button(strings.PAIR_OFFER_LOAD, "outline")
        self.keep = push_button("", "outline")
        self.load.clicked.connect(pairs.accept)
        self.keep.clicked.connect(pairs.decline)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        row.addWidget(self.keep)
        row.addWidget(self.load)
        pairs.offered.connect(self._show)
        self._show(pairs.offer)

    def _show(self, offer: PairChoice | None) -> None:
        self.setVisible(offer is not None)
        loaded = self._pairs.loaded
        if offer is not None and loaded is not None:
            self.text.setText(strings.PAIR_OFFER.format(name=title(offer)))
            self.setAccessibleName(self.text.text())
            self.keep.setText(strings.PAIR_OFFER_KEEP.format(name=title(loaded)))
