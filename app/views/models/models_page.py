"""The Models page: what is being fetched, what is on this disk, what there is to get."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.common.undo import Undo
from app.viewmodels.models.models import ModelsViewModel
from app.viewmodels.models.rows import ModelsState
from app.views.common import fonts
from app.views.common.controls import IconButton, push_button
from app.views.common.save_dialog import show_in_folder
from app.views.common.theme import ThemeController
from app.views.models.job_rows import FetchView, JobView
from app.views.models.model_rows import CardView, LocalView, RowList, muted
from app.views.models.offers import FolderOffer, TooBigOffer
from app.views.models.places_list import PlacesList, unfolding
from app.views.notices import Toast

_WIDTH = 860  # pixels, of the column at the most
_EDGE = 24


class ModelsPage(QWidget):
    leave_asked = Signal()

    def __init__(
        self,
        models: ModelsViewModel,
        undo: Undo,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._models = models
        self._theme = theme
        self.leave = push_button(strings.REPORTS_LEAVE, "outline")
        self.add = push_button(strings.MODELS_ADD, "outline")
        self.refresh = IconButton("refresh", strings.MODELS_REFRESH, theme)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.dismiss = IconButton("close", strings.DISMISS, theme)
        self.too_big = TooBigOffer(models.pairs)
        self.goes_on = QCheckBox(strings.FETCH_GOES_ON)
        self.fetches = RowList(strings.MODELS_FETCHING, self._fetch_view)
        self.jobs = RowList(strings.MODELS_JOBS, self._job_view)
        self.local = RowList(strings.MODELS_HERE, self._local_view)
        self.empty = muted("")
        self.folder_offer = FolderOffer(models)
        self.unusable_toggle = _disclosure()
        self.unusable = RowList("", self._local_view)
        self.cards = RowList(strings.MODELS_GET, self._card_view)
        self.places_toggle = _disclosure()
        self.places = PlacesList()
        self._lay_out()
        self.toast = Toast(undo, theme, self._floor)
        self._connect()
        self._say("")
        self._show(models.state)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Look again: models come and go while the page is not shown."""
        super().showEvent(event)
        if not event.spontaneous():
            self._models.refresh()
            self._first_button().setFocus()

    def _first_button(self) -> QPushButton:
        """Return the button of the first row in which something can be done."""
        views = (*self.local.views.values(), *self.cards.views.values())
        able = (view.button for view in views if view.button.isEnabled())
        return next(able, self.leave)

    def ask_for_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, strings.MODELS_ADD_TITLE)
        if chosen:
            self._models.add_folder(Path(chosen))

    def _connect(self) -> None:
        models = self._models
        self.leave.clicked.connect(self.leave_asked)
        for add in (self.add, self.folder_offer.load):
            add.clicked.connect(self.ask_for_folder)
        self.refresh.clicked.connect(models.refresh)
        self.dismiss.clicked.connect(lambda: self._say(""))
        self.goes_on.clicked.connect(lambda on: models.fetching.let_go_on(goes_on=on))
        self.unusable_toggle.toggled.connect(lambda: self._show(models.state))
        self.places_toggle.toggled.connect(lambda: self._show(models.state))
        self.places.forget_asked.connect(models.forget_folder)
        models.changed.connect(self._show)
        models.said.connect(self._on_said)

    def _on_said(self, words: str) -> None:
        if self.isVisible():  # or else it stands above the conversation
            self._say(words)

    def _say(self, words: str) -> None:
        self.note.setText(words)
        self._note_row.setVisible(bool(words))

    def _show(self, state: ModelsState) -> None:
        for fetch in state.fetches:
            self.fetches.view(fetch.repository).show_row(fetch)
        self.fetches.arrange([fetch.repository for fetch in state.fetches])
        self._fetching.setVisible(bool(state.fetches))
        self.goes_on.setChecked(state.goes_on)
        for job in state.jobs:
            self.jobs.view(job.key).show_row(job)
        self.jobs.arrange([job.key for job in state.jobs])
        self._making.setVisible(bool(state.jobs))
        self._show_local(state)
        for card in state.cards:
            self.cards.view(card.title).show_row(card)
        self.cards.arrange([card.title for card in state.cards])
        self._getting.setVisible(bool(state.cards))
        self.refresh.setEnabled(not state.is_looking)
        self.places_toggle.setVisible(bool(state.places))
        _unfold(self.places_toggle, unfolding(state.places))
        self.places.show_rows(state.places, shown=self.places_toggle.isChecked())

    def _show_local(self, state: ModelsState) -> None:
        for row in state.local:
            self.local.view(row.key).show_row(row)
        self.local.arrange([row.key for row in state.local])
        self.empty.setText(_nothing(state))
        self.empty.setVisible(bool(self.empty.text()))
        self.folder_offer.setVisible(state.offers_folder)
        count = len(state.unusable)
        words = strings.MODELS_UNUSABLE_ONE if count == 1 else strings.MODELS_UNUSABLE
        _unfold(self.unusable_toggle, words.format(count=count))
        self.unusable_toggle.setVisible(count > 0)
        for row in state.unusable:
            self.unusable.view(row.key).show_row(row)
        self.unusable.arrange([row.key for row in state.unusable])
        self.unusable.setVisible(count > 0 and self.unusable_toggle.isChecked())

    # Rows

    def _local_view(self) -> LocalView:
        view, models = LocalView(self._theme), self._models
        view.load_asked.connect(models.load)
        view.stop_asked.connect(models.stop_loading)
        view.finish_asked.connect(models.finish)
        view.drafter_asked.connect(models.get_drafter)
        view.copy_of_asked.connect(models.work.make_copy)
        view.remove_asked.connect(models.ask_to_remove)
        view.options_asked.connect(models.choose_options)
        view.reveal_asked.connect(lambda path: show_in_folder(Path(path)))
        view.copy_asked.connect(lambda path: QGuiApplication.clipboard().setText(path))
        return view

    def _card_view(self) -> CardView:
        view = CardView(self._theme)
        view.get_asked.connect(self._models.get)
        view.try_asked.connect(self._models.work.try_size)
        return view

    def _job_view(self) -> JobView:
        view = JobView(self._theme)
        view.act_asked.connect(self._models.work.converting.act)
        view.end_asked.connect(self._models.work.end)
        return view

    def _fetch_view(self) -> FetchView:
        view, fetching = FetchView(self._theme), self._models.fetching
        view.pause_asked.connect(fetching.pause)
        view.resume_asked.connect(fetching.resume)
        view.cancel_asked.connect(fetching.cancel)
        return view

    # Layout

    def _lay_out(self) -> None:
        title = QLabel(strings.MODELS)
        title.setFont(fonts.title())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(title, 1)
        for button in (self.refresh, self.add, self.leave):
            row.addWidget(button)
        self._note_row = QFrame()
        self._note_row.setObjectName("banner")
        self._note_row.setProperty("tone", "quiet")
        note = QHBoxLayout(self._note_row)
        note.setContentsMargins(16, 8, 10, 8)
        note.addWidget(self.note, 1)
        note.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self._floor = QWidget()
        self._floor.setFixedHeight(16)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, 16, _EDGE, 0)
        column.setSpacing(10)
        head = QWidget()
        top = QVBoxLayout(head)
        top.setContentsMargins(0, 0, 0, 0)
        top.addLayout(row)
        top.addWidget(self._note_row)
        top.addWidget(self.too_big)
        area = self._scrolled(self._body())
        column.addWidget(_beside(area, head))
        column.addWidget(area, 1)
        column.addWidget(self._floor)

    def _body(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 6, 0, 12)
        column.setSpacing(8)
        self._fetching = _section(strings.MODELS_FETCHING, self.fetches, self.goes_on)
        self._getting = _section(strings.MODELS_GET, muted(strings.MODELS_GET_NOTE), self.cards)
        self._making = _section(strings.MODELS_JOBS, self.jobs)
        column.addWidget(self._fetching)
        column.addWidget(self._making)
        column.addWidget(
            _section(
                strings.MODELS_HERE, self.local, self.empty, self.folder_offer,
                self.unusable_toggle, self.unusable, self.places_toggle, self.places,
            )
        )  # fmt: skip
        column.addWidget(self._getting)
        column.addStretch(1)
        return body

    def _scrolled(self, body: QWidget) -> QScrollArea:
        page = _centred(body)
        page.setObjectName("column")
        area = QScrollArea()
        area.setObjectName("transcriptArea")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidgetResizable(True)
        area.setWidget(page)
        return area


