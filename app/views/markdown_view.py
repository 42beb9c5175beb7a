"""Markdown as a column of blocks; what is closed is never rendered again."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.render.blocks import Block, BlockStream, render
from app.render.formula_html import SCHEME
from app.render.plain import spoken_text
from app.views import fonts
from app.views.code_block import CodeBlock
from app.views.text_block import TextBlock
from app.views.theme import Theme, ThemeController

_GAP = 12
_ABOVE_HEADING = 22
_PACE_MS = 1000  # between two paints of what is laborious to render
_GROUP = 24


class MarkdownView(QWidget):
    """Grows by `append`; a change of theme is the one reason to start over."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._source = ""
        self._stream: BlockStream | None = None
        self._held = ""  # of the source: not yet in the stream
        self._pace = QTimer(self, singleShot=True, interval=_PACE_MS)
        self._pace.timeout.connect(self._flush)
        self._views: list[TextBlock | CodeBlock] = []
        self._groups: list[QVBoxLayout] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        theme.changed.connect(self._on_theme)

    def texts(self) -> list[TextBlock]:
        """In reading order."""
        return [view.text if isinstance(view, CodeBlock) else view for view in self._views]

    def set_text(self, text: str) -> None:
        """A finished text."""
        self._source = text
        self._held, self._stream = "", None
        self._show(render(text, self._theme.current.html()), 0)

    def append(self, text: str) -> None:
        if self._stream is None:  # what is there was finished, and goes on
            self._stream = BlockStream(self._theme.current.html())
            self._stream.append(self._source)
        self._source += text
        self._held += text
        if not self._pace.isActive():
            self._flush()

    def finish(self) -> None:
        """Close the open tail; nothing is appended after it."""
        if self._stream is not None:
            self._flush()
            self._pace.stop()
            update = self._stream.finish()
            self._show(self._stream.blocks, update.first_changed)
            self._stream = None

    def _flush(self) -> None:
        if self._stream is None or not self._held:
            return
        text, self._held = self._held, ""
        update = self._stream.append(text)
        self._show(self._stream.blocks, update.first_changed)
        if self._stream.laborious:
            self._pace.start()

    def _on_theme(self, theme: Theme) -> None:
        if self._stream is None:
            self.set_text(self._source)
            return
        self._stream = BlockStream(theme.html())
        self._held = ""
        self._stream.append(self._source)
        self._show(self._stream.blocks, 0)

    def _show(self, blocks: tuple[Block, ...], first: int) -> None:
        for row in range(first, len(blocks)):
            self._show_block(row, blocks[row])
        while len(self._views) > len(blocks):
            self._drop(self._views.pop())

    def _show_block(self, row: int, block: Block) -> None:
        wanted = CodeBlock if block.kind == "code" else TextBlock
        if row < len(self._views) and not isinstance(self._views[row], wanted):
            for view in self._views[row:]:
                self._drop(view)
            del self._views[row:]
        if row == len(self._views):
            self._views.append(self._make(block))
            self._group_of(row).addWidget(self._views[row])
        view = self._views[row]
        view.set_gap(_gap(block) if row else 0)
        if isinstance(view, CodeBlock):
            view.show_block(block)
            return
        view.goes_on = not block.first
        if view.html != block.html:  # it may only have been closed
            view.show_html(block.html)
            needs_name = SCHEME in block.html or "<a " in block.html  # it can have the focus
            view.setAccessibleName(spoken_text(block.source) if needs_name else "")
        view.show()  # by itself it would be given its place only after the next paint

    def _make(self, block: Block) -> TextBlock | CodeBlock:
        if block.kind == "code":
            return CodeBlock(self._theme, self)
        view = TextBlock(self)
        view.setFont(fonts.reading())
        view.expect_width(self.width())
        return view

    def _group_of(self, row: int) -> QVBoxLayout:
        """Blocks in groups: when the last one grows, only its group's heights are added up."""
        if row // _GROUP == len(self._groups):
            group = QVBoxLayout()
            group.setSpacing(0)
            holder = QWidget()
            holder.setLayout(group)
            group.setContentsMargins(0, 0, 0, 0)
            self._groups.append(group)
            self._column.addWidget(holder)
            holder.show()
        return self._groups[row // _GROUP]

    def _drop(self, view: QWidget) -> None:
        """An emptied group keeps its place: what was dropped is about to be replaced."""
        for group in self._groups:
            group.removeWidget(view)
        view.hide()
        view.deleteLater()


def _gap(block: Block) -> int:
    """The room above it: a heading belongs to what is below."""
    if not block.first:
        return 0
    return _ABOVE_HEADING if block.kind == "heading" else _GAP
