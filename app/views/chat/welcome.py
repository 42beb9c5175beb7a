"""The page of an empty chat: which model answers, and a few questions to click.

On the first start it also explains the overlay's numbers.
"""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.common.engine import EngineViewModel, is_built_in
from app.viewmodels.models.models import ModelsViewModel
from app.views.common import fonts
from app.views.common.controls import plain_tip, push_button

_WIDTH = 500
_SIDE = 24


class Welcome(QScrollArea):
    """The page of an empty chat. `first`: the numbers are explained at once."""

    asked = Signal(str)  # the question of a suggestion
    models_asked = Signal()

    def __init__(
        self,
        chat: ChatViewModel,
        engine: EngineViewModel,
        models: ModelsViewModel,
        *,
        first: bool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._chat = chat
        self._engine = engine
        self.own = OwnModels(models)
        self.own.models_asked.connect(self.models_asked)
        self._title = _label(strings.WELCOME_FIRST if first else strings.WELCOME, centred=True)
        self._title.setFont(fonts.title())
        self.note = _label("", centred=True)
        self.note.setProperty("tone", "muted")
        self.suggestions = [self._suggestion(text) for text in strings.SUGGESTIONS]
        self.explain = push_button(strings.EXPLAIN_NUMBERS, "")
        self.explain.setCheckable(True)
        self.numbers = _label(_explained())
        self.numbers.setFont(fonts.small())
        self.numbers.setProperty("tone", "muted")
        self._lay_out()
        self.explain.toggled.connect(self.numbers.setVisible)
        self.explain.setChecked(first)
        self.numbers.setVisible(first)
        chat.changed.connect(self._refresh)
        engine.status_changed.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        body = QWidget()
        body.setMaximumWidth(_WIDTH)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 16, 0, 16)
        column.setSpacing(10)
        column.addStretch(2)
        column.addWidget(self._title)
        column.addWidget(self.note)
        column.addSpacing(6)
        column.addWidget(self.own)
        column.addSpacing(8)
        for button in self.suggestions:
            column.addWidget(button)
        column.addSpacing(6)
        column.addWidget(self.explain, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.numbers)
        column.addStretch(3)
        page = QWidget()
        page.setObjectName("column")
        row = QHBoxLayout(page)
        row.setContentsMargins(_SIDE, 0, _SIDE, 0)
        row.addStretch(1)
        row.addWidget(body, 1000)
        row.addStretch(1)
        self.setObjectName("transcriptArea")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setWidget(page)

    def _suggestion(self, text: str) -> QPushButton:
        button = push_button(text, "card")
        button.clicked.connect(lambda: self.asked.emit(text))
        return button

    def _refresh(self) -> None:
        pair = self._engine.pair
        built_in = pair is not None and is_built_in(pair)
        self.note.setText(strings.WELCOME_BUILT_IN if built_in else strings.WELCOME_NOTE)
        obstacle = self._chat.obstacle
        for button in self.suggestions:
            button.setEnabled(not obstacle)
            button.setToolTip(plain_tip(obstacle))


class OwnModels(QFrame):
    """One line on a real pair: it is here and can be loaded, or fits and can be got."""

    models_asked = Signal()

    def __init__(self, models: ModelsViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setProperty("tone", "quiet")
        self._models = models
        self.text = _label("")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = push_button("", "outline")
        self.button.clicked.connect(self._act)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(10)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        models.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        offer = self._models.first_offer
        self.setVisible(offer is not None)
        if offer is not None:
            self.text.setText(offer.text)
            self.button.setText(offer.act)
            self.setAccessibleName(offer.text)

    def _act(self) -> None:
        offer = self._models.first_offer
        if offer is not None and offer.row is not None:
            self._models.load(offer.row)
            return
        if offer is not None and offer.download is not None:
            self._models.get(offer.download)
        self.models_asked.emit()


def _label(text: str, *, centred: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    if centred:
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return label


def _explained() -> str:
    """Return a sentence for each number of the overlay."""
    return "".join(
        f"<p style='margin: 0 0 5px 0'><b>{escape(name)}</b>&nbsp; {escape(sentence)}</p>"
        for name, sentence in strings.NUMBERS_EXPLAINED
    )
