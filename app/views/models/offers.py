"""What the window asks about models: lines above the conversation, and questions before an act."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMessageBox, QWidget

from app import strings
from app.domain.models import RemovalPlan
from app.domain.settings import PairChoice
from app.viewmodels.models.converting import CopyOrder
from app.viewmodels.models.models import ModelsViewModel
from app.viewmodels.models.switching import PairSwitching, Refusal, title
from app.viewmodels.models.trying import TrialOrder
from app.views.common.controls import push_button


class _Offer(QFrame):
    """A line with two answers; hidden while there is nothing to offer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setProperty("tone", "quiet")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.load = push_button("", "outline")
        self.keep = push_button("", "outline")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        row.addWidget(self.keep)
        row.addWidget(self.load)

    def say(self, text: str) -> None:
        self.text.setText(text)
        self.setAccessibleName(text)


class PairOffer(_Offer):
    """The offer to load the pair that the open chat was written by."""

    def __init__(self, pairs: PairSwitching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs = pairs
        self.load.setText(strings.PAIR_OFFER_LOAD)
        self.load.clicked.connect(pairs.accept)
        self.keep.clicked.connect(pairs.decline)
        pairs.offered.connect(self._show)
        self._show(pairs.offer)

    def _show(self, offer: PairChoice | None) -> None:
        self.setVisible(offer is not None)
        loaded = self._pairs.loaded
        if offer is not None and loaded is not None:
            self.say(strings.PAIR_OFFER.format(name=title(offer)))
            self.keep.setText(strings.PAIR_OFFER_KEEP.format(name=title(loaded)))


class TooBigOffer(_Offer):
    """The offer to load a pair anyway that was refused because it is too big."""

    def __init__(self, pairs: PairSwitching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "warning")
        self.load.setText(strings.PAIR_TOO_BIG_LOAD)
        self.keep.setText(strings.PAIR_TOO_BIG_LEAVE)
        self.load.clicked.connect(pairs.load_anyway)
        self.keep.clicked.connect(pairs.drop_refusal)
        pairs.refused.connect(self._show)
        self._show(pairs.refusal)

    def _show(self, refusal: Refusal | None) -> None:
        self.setVisible(refusal is not None)
        self.say("" if refusal is None else refusal.words)


class FetchOffer(_Offer):
    """The offer to go on with what was being fetched when the window was last closed."""

    def __init__(self, models: ModelsViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fetching = models.fetching
        self.load.setText(strings.FETCH_OFFER_ACCEPT)
        self.keep.setText(strings.FETCH_OFFER_DECLINE)
        self.load.clicked.connect(self._fetching.accept)
        self.keep.clicked.connect(self._fetching.decline)
        self._fetching.offered.connect(self._show)
        self._show()

    def _show(self) -> None:
        offers = self._fetching.offers
        self.setVisible(bool(offers))
        names = ", ".join(one.title or one.repository for one in offers)
        self.say(strings.FETCH_OFFER.format(names=names))


class FolderOffer(_Offer):
    """The offer to add the folder of models that are kept where no program looks by itself."""

    def __init__(self, models: ModelsViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.load.setText(strings.MODELS_ADD)
        self.keep.setText(strings.MODELS_FOLDER_DECLINE)
        self.keep.clicked.connect(models.decline_folder)
        self.say(strings.MODELS_FOLDER_OFFER)


class ModelQuestions(QObject):
    """Asks before what costs: loading what is too big, trying a size, and removing a model."""

    def __init__(self, models: ModelsViewModel, window: QWidget) -> None:
        super().__init__(window)
        self._models = models
        self._window = window
        self._is_asking = False  # whether to remove a model
        models.asked_to_load.connect(self._ask_to_load)
        models.asked_to_remove.connect(self._ask_to_remove)
        models.work.trying.asked.connect(self._ask_to_try)
        models.work.converting.asked.connect(self._ask_to_convert)
        models.work.converting.asked_to_discard.connect(self._ask_to_discard)

    def _ask_to_load(self, choice: PairChoice, question: str) -> None:
        act = strings.MODEL_LOAD_ANYWAY_NOW if choice.anyway else strings.MODEL_LOAD
        if agrees(self._window, question, act, QMessageBox.ButtonRole.AcceptRole):
            self._models.load_choice(choice)

    def _ask_to_remove(self, plan: RemovalPlan, question: str) -> None:
        """Ask once: while the question is open, the answer to a second click may come."""
        if self._is_asking:
            return
        self._is_asking = True
        role = QMessageBox.ButtonRole.DestructiveRole
        is_agreed = agrees(self._window, question, strings.MODEL_REMOVE_NOW, role)
        self._is_asking = False
        if is_agreed:
            self._models.remove(plan)

    def _ask_to_try(self, order: TrialOrder, question: str, act: str) -> None:
        if agrees(self._window, question, act, QMessageBox.ButtonRole.AcceptRole):
            self._models.work.trying.begin(order)

    def _ask_to_convert(self, order: CopyOrder, question: str) -> None:
        role = QMessageBox.ButtonRole.AcceptRole
        if agrees(self._window, question, strings.COPY_NOW, role):
            self._models.work.converting.begin(order)

    def _ask_to_discard(self, key: str, question: str) -> None:
        role = QMessageBox.ButtonRole.DestructiveRole
        if agrees(self._window, question, strings.COPY_DISCARD_NOW, role):
            self._models.work.converting.discard(key)


def agrees(window: QWidget, question: str, act: str, role: QMessageBox.ButtonRole) -> bool:
    """Ask a question, which may quote names of strangers; return whether the user wants to act."""
    box = QMessageBox(QMessageBox.Icon.Question, strings.APP_NAME, question, parent=window)
    box.setTextFormat(Qt.TextFormat.PlainText)
    agree = box.addButton(act, role)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    if role == QMessageBox.ButtonRole.DestructiveRole:
        box.setDefaultButton(cancel)
    box.exec()
    return box.clickedButton() is agree
