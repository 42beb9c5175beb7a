"""A column that follows what is added at its end until the reader scrolls up, then holds still.

The reader's place is a value, `ScrollAnchor`: taken from the column's geometry, and restored. The
functions on it are pure. Positions are pixels from the top of the column; `value` and `maximum`
are the scroll bar's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app import strings
from app.views.common.controls import IconButton
from app.views.common.theme import ThemeController

NEAR_END = 8
"""A reader this many pixels above the end still follows it."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of the column: a block of a message, a message, or the column as a whole."""

    offset: int  # pixels from the top of the viewport down to the part's top
    message: str = ""  # id; "": the column
    block: int | None = None  # row in the message; None: the message as a whole


@dataclass(frozen=True, slots=True)
class ScrollAnchor:
    """The reader's place: the end of the column (no marks), or the first mark that still exists.

    A reader at the end follows what is added. Elsewhere the mark keeps its place in the viewport,
    whatever comes or goes above and below.
    """

    marks: tuple[Mark, ...] = ()

    @property
    def following(self) -> bool:
        return not self.marks


AT_THE_END = ScrollAnchor()


class Messages(Protocol):
    """The geometry of a column of messages."""

    def messages(self) -> Sequence[str]:
        """Return the ids of the messages, from the top."""
        ...

    def blocks(self, message: str) -> Sequence[int]:
        """Return the rows of the message's shown blocks, from the top; () where it has none."""
        ...

    def top(self, message: str, block: int | None = None) -> int | None:
        """Return the top of a message, or of one of its blocks.

        None where the column does not have it, or has not laid it out yet.
        """
        ...


def anchor_at(value: int, maximum: int, column: Messages) -> ScrollAnchor:
    """Return the place of a reader who has scrolled to `value`."""
    return AT_THE_END if value >= maximum - NEAR_END else marks_at(value, column)


def marks_at(value: int, column: Messages) -> ScrollAnchor:
    """Return what is at the top of the viewport: block, message and column, the finest first."""
    marks = [Mark(-value)]
    message = _nearest(value, column.messages(), column.top)
    if message is not None:
        marks.insert(0, Mark((column.top(message) or 0) - value, message))
        rows = column.blocks(message)
        block = _nearest(value, rows, lambda row: column.top(message, row))
        if block is not None:
            marks.insert(0, Mark((column.top(message, block) or 0) - value, message, block))
    return ScrollAnchor(tuple(marks))


def value_of(anchor: ScrollAnchor, maximum: int, column: Messages) -> int:
    """Return the scroll bar's value that puts the reader back; it may be beyond `maximum`."""
    for mark in anchor.marks:
        top = _top(mark, column)
        if top is not None:
            return top - mark.offset
    return maximum


def remeasured(anchor: ScrollAnchor, value: int, column: Messages) -> ScrollAnchor:
    """Return the anchor with the offsets of its marks at `value`, without the marks that are gone.

    Parts that were inserted between two marks have moved them apart.
    """
    tops = [(mark, _top(mark, column)) for mark in anchor.marks]
    return ScrollAnchor(
        tuple(replace(mark, offset=top - value) for mark, top in tops if top is not None)
    )


def _top(mark: Mark, column: Messages) -> int | None:
    return column.top(mark.message, mark.block) if mark.message else 0


def _nearest(value: int, parts: Sequence[_T], top: Callable[[_T], int | None]) -> _T | None:
    """Return the last part that begins at or above the top of the viewport, or else the first.

    Parts that were added but not laid out yet have no top.
    """
    tops = [(place, part) for part in parts if (place := top(part)) is not None]
    above = [pair for pair in tops if pair[0] <= value]
    if above:
        return max(above, key=lambda pair: pair[0])[1]
    return tops[0][1] if tops else None


COLUMN_WIDTH = 760
SPACING = 14
_SIDE = 28
_ROUND = 34  # pixels across the button that jumps to the end
_USUAL = 200  # pixels: the height of most messages
_LAYOUT = QEvent.Type.LayoutRequest.value


