"""A mouse in the window, which hears it as from the system."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.views.chat.text_block import TextBlock
from app.views.chat.transcript import Transcript
from tests.app.conftest import Rig

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


@dataclass
class Hand:
    """What it does, and what it finds there."""

    rig: Rig

    @property
    def window(self) -> QWidget:
        return self.rig.program.window

    @property
    def transcript(self) -> Transcript:
        return self.rig.program.window.transcript

    def send(self, question: str) -> str:
        """Returns the id of its request."""
        self.rig.program.models.chat.send(question)
        return self.rig.request().id

    def ask(self, question: str, reply: str) -> None:
        self.send(question)
        self.rig.write(reply)
        self.rig.finish()
        self.lay_out()

    def lay_out(self) -> None:
        self.rig.program.models.chat.streaming.flush()
        for _ in range(10):  # a new height climbs one widget each time
            QApplication.processEvents()

    def texts(self) -> list[TextBlock]:
        """Those of all messages, from the top."""
        views = self.transcript.views
        return [text for view in views for text in view.texts()]

    def text(self, start: str) -> TextBlock:
        return next(text for text in self.texts() if text.toPlainText().strip().startswith(start))

    def place(self, start: str, word: str, *, after: bool = False) -> QPoint:
        """In the window: before a word of the text that starts so, or after it."""
        text = self.text(start)
        cursor = text.document().find(word)
        assert not cursor.isNull()
        cursor.setPosition(cursor.selectionEnd() if after else cursor.selectionStart())
        return text.viewport().mapTo(self.window, text.cursorRect(cursor).center())

    def press(self, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mousePress(self.window.windowHandle(), LEFT, keys, at)

    def move(self, at: QPoint) -> None:
        QTest.mouseMove(self.window.windowHandle(), at)

    def release(self, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseRelease(self.window.windowHandle(), LEFT, keys, at)

    def click(self, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(self.window.windowHandle(), LEFT, keys, at)

    def double_click(self, at: QPoint) -> None:
        QTest.mouseDClick(self.window.windowHandle(), LEFT, NONE, at)

    def drag(self, start: QPoint, *ways: QPoint) -> None:
        self.press(start)
        for at in ways:
            self.move(at)
        self.release(ways[-1])

    def copied(self) -> str:
        """By the key, from the text that has the focus."""
        QGuiApplication.clipboard().setText("nothing")
        focus = QApplication.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, Qt.Key.Key_C, CONTROL)
        return QGuiApplication.clipboard().text()

    def selected(self) -> list[str]:
        return [
            text.textCursor().selectedText()
            for text in self.texts()
            if text.textCursor().hasSelection()
        ]

    def select_some(self) -> None:
        """Over all blocks of the reply."""
        self.drag(self.place("First", "paragraph"), self.place("Last", "paragraph"))
        assert len(self.selected()) == 5


def settle(qtbot: QtBot, transcript: Transcript) -> None:
    """Until nothing comes or goes in the transcript by itself."""

    def shown() -> tuple[int, ...]:
        bar = transcript.verticalScrollBar()
        hidden = (transcript.hidden_above, transcript.hidden_below)
        return (*hidden, len(transcript.views), bar.value(), bar.maximum())

    def still() -> bool:
        before = shown()
        for _ in range(10):  # a new height climbs one widget each time
            QApplication.processEvents()
        return not transcript.filling and shown() == before

    qtbot.waitUntil(still)
