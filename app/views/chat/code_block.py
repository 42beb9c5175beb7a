"""A block of code: its language, a copy button, and lines that are not wrapped."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import strings
from app.render.blocks import Block
from app.views.chat.text_block import TextBlock
from app.views.common import fonts
from app.views.common.buttons import IconButton
from app.views.common.theme import ThemeController

_LONG = 4_000
"""Characters up to which an open block is coloured anew whenever it grows."""
_PLAIN = 30_000
"""More than these are never coloured: replacing them at the end would hold the window up."""
_COPIED_MS = 1600


class CodeBlock(QWidget):
    """A long block still being written is only appended to; it is coloured when it closes."""

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code = ""
        self._plain = False
        self._language = QLabel()
        self._language.setFont(fonts.small())
        self._language.setProperty("tone", "muted")
        self._copy = IconButton("copy", strings.COPY_CODE, theme)
        self._copy.clicked.connect(self.copy)
        self._text = TextBlock(wrap=False)
        self._text.setFont(fonts.code())
        self._text.setAccessibleName(strings.CODE)
        self._done = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._done.timeout.connect(self._show_idle)
        head = QHBoxLayout()
        head.addWidget(self._language)
        head.addStretch(1)
        head.addWidget(self._copy)
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
        """Left free above the frame."""
        self._outer.setContentsMargins(0, gap, 0, 0)

    def show_block(self, block: Block) -> None:
        code = block.code or ""
        self._language.setText(block.language or strings.CODE)
        if len(code) > (_PLAIN if block.closed else _LONG):
            self._show_plain(code)
        else:
            self._plain = False
            self._text.show_html(block.html)
        self._code = code

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self._code)
        self._copy.set_icon("check")
        self._copy.set_label(strings.COPIED)
        self._done.start()

    def _show_plain(self, code: str) -> None:
        if self._plain and code.startswith(self._code):
            self._text.add(code[len(self._code) :], QTextCharFormat())
        else:
            cursor = QTextCursor(self._text.document())
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(code, QTextCharFormat())
        self._plain = True

    def _show_idle(self) -> None:
        self._copy.set_icon("copy")
        self._copy.set_label(strings.COPY_CODE)
