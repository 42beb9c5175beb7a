"""Finding in a chat: the bar with the words, and the marks on what was found."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QTextEdit, QWidget
from shiboken6 import isValid

from app import strings
from app.viewmodels.chat.finding import Finding, Hit
from app.viewmodels.common import format as fmt
from app.views.chat.reply_view import ReplyView
from app.views.chat.text_block import TextBlock
from app.views.chat.transcript import Transcript
from app.views.chat.user_view import UserView
from app.views.common import fonts
from app.views.common.controls import IconButton, claims_escape
from app.views.common.theme import ThemeController

_TYPED_MS = 120
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class FindBar(QFrame):
    """Enter goes to the next hit, Shift+Enter to the one before; Esc closes."""

    closed = Signal()

    def __init__(self, finding: Finding, transcript: Transcript, theme: ThemeController) -> None:
        super().__init__()
        self.setObjectName("popover")
        self._finding = finding
        self._transcript = transcript
        self.words = _Field()
        self.place = QLabel()
        self.place.setFont(fonts.small())
        self.place.setProperty("tone", "muted")
        self.previous = IconButton("chevron_up", strings.FIND_PREVIOUS, theme)
        self.next = IconButton("chevron_down", strings.FIND_NEXT, theme)
        close = IconButton("close", strings.FIND_CLOSE, theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(6)
        row.addWidget(self.words, 1)
        for part in (self.place, self.previous, self.next, close):
            row.addWidget(part)
        self._typed = QTimer(self, singleShot=True, interval=_TYPED_MS)
        self._typed.timeout.connect(self.search_now)
        self.words.textChanged.connect(self._on_typed)
        self.words.stepped.connect(self._step)
        self.words.left.connect(self.leave)
        self.previous.clicked.connect(lambda: self._step(-1))
        self.next.clicked.connect(lambda: self._step(1))
        close.clicked.connect(self.leave)
        finding.changed.connect(self._show_place)
        self.hide()

    def begin(self) -> None:
        self.show()
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words.selectAll()
        self.search_now()

    def leave(self) -> None:
        self.hide()
        self._typed.stop()
        self._finding.clear()
        self.closed.emit()

    def search_now(self) -> None:
        self._typed.stop()
        words = " ".join(self.words.text().split())
        if self._finding.words != ((words,) if words else ()):
            self._finding.search(words, _row_in_sight(self._transcript))

    def _on_typed(self) -> None:
        self._typed.start()

    def _step(self, by: int) -> None:
        if self._typed.isActive():
            self.search_now()
        else:
            self._finding.step(by)

    def _show_place(self) -> None:
        finding = self._finding
        count = fmt.count(len(finding.hits))
        if not finding.words:
            words = ""
        elif finding.searching:
            words = strings.FIND_SEARCHING
        elif finding.place is not None:
            words = strings.FIND_PLACE.format(at=fmt.count(finding.place), count=count)
        else:
            words = strings.FIND_COUNT.format(count=count) if finding.hits else strings.FIND_NONE
        self.place.setText(words)
        for button in (self.previous, self.next):
            button.setEnabled(bool(finding.hits))


class _Field(QLineEdit):
    stepped = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText(strings.FIND_HINT)
        self.setAccessibleName(strings.FIND_HINT)

    def event(self, event: QEvent) -> bool:
        """Claim Esc before the window's shortcut takes it."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in _ENTER:
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.stepped.emit(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


_MARK_MS = 30
_LOOK_MS = 10
_MOST_LOOKS = 100
_STILL = 3  # looks at the same place, after which the layout counts as done


class FoundMarks(QObject):
    """Marks the words in the texts around the reader's place, and brings the current hit there."""

    def __init__(self, finding: Finding, transcript: Transcript, theme: ThemeController) -> None:
        super().__init__(transcript)
        self._finding = finding
        self._transcript = transcript
        self._theme = theme
        self._marked: list[TextBlock] = []
        self._goal: Hit | None = None
        self._looks = self._still = 0
        self._mark = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._mark.timeout.connect(self.mark_now)
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._pursue)
        finding.changed.connect(self._mark.start)
        finding.went.connect(self._go)
        theme.changed.connect(self._mark.start)
        bar = transcript.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_scrolled)

    def mark_now(self) -> None:
        for text in self._marked:
            if isValid(text):
                text.setExtraSelections([])
        self._marked = []
        if self._finding.words:
            for view in _views_near(self._transcript):
                self._mark_view(view)

    def _mark_view(self, view: UserView | ReplyView) -> None:
        current, nth = self._finding.current, 0
        for text in _searched(view):
            marks: list[QTextEdit.ExtraSelection] = []
            for place, cursor in enumerate(self._found(text)):
                hit = current is not None and current.message == view.message.id
                is_current = hit and current is not None and nth + place == current.nth
                marks.append(self._selection(cursor, current=is_current))
            nth += len(marks)
            if marks:
                text.setExtraSelections(marks)
                self._marked.append(text)

    def _found(self, text: TextBlock) -> list[QTextCursor]:
        document, cursors = text.document(), list[QTextCursor]()
        for word in self._finding.words:
            cursor = document.find(word)
            while not cursor.isNull():
                cursors.append(cursor)
                cursor = document.find(word, cursor)
        return sorted(cursors, key=lambda cursor: cursor.selectionStart())

    def _selection(self, cursor: QTextCursor, *, current: bool) -> QTextEdit.ExtraSelection:
        theme, look = self._theme.current, QTextCharFormat()
        look.setBackground(theme.color("accent" if current else "selection"))
        look.setForeground(theme.color("accent_text" if current else "text"))
        mark = QTextEdit.ExtraSelection()
        mark.cursor, mark.format = cursor, look
        return mark

    # The current hit

    def _go(self, hit: Hit) -> None:
        self._goal, self._looks, self._still = hit, 0, 0
        self._look.start()

    def _pursue(self) -> None:
        """Look where the hit is until it stays there: texts are laid out one after the other."""
        self._looks += 1
        hit = self._goal
        if hit is None or not self._finding.words or self._looks > _MOST_LOOKS:
            self._look.stop()
            return
        view = self._transcript.bring(hit.row, hit.message)
        if view is None:
            self._look.stop()
            return
        if isinstance(view, UserView):
            view.unfold()
        place = None if _is_filling(view) else self._place(view, hit)
        if place is None:
            return
        moved = self._transcript.show_area(place)
        self._still = 0 if moved else self._still + 1
        if self._still >= _STILL:
            self._look.stop()
            self.mark_now()

    def _place(self, view: UserView | ReplyView, hit: Hit) -> QRect | None:
        """Return where the hit is in the column, or else its message; None before the layout."""
        if not view.y():
            return None
        nth, corner = hit.nth, view.pos()
        for text in _searched(view):
            cursors = self._found(text)
            if nth < len(cursors):
                rect, line = text.cursorRect(cursors[nth]), text.viewport()
                return QRect(line.mapTo(view, rect.topLeft()) + corner, rect.size())
            nth -= len(cursors)
        return QRect(corner, view.fontMetrics().size(0, "x"))

    def _on_scrolled(self) -> None:
        if self._finding.words and not self._mark.isActive():
            self._mark.start()


def _row_in_sight(transcript: Transcript) -> int:
    """Return the row of the first message that is in sight."""
    top, views = transcript.verticalScrollBar().value(), transcript.views
    below = (at for at, view in enumerate(views) if view.geometry().bottom() > top)
    return transcript.hidden_above + next(below, 0)


def _views_near(transcript: Transcript) -> list[UserView | ReplyView]:
    """Return the views that are in sight or within a page of it."""
    top, page = transcript.verticalScrollBar().value(), transcript.viewport().height()
    return [
        view
        for view in transcript.views
        if view.y() < top + 2 * page and view.geometry().bottom() > top - page
    ]


def _searched(view: UserView | ReplyView) -> list[TextBlock]:
    """Return the texts that are searched: a thought is not."""
    return view.answer.texts() if isinstance(view, ReplyView) else view.texts()


def _is_filling(view: QWidget) -> bool:
    return isinstance(view, ReplyView) and view.answer.filling
