"""One run of a comparison: its speed, its text, its figures."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.common import format as fmt
from app.viewmodels.compare.race import Shown
from app.views.common import fonts


class LaneView(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lane")
        self.title = QLabel()
        self.title.setFont(fonts.strong())
        self.rate = QLabel()
        self.rate.setFont(fonts.display())
        self._unit = QLabel()
        self._unit.setFont(fonts.small())
        self._unit.setProperty("tone", "muted")
        self.text = QPlainTextEdit()
        self.text.setObjectName("laneText")
        self.text.setReadOnly(True)
        self.text.setFont(fonts.ui())
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText(strings.LANE_WAITING)
        self.note = QLabel()
        self.note.setFont(fonts.small())
        self.note.setProperty("tone", "muted")
        self.note.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1, Qt.AlignmentFlag.AlignBaseline)
        head.addWidget(self.rate, 0, Qt.AlignmentFlag.AlignBaseline)
        head.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBaseline)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.text, 1)
        column.addWidget(self.note)

    def set_title(self, title: str) -> None:
        self.title.setText(title)
        self.text.setAccessibleName(title)

    def show_moment(self, shown: Shown) -> None:
        self.rate.setText("" if shown.tps is None else fmt.rate(shown.tps))
        self._unit.setText("" if shown.tps is None else strings.RATE_UNKNOWN)
        self._write(shown.text)

    def _write(self, text: str) -> None:
        """What only grew is appended: a whole text laid out thirty times a second would stutter."""
        known = self.text.toPlainText()
        if text == known:
            return
        if not text.startswith(known):
            self.text.setPlainText(text)
        else:
            end = QTextCursor(self.text.document())
            end.movePosition(QTextCursor.MoveOperation.End)
            end.insertText(text[len(known) :])
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())
