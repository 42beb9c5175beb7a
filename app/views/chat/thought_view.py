"""The thinking channel, folded above the answer."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app import strings
from app.viewmodels.common import format as fmt
from app.views.chat.text_block import TextBlock
from app.views.common import fonts


class ThoughtView(QWidget):
    """Plain text: a thought is read, not presented. Laid out only while it is unfolded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = ""
        self._shown = 0
        self._button = QToolButton()
        self._button.setCheckable(True)
        self._button.setFont(fonts.small())
        self._button.toggled.connect(self._unfold)
        self._text = TextBlock()
        self._text.setFont(fonts.ui())
        self._text.setAccessibleName(strings.THOUGHT)
        self._frame = QFrame()
        self._frame.setObjectName("thought")
        inner = QHBoxLayout(self._frame)
        inner.setContentsMargins(14, 2, 0, 2)
        inner.addWidget(self._text)
        self._frame.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.addWidget(self._button)
        column.addWidget(self._frame)
        self._label = strings.THINKING
        self._relabel()

    @property
    def text(self) -> TextBlock:
        return self._text

    def append(self, text: str) -> None:
        self._source += text
        if self._button.isChecked():
            self._catch_up()

    def finish(self, seconds: float | None) -> None:
        if seconds is None:
            self._label = strings.THOUGHT
        else:
            self._label = strings.THOUGHT_FOR.format(seconds=fmt.seconds(seconds))
        self._relabel()

    def _unfold(self, shown: bool) -> None:
        if shown:
            self._catch_up()
        self._frame.setVisible(shown)
        self._relabel()

    def _catch_up(self) -> None:
        self._text.add(self._source[self._shown :].lstrip("\n" if self._shown == 0 else ""))
        self._shown = len(self._source)

    def _relabel(self) -> None:
        arrow = "▾" if self._button.isChecked() else "▸"
        self._button.setText(f"{arrow} {self._label}")
        self._button.setAccessibleName(self._label)
