"""Markdown as a column of blocks; what is closed is never rendered again."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.render.blocks import BlockStream, render
from app.views.chat.block_column import BlockColumn
from app.views.common.theme import Theme, ThemeController

_PACE_MS = 1000  # between two paints of what is laborious to render


class MarkdownView(BlockColumn):
    """Grows by `append`; a change of theme is the one reason to start over."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._source = ""
        self._stream: BlockStream | None = None
        self._held = ""  # of the source: not yet in the stream
        self._pace = QTimer(self, singleShot=True, interval=_PACE_MS)
        self._pace.timeout.connect(self._flush)
        theme.changed.connect(self._on_theme)

    def set_text(self, text: str) -> None:
        """A finished text."""
        self._source = text
        self._held, self._stream = "", None
        self.show_blocks(render(text, self._theme.current.html()), 0)

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
            self.set_text(self._source)
            return
        self._stream = BlockStream(theme.html())
        self._held = ""
        self._stream.append(self._source)
        self.show_blocks(self._stream.blocks, 0)
