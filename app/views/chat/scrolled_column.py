"""A column that follows what is added at its end until one scrolls up, and then holds still."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app import strings
from app.views.common.controls import IconButton
from app.views.common.theme import ThemeController

COLUMN_WIDTH = 760
SPACING = 14
_SIDE = 28
_SETTLING_MS = 250
_BOTTOM = 8
_LEVELS = 8  # of widgets, from a line of code to the column


class ScrolledColumn(QScrollArea):
    """Widgets come and go in `column`; what one reads stays where it is.

    Heights come in one by one while Qt lays out: a place is held until none has come for a while.
    """

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcriptArea")
        self._following = True
        self._held: int | None = None  # what lies below the eye, while something comes in above
        self._kept: int | None = None  # where one reads, while something else is laid out below
        self._settled = QTimer(self, singleShot=True, interval=_SETTLING_MS)
        self._settled.timeout.connect(self._let_go)
        self.column = QVBoxLayout()
        self._latest = IconButton("chevron_down", strings.JUMP_TO_LATEST, theme, self)
        self._lay_out()
        self._latest.clicked.connect(self.scroll_to_end)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_grown)

    @property
    def following(self) -> bool:
        return self._following

    def scroll_to_end(self) -> None:
        self._following = True
        self._kept = None
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def lay_out_now(self) -> None:
        """What was added takes its place at once: else it would be painted before it has it, and
        everything again with each layout that takes note of it.
        """
        for _ in range(_LEVELS):  # a new height climbs one level each time
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)

    def hold(self) -> None:
        """What comes or goes above the eye must not move what is before it."""
        bar = self.verticalScrollBar()
        self._held = bar.maximum() - bar.value()
        self._settled.start()

    def keep(self) -> None:
        """What comes or goes below the eye must not either."""
        self._kept = self.verticalScrollBar().value()
        self._settled.start()

    def make_room(self, view: QWidget) -> None:
        """Something comes in at its top, which may be above the eye."""
        if not self._following and view.y() < self.verticalScrollBar().value():
            self.hold()

    def follow(self, *, wanted: bool) -> None:
        self._following = wanted
        if wanted:
            self._kept = None

    def scrolled(self) -> None:
        """For those who build on this: the eye has moved."""

    def settled(self) -> bool:
        """For those who build on this: nothing more will come in by itself."""
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._balance()
        self._place_latest()

    def _lay_out(self) -> None:
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        page.setObjectName("transcript")
        column = QWidget()
        column.setObjectName("column")
        column.setMaximumWidth(COLUMN_WIDTH)
        column.setLayout(self.column)
        self.column.setContentsMargins(0, 28, 0, 28)
        self.column.setSpacing(SPACING)
        self.column.addStretch(1)
        self._row = row = QHBoxLayout(page)
        row.addStretch(1)
        row.addWidget(column, 1000)
        row.addStretch(1)
        self.setWidget(page)
        self._latest.setObjectName("latest")
        self._latest.hide()

    def _on_scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if self._kept is None:
            self._following = value >= bar.maximum() - _BOTTOM
        if self._held is not None:
            self._held = bar.maximum() - value  # one scrolls on meanwhile
        self._place_latest()
        self.scrolled()

    def _on_grown(self, _minimum: int, maximum: int) -> None:
        if self._held is not None:
            self.verticalScrollBar().setValue(maximum - self._held)
            self._settled.start()
        elif self._kept is not None:
            self.verticalScrollBar().setValue(self._kept)
            self._settled.start()
        elif self._following:
            self.verticalScrollBar().setValue(maximum)
        self._balance()
        self._place_latest()

    def _let_go(self) -> None:
        if not self.settled():
            self._settled.start()
            return
        self._held = self._kept = None
        self.scrolled()

    def _balance(self) -> None:
        """The scroll bar takes its room from the margin: the column stays where it is."""
        taken = self.width() - self.viewport().width()
        self._row.setContentsMargins(_SIDE, 0, max(0, _SIDE - taken), 0)

    def _place_latest(self) -> None:
        bar = self.verticalScrollBar()
        self._latest.setVisible(not self._following and bar.value() < bar.maximum() - _BOTTOM)
        size = self._latest.sizeHint()
        self._latest.move(
            (self.viewport().width() - size.width()) // 2,
            self.viewport().height() - size.height() - 10,
        )
        self._latest.raise_()
