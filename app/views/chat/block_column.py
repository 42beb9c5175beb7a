"""Blocks below each other. Of many at once the last are there at once, the others soon."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.render.blocks import Block
from app.render.formula_html import SCHEME
from app.render.plain import spoken_text
from app.views.chat.code_block import CodeBlock
from app.views.chat.text_block import TextBlock
from app.views.common import fonts
from app.views.common.theme import ThemeController

_GAP = 12
_ABOVE_HEADING = 22
_GROUP = 24
_AT_ONCE = 40  # blocks: more than a window shows
_SLICE_S = 0.004  # for building the others, between two looks at what the user does

BlockView = TextBlock | CodeBlock


class BlockColumn(QWidget):
    """A row has no view until it is built; `filling` comes before some are, above all others."""

    filling = Signal()

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._blocks: tuple[Block, ...] = ()
        self._views: list[BlockView | None] = []
        self._unbuilt: list[int] = []  # rows, the next one last
        self._groups: list[QVBoxLayout] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._filler = QTimer(self, interval=0)
        self._filler.timeout.connect(self._fill)

    @property
    def built(self) -> list[BlockView]:
        return [view for view in self._views if view is not None]

    def texts(self) -> list[TextBlock]:
        """In reading order."""
        return [view.text if isinstance(view, CodeBlock) else view for view in self.built]

    def show_blocks(self, blocks: tuple[Block, ...], first: int) -> None:
        """Those before `first` are as they were."""
        self._blocks = blocks
        self._cut(len(blocks))
        for row in range(first, len(blocks)):
            self._refresh(row, later=row < len(blocks) - _AT_ONCE)
        if self._unbuilt:
            self._filler.start()

    def _refresh(self, row: int, *, later: bool) -> None:
        view = self._views[row] if row < len(self._views) else None
        if view is not None and not isinstance(view, _kind(self._blocks[row])):
            self._cut(row)
            view = None
        if row == len(self._views):
            self._views.append(None)
            self._unbuilt.append(row)
        if view is not None or not later:
            self._build(row)

    def _fill(self) -> None:
        self.filling.emit()
        end = time.perf_counter() + _SLICE_S
        while self._unbuilt and time.perf_counter() < end:
            self._build(self._unbuilt[-1])
        if not self._unbuilt:
            self._filler.stop()

    def _build(self, row: int) -> None:
        block, view = self._blocks[row], self._views[row]
        if view is None:
            view = self._views[row] = self._make(block)
            self._unbuilt.remove(row)
            group = self._group_of(row)
            above = self._views[row - row % _GROUP : row]
            group.insertWidget(sum(other is not None for other in above), view)
        view.set_gap(_gap(block) if row else 0)
        if isinstance(view, CodeBlock):
            view.show_block(block)
        else:
            _show_text(view, block)
        view.show()  # by itself it would be given its place only after the next paint

    def _make(self, block: Block) -> BlockView:
        if block.kind == "code":
            return CodeBlock(self._theme, self)
        view = TextBlock(self)
        view.setFont(fonts.reading())
        view.expect_width(self.width())
        return view

    def _group_of(self, row: int) -> QVBoxLayout:
        """Blocks in groups: when the last one grows, only its group's heights are added up."""
        while row // _GROUP >= len(self._groups):
            group = QVBoxLayout()
            group.setSpacing(0)
            holder = QWidget()
            holder.setLayout(group)
            group.setContentsMargins(0, 0, 0, 0)
            self._groups.append(group)
            self._column.addWidget(holder)
            holder.show()
        return self._groups[row // _GROUP]

    def _cut(self, rows: int) -> None:
        """An emptied group keeps its place: what was dropped is about to be replaced."""
        for view in self._views[rows:]:
            if view is not None:
                for group in self._groups:
                    group.removeWidget(view)
                view.hide()
                view.deleteLater()
        del self._views[rows:]
        self._unbuilt = [row for row in self._unbuilt if row < rows]


def _kind(block: Block) -> type[BlockView]:
    return CodeBlock if block.kind == "code" else TextBlock


def _show_text(view: TextBlock, block: Block) -> None:
    view.goes_on = not block.first
    if view.html != block.html:  # it may only have been closed
        view.show_html(block.html)
        needs_name = SCHEME in block.html or "<a " in block.html  # it can have the focus
        view.setAccessibleName(spoken_text(block.source) if needs_name else "")


def _gap(block: Block) -> int:
    """The room above it: a heading belongs to what is below."""
    if not block.first:
        return 0
    return _ABOVE_HEADING if block.kind == "heading" else _GAP
