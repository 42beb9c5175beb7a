"""One's own messages show Markdown and code; long ones are folded."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.viewmodels.chat.message_acts import Act
from app.views.chat.markdown_view import CodeBlock
from app.views.chat.user_view import UserView
from app.views.common import fonts
from tests.app.conftest import Rig
from tests.app.viewmodels.chat.test_branching import ask


def question(rig: Rig) -> UserView:
    QApplication.processEvents()
    view = rig.program.window.transcript.views[-2]
    assert isinstance(view, UserView)
    return view


def test_markdown_and_code_of_a_question(ready: Rig) -> None:
    source = "Why does **this** fail?\n\n```python\nprint(x)\n```\nI expect\n1."
    ask(ready, source, "Because.")
    view = question(ready)
    code = [block for block in view.body.built if isinstance(block, CodeBlock)]
    assert [block.text.toPlainText() for block in code] == ["print(x)"]
    assert view.texts()[0].toPlainText() == "Why does this fail?"
    assert view.texts()[-1].toPlainText().splitlines() == ["I expect", "1."]
    view.acts.buttons[Act.COPY].click()
    assert QGuiApplication.clipboard().text() == source
    assert view.fold.isHidden()


def test_code_without_a_fence_stays_as_it_was_typed(ready: Rig) -> None:
    ask(ready, "def f(*args):\n    return **args", "Yes.")
    assert question(ready).texts()[0].toPlainText() == "def f(*args):\n    return **args"


def test_a_long_question_is_folded_until_it_is_wanted(qtbot: QtBot, ready: Rig) -> None:
    lines = "\n".join(f"{i}. item {i}" for i in range(1, 301))
    ask(ready, f"Sort this:\n\n{lines}\n\nThe needle.", "Sorted.")
    window, view = ready.program.window, question(ready)
    assert view.fold.text() == "Show all 304 lines"
    folded = view.sizeHint().height()
    assert "item 300" not in "".join(text.toPlainText() for text in view.texts())
    QTest.mouseClick(view.fold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not view.body.filling)
    assert "item 300" in "".join(text.toPlainText() for text in view.texts())
    assert view.fold.text() == "Show less"
    QTest.mouseClick(view.fold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.sizeHint().height() <= folded + 4)
    window.find_words()
    window.find_bar.words.setText("needle")
    window.find_bar.search_now()
    qtbot.waitUntil(lambda: view.fold.text() == "Show less")  # what is found is shown


def test_short_bubbles_are_as_wide_as_their_words(ready: Rig) -> None:
    ask(ready, "Hi", "Hello.")
    narrow = question(ready).bubble.width()
    ask(ready, "```\ncode\n```", "Hello.")
    wide = question(ready).bubble.width()
    assert narrow < 120 < wide


def test_the_text_stands_in_the_middle_of_its_bubble(qtbot: QtBot, ready: Rig) -> None:
    """As seen: from the tops of capitals to the bubble's edge as far as from the baseline."""
    ask(ready, "Hi", "Hello.")
    view = question(ready)
    text = view.texts()[0]
    qtbot.waitUntil(lambda: view.bubble.height() < 60)
    line = text.document().firstBlock().layout().lineAt(0)
    baseline = text.mapTo(view.bubble, QPoint(0, round(line.ascent()))).y()
    above = baseline - QFontMetrics(fonts.reading()).capHeight()
    assert abs(view.bubble.height() - baseline - above) <= 3