class RoomBelow(QWidget):
    """Empty space as high as the views that were taken down below, so that the scroll bar stays.

    Views are taken down because a chat may have thousands of messages, and Qt would lay out all of
    them again and again. The height of the nearest message is the last of `_heights`.
    """

    def __init__(self, spacing: int) -> None:
        super().__init__()
        self._spacing = spacing
        self._heights: list[int] = []
        self._fit()

    def __len__(self) -> int:
        """Return how many messages it stands for."""
        return len(self._heights)

    def __bool__(self) -> bool:
        return bool(self._heights)

    def put(self, height: int) -> None:
        self._heights.append(height)
        self._fit()

    def extend(self, count: int) -> None:
        """Add messages at the far end, at a usual height until they have views."""
        self._heights[:0] = [_USUAL] * count
        self._fit()

    def take(self) -> None:
        """Drop the nearest message, which has a view again."""
        self._heights.pop()
        self._fit()

    def keep(self, count: int) -> None:
        """Keep only the nearest `count` messages: the others are gone from the chat."""
        self._heights = self._heights[len(self._heights) - count :] if count else []
        self._fit()

    def _fit(self) -> None:
        between = self._spacing * (len(self._heights) - 1)
        self.setVisible(bool(self._heights))
        self.setFixedHeight(max(0, sum(self._heights) + between))


class ScrolledColumn(QScrollArea):
    """A column of widgets that keeps the reader's place while widgets come and go."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcriptArea")
        self._anchor = AT_THE_END
        self._restoring = False
        self.column = QVBoxLayout()
        self.latest = IconButton("chevron_down", strings.GO_TO_END, theme, self)
        self.latest.setFixedSize(_ROUND, _ROUND)
        self._lay_out()
        self.latest.clicked.connect(self.scroll_to_end)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_grown)

    @property
    def following(self) -> bool:
        return self._anchor.following

    def scroll_to_end(self) -> None:
        self._anchor = AT_THE_END
        self._restore()

    def follow(self) -> None:
        """Follow the end from the next layout on."""
        self._anchor = AT_THE_END

    def stay(self) -> None:
        """Keep what is at the top of the viewport where it is, instead of following the end."""
        if self.following:
            self._anchor = marks_at(self.verticalScrollBar().value(), self)

    def show_area(self, area: QRect) -> bool:
        """Scroll so that `area` of the column is in sight; False where it is already."""
        bar, page = self.verticalScrollBar(), self.viewport().height()
        top = bar.value()
        if top <= area.top() and area.bottom() <= top + page:
            return False
        bar.setValue(area.top() - page // 3)
        return bar.value() != top

    def lay_out_now(self, changed: Iterable[QWidget]) -> None:
        """Lay out `changed` widgets and all that are around them, before the next paint.

        Qt lays out one level for each turn of the event loop, from the inside, and would paint each
        time.
        """
        for widget in changed:
            around: QWidget | None = widget
            while around is not None and around is not self:
                QCoreApplication.sendPostedEvents(around, _LAYOUT)
                around = around.parentWidget()
        QCoreApplication.sendPostedEvents(self, _LAYOUT)

    def messages(self) -> Sequence[str]:
        """See `Messages`; for subclasses."""
        return ()

    def blocks(self, message: str) -> Sequence[int]:
        """See `Messages`; for subclasses."""
        del message
        return ()

    def top(self, message: str, block: int | None = None) -> int | None:
        """See `Messages`; for subclasses."""
        del message, block
        return None

    def scrolled(self) -> None:
        """Handle scrolling: other messages may be in sight now. For subclasses."""

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
        self.latest.setObjectName("latest")
        self.latest.hide()

    def _on_scrolled(self, value: int) -> None:
        if not self._restoring:
            self._anchor = anchor_at(value, self.verticalScrollBar().maximum(), self)
        self._place_latest()
        self.scrolled()

    def _on_grown(self) -> None:
        self._restore()
        self._balance()
        self._place_latest()
        self.scrolled()

    def _restore(self) -> None:
        """Scroll to the anchor; while the column is too short for that, the anchor stays."""
        bar = self.verticalScrollBar()
        wanted = value_of(self._anchor, bar.maximum(), self)
        self._restoring = True
        bar.setValue(wanted)
        self._restoring = False
        if bar.value() == wanted:
            self._anchor = remeasured(self._anchor, wanted, self)

    def _balance(self) -> None:
        """Take the scroll bar's width from the margin, so that the column stays where it is."""
        taken = self.width() - self.viewport().width()
        self._row.setContentsMargins(_SIDE, 0, max(0, _SIDE - taken), 0)

    def _place_latest(self) -> None:
        bar = self.verticalScrollBar()
        self.latest.setVisible(not self.following and bar.value() < bar.maximum() - NEAR_END)
        size = self.latest.size()
        self.latest.move(
            (self.viewport().width() - size.width()) // 2,
            self.viewport().height() - size.height() - 10,
        )
        self.latest.raise_()
