"""Markdown as a column of blocks; a closed block is never rendered again."""

from __future__ import annotations

import time

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import strings
from app.render.blocks import Block, BlockStream, render
from app.render.formulas import SCHEME
from app.render.plain import spoken_text
from app.views.chat.text_block import TextBlock
from app.views.common import fonts
from app.views.common.controls import IconButton
from app.views.common.theme import Theme, ThemeController

_LONG = 4_000
"""Characters up to which an open block is highlighted anew whenever it grows."""
_PLAIN = 30_000
"""Longer blocks are never highlighted: replacing them at the end would stall the window."""
_COPIED_MS = 1600


class CodeBlock(QWidget):
    """A block of code with a button that copies it.

    A long block is appended to as plain text while it is written, and highlighted when it closes.
    """

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.code = ""
        self._plain = False
        self.language = QLabel()
        self.language.setFont(fonts.small())
        self.language.setProperty("tone", "muted")
        self.copy_button = IconButton("copy", strings.COPY_CODE, theme)
        self.copy_button.clicked.connect(self.copy)
        self._text = TextBlock(wrap=False)
        self._text.setFont(fonts.code())
        self._text.setAccessibleName(strings.CODE)
        self._done = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._done.timeout.connect(self._show_idle)
        head = QHBoxLayout()
        head.addWidget(self.language)
        head.addStretch(1)
        head.addWidget(self.copy_button)
        frame = QFrame()
        frame.setObjectName("codeBlock")
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._outer.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(14, 6, 8, 12)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._text)

    @property
    def text(self) -> TextBlock:
        return self._text

    def set_gap(self, gap: int) -> None:
        """Leave `gap` pixels free above the frame."""
        self._outer.setContentsMargins(0, gap, 0, 0)

    def show_block(self, block: Block) -> None:
        code = block.code or ""
        self.language.setText(block.language or strings.CODE)
        if len(code) > (_PLAIN if block.closed else _LONG):
            self._show_plain(code)
        else:
            self._plain = False
            self._text.show_html(block.html)
        self.code = code

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.code)
        self.copy_button.set_icon("check")
        self.copy_button.set_label(strings.COPIED)
        self._done.start()

    def _show_plain(self, code: str) -> None:
        if self._plain and code.startswith(self.code):
            self._text.add(code[len(self.code) :], QTextCharFormat())
        else:
            cursor = QTextCursor(self._text.document())
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(code, QTextCharFormat())
        self._plain = True

    def _show_idle(self) -> None:
        self.copy_button.set_icon("copy")
        self.copy_button.set_label(strings.COPY_CODE)


_GAP = 12
_ABOVE_HEADING = 22
_GROUP = 24
AT_ONCE = 40  # blocks built at once: more than a window shows
SLICE_S = 0.008  # spent on building other blocks in one turn of the event loop

BlockView = TextBlock | CodeBlock


