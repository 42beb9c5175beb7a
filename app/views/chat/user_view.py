"""The user's message in a bubble, with its files beneath and an editor in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QResizeEvent, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import ChatMessage
from app.render.blocks import Block
from app.render.typed import folded, typed_blocks
from app.viewmodels.chat.message_acts import Row
from app.viewmodels.common import format as fmt
from app.views.chat.action_row import ActionRow
from app.views.chat.attached_files import ChipRow
from app.views.chat.markdown_view import MarkdownView
from app.views.chat.message_text import MessageEditor
from app.views.chat.text_block import TextBlock
from app.views.common import fonts
from app.views.common.controls import push_button
from app.views.common.theme import ThemeController

_BUBBLE_SHARE = 0.82  # of the column's width, at most
_PADDING = 16  # pixels left and right of the text
_EDGE = 11  # pixels above and below it
_ABOVE = 20  # pixels: a question stands further from the reply before it than from its own
_BESIDE = 8  # pixels between the actions and the bubble
_WIDE = frozenset({"code", "table", "math"})
"""Kinds of blocks that take all the width there is."""
_INDENT = 44  # pixels before a list's items


class TypedView(MarkdownView):
    """Markdown as people type it: its line ends are kept."""

    def rendered(self, text: str) -> tuple[Block, ...]:
        return typed_blocks(text, self.theme.current.html())


class UserView(QWidget):
    """A question; a long one is folded until it is wanted whole."""

    acted = Signal(str, str)  # message id, Act
    editor_opened = Signal(str, object)  # message id, MessageEditor

    def __init__(
        self, message: ChatMessage, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.message = message
        self.body = TypedView(theme)
        self._folded = folded(message.text)
        self.fold = push_button("", "link")
        self.fold.clicked.connect(self._toggle)
        self.bubble = QFrame()
        self.bubble.setObjectName("userBubble")
        self._inner = QVBoxLayout(self.bubble)
        self._inner.setSpacing(4)
        self._inner.addWidget(self.body)
        self._inner.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        self.files = ChipRow(theme, removable=False)
        self.acts = ActionRow(theme)
        self.acts.acted.connect(lambda act: self.acted.emit(self.message.id, act))
        self.editor: MessageEditor | None = None
        self.cut: _Cut | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, _ABOVE, 0, 0)
        self._column.setSpacing(4)
        line = QHBoxLayout()
        line.setSpacing(_BESIDE)
        line.addStretch(1)
        line.addWidget(self.acts, 0, Qt.AlignmentFlag.AlignBottom)
        line.addWidget(self.bubble, 0, Qt.AlignmentFlag.AlignRight)
        self._column.addLayout(line)
        self._column.addWidget(self.files)
        self.bubble.setVisible(bool(message.text))
        self.files.show_files({str(i): file for i, file in enumerate(message.attachments)})
        self._natural = 0
        self._show_text(whole=self._folded is None)

    def texts(self) -> list[TextBlock]:
        return self.body.texts()

    def blocks(self) -> Sequence[int]:
        """Return the rows of its blocks that are shown, from the top."""
        return () if self.bubble.isHidden() else self.body.rows

    def block_top(self, row: int) -> int | None:
        """Return pixels below the top of this view; None where the block is not shown."""
        top = None if self.bubble.isHidden() else self.body.top_of(row)
        return None if top is None else self.bubble.y() + self.body.y() + top

    def unfold(self) -> None:
        """Show the whole text."""
        if self._folded is not None and not self._is_whole:
            self._show_text(whole=True)

    def show_cut(self, words: str, send_all: Callable[[], None]) -> None:
        """Say above the question that what comes before is not sent; "" says nothing."""
        if words and self.cut is None:
            self.cut = _Cut(send_all)
            self._column.insertWidget(0, self.cut)
        if self.cut is not None:
            self.cut.words.setText(words)
            self.cut.setVisible(bool(words))

    def refit(self) -> None:
        """Take on the width of the text at another size."""
        self._natural = self._natural_width()
        self._set_width(self.width())
        last = self.body.built[-1:]
        below = sum(text.leading for text in last if isinstance(text, TextBlock))
        taken = 0 if self._folded is not None else min(below, _EDGE)
        self._inner.setContentsMargins(_PADDING, _EDGE, _PADDING, _EDGE - taken)

    def show_row(self, row: Row, *, last: bool) -> None:
        self.acts.show_row(row, always=last)

    def edit(self) -> None:
        if self.editor is None:
            self.editor = MessageEditor(self.message.text)
            self.editor.cancelled.connect(self._close_editor)
            self._column.insertWidget(0, self.editor)
            self.editor_opened.emit(self.message.id, self.editor)
        self.bubble.hide()
        self.acts.hide()
        self.editor.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _close_editor(self) -> None:
        if self.editor is not None:
            self.editor.hide()
            self.editor.deleteLater()
            self.editor = None
        self.bubble.setVisible(bool(self.message.text))
        self.acts.show()

    def _toggle(self) -> None:
        self._show_text(whole=not self._is_whole)

    def _show_text(self, *, whole: bool) -> None:
        self._is_whole = whole
        head = self._folded
        self.body.set_text(self.message.text if whole or head is None else head.head)
        self.fold.setVisible(head is not None)
        if head is not None:
            lines = fmt.count(head.lines)
            self.fold.setText(strings.FOLD if whole else strings.UNFOLD.format(lines=lines))
        self.refit()

    def _set_width(self, width: int) -> None:
        beside = self.acts.sizeHint().width() + _BESIDE
        widest = min(int(width * _BUBBLE_SHARE), width - beside)
        self.bubble.setFixedWidth(min(widest, self._natural + 2 * _PADDING + 4))

    def _natural_width(self) -> int:
        """Return the width at which no line has to be wrapped; a large one for code and tables."""
        kinds = {block.kind for block in self.body.blocks}
        if kinds & _WIDE:
            return 10_000
        document = QTextDocument()
        document.setDocumentMargin(0)
        document.setDefaultFont(fonts.reading())
        document.setPlainText(self.body.source)
        document.setTextWidth(-1)
        words = ceil(document.idealWidth()) + (_INDENT if "list" in kinds else 0)
        return words if self._folded is None else max(words, self.fold.sizeHint().width())

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self.acts.set_hovered(True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.acts.set_hovered(False)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._set_width(event.size().width())
        super().resizeEvent(event)


class _Cut(QWidget):
    """A line between what the model no longer reads and what it does."""

    def __init__(self, send_all: Callable[[], None]) -> None:
        super().__init__()
        self.words = QLabel()
        self.words.setFont(fonts.small())
        self.words.setProperty("tone", "muted")
        self.again = push_button(strings.SEND_ALL, "link")
        self.again.setFont(fonts.small())
        self.again.clicked.connect(send_all)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 10)
        row.addWidget(_rule(), 1)
        row.addWidget(self.words)
        row.addWidget(self.again)
        row.addWidget(_rule(), 1)


def _rule() -> QFrame:
    rule = QFrame()
    rule.setObjectName("rule")
    rule.setFixedHeight(1)
    return rule


def is_edited(view: QWidget) -> bool:
    """Return whether `view` holds a question being edited, which taking it down would lose."""
    return isinstance(view, UserView) and view.editor is not None