def _centred(part: QWidget) -> QWidget:
    part.setMaximumWidth(_WIDTH)
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.addStretch(1)
    row.addWidget(part, 1000)
    row.addStretch(1)
    return line


def _beside(area: QScrollArea, part: QWidget) -> QWidget:
    """Centre what stands above an area as its content is, which a scroll bar moves aside."""
    line, bar = _centred(part), area.verticalScrollBar()
    bar.rangeChanged.connect(
        lambda least, most: line.setContentsMargins(
            0, 0, bar.sizeHint().width() if most > least else 0, 0
        )
    )
    return line


def _nothing(state: ModelsState) -> str:
    """Return what stands in place of models, or above those of an earlier look."""
    if state.trouble:
        return state.trouble
    if not state.is_listed:
        return strings.MODELS_LOOKING
    return "" if state.local else strings.MODELS_NONE


def _section(title: str, *parts: QWidget) -> QWidget:
    section = QWidget()
    column = QVBoxLayout(section)
    column.setContentsMargins(0, 0, 0, 14)
    column.setSpacing(8)
    head = QLabel(title)
    head.setFont(fonts.strong())
    column.addWidget(head)
    for part in parts:
        left = isinstance(part, QPushButton | QCheckBox)
        column.addWidget(part, 0, *([Qt.AlignmentFlag.AlignLeft] if left else []))
    return section


def _unfold(button: QPushButton, words: str) -> None:
    """Write what a button shows and hides, with an arrow that says which."""
    button.setText(f"{'▾' if button.isChecked() else '▸'} {words}")
    button.setAccessibleName(words)


def _disclosure() -> QPushButton:
    button = push_button("", "disclosure")
    button.setCheckable(True)
    return button