class BlockColumn(QWidget):
    """A column of blocks. Views are built from the last row up; the rest follows in slices."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._blocks: tuple[Block, ...] = ()
        self._views: list[BlockView | None] = []
        self._unbuilt: list[int] = []  # rows; the one to be built next is last
        self._groups: list[QVBoxLayout] = []
        self.changed: list[TextBlock] = []  # by the last `show_blocks`
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._filler = QTimer(self, interval=0)
        self._filler.setObjectName("filler")
        self._filler.timeout.connect(self._fill)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self._blocks

    @property
    def built(self) -> list[BlockView]:
        return [view for view in self._views if view is not None]

    @property
    def filling(self) -> bool:
        """Whether rows are still to be built."""
        return bool(self._unbuilt)

    @property
    def rows(self) -> list[int]:
        """The rows that are built, from the top."""
        return [row for row, view in enumerate(self._views) if view is not None]

    def top_of(self, row: int) -> int | None:
        """Pixels below the top of this column; None where the row is not built."""
        view = self._views[row] if row < len(self._views) else None
        return None if view is None else view.mapTo(self, QPoint(0, 0)).y()

    @property
    def ready(self) -> bool:
        """Whether more rows than a window shows are built, counted from the last."""
        return not self._unbuilt or self._unbuilt[-1] < len(self._blocks) - AT_ONCE

    def texts(self) -> list[TextBlock]:
        """In reading order."""
        return [_text_of(view) for view in self.built]

    def show_blocks(self, blocks: tuple[Block, ...], first: int, *, at_once: int = AT_ONCE) -> None:
        """Show `blocks`, the last `at_once` of them now; those before `first` are as they were."""
        self._blocks = blocks
        self._cut(len(blocks))
        for row in range(first, len(blocks)):
            self._refresh(row, later=row < len(blocks) - at_once)
        self.changed = [_text_of(view) for view in self._views[first:] if view is not None]
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
        end = time.perf_counter() + SLICE_S
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
        view.show()  # Qt would show it by itself only after the next paint

    def _make(self, block: Block) -> BlockView:
        if block.kind == "code":
            return CodeBlock(self.theme, self)
        view = TextBlock(self)
        view.setFont(fonts.reading())
        view.expect_width(self.width())
        return view

    def _group_of(self, row: int) -> QVBoxLayout:
        """Return the group of a row: when the last block grows, only its group is laid out."""
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
        """Drop the rows from `rows` on; an emptied group stays, for new rows are about to come."""
        for view in self._views[rows:]:
            if view is not None:
                for group in self._groups:
                    group.removeWidget(view)
                view.hide()
                view.deleteLater()
        del self._views[rows:]
        self._unbuilt = [row for row in self._unbuilt if row < rows]


def _text_of(view: BlockView) -> TextBlock:
    return view.text if isinstance(view, CodeBlock) else view


def _kind(block: Block) -> type[BlockView]:
    return CodeBlock if block.kind == "code" else TextBlock


def _show_text(view: TextBlock, block: Block) -> None:
    view.goes_on = not block.first
    if view.html != block.html:  # the block may only have been closed
        view.show_html(block.html)
        needs_name = (
            SCHEME in block.html or "<a " in block.html
        )  # a formula or a link can have the focus
        view.setAccessibleName(spoken_text(block.source) if needs_name else "")


def _gap(block: Block) -> int:
    """Return pixels above a block: a heading belongs to what is below."""
    if not block.first:
        return 0
    return _ABOVE_HEADING if block.kind == "heading" else _GAP


_PACE_MS = 1000  # between two paints of a text that is slow to render


class MarkdownView(BlockColumn):
    """A Markdown text that grows by `append`; only another theme renders all of it again."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.source = ""  # all of the Markdown, shown or not
        self._stream: BlockStream | None = None
        self._held = ""  # the part of the source that is not in the stream yet
        self._pace = QTimer(self, singleShot=True, interval=_PACE_MS)
        self._pace.setObjectName("pace")
        self._pace.timeout.connect(self._flush)
        theme.changed.connect(self._on_theme)

    def rendered(self, text: str) -> tuple[Block, ...]:
        """Return the blocks of a finished text; for subclasses."""
        return render(text, self.theme.current.html())

    def set_text(self, text: str, *, at_once: int = AT_ONCE) -> None:
        """Show a finished text, of which the last `at_once` blocks are built now."""
        self.source = text
        self._held, self._stream = "", None
        self.show_blocks(self.rendered(text), 0, at_once=at_once)

    def append(self, text: str) -> None:
        if self._stream is None:  # a finished text is continued
            self._stream = BlockStream(self.theme.current.html())
            self._stream.append(self.source)
        self.source += text
        self._held += text
        if not self._pace.isActive():
            self._flush()

    def finish(self) -> None:
        """Close the open tail; nothing is appended after it."""
        if self._stream is not None:
            self._flush()
            self._pace.stop()
            update = self._stream.finish()
            self.show_blocks(self._stream.blocks, update.first_changed)
            self._stream = None

    def _flush(self) -> None:
        if self._stream is None or not self._held:
            return
        text, self._held = self._held, ""
        update = self._stream.append(text)
        self.show_blocks(self._stream.blocks, update.first_changed)
        if self._stream.laborious:
            self._pace.start()

    def _on_theme(self, theme: Theme) -> None:
        if self._stream is None:
            self.set_text(self.source)
            return
        self._stream = BlockStream(theme.html())
        self._held = ""
        self._stream.append(self.source)
        self.show_blocks(self._stream.blocks, 0)
