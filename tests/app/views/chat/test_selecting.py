"""How the mouse selects: words, Shift, what is beyond the edges."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.chat.selecting import Handler, Selecting
from app.views.chat.selection import SelectableText
from app.views.chat.text_block import TextBlock
from tests.app.helpers import round_of
from tests.app.views.hand import LEFT, NONE, SHIFT, Hand


def test_words_and_paragraphs_are_extended_as_such(hand: Hand) -> None:
    at = hand.place("First", "paragraph", after=True) - QPoint(12, 0)
    hand.double_click(at)
    assert hand.selected() == ["paragraph"]
    hand.press(at)  # the third in a row
    assert hand.selected() == ["First paragraph here."]
    hand.move(hand.place("one", "two"))
    assert hand.selected() == ["First paragraph here.", "one\u2029"]
    hand.release(hand.place("one", "two"))


@pytest.mark.parametrize(
    ("start", "word", "expected"),
    [
        ("one", "two", "paragraph here.\n\none"),
        ("A ", "question", "question?\n\nFirst paragraph"),
        ("First", "e.", "paragraph here"),
    ],
)
def test_a_drag_after_a_double_click_takes_whole_words(
    hand: Hand, start: str, word: str, expected: str
) -> None:
    at = hand.place("First", "paragraph", after=True) - QPoint(12, 0)
    viewport = hand.text("First").viewport()
    held = (QEvent.Type.MouseButtonDblClick, at), (QEvent.Type.MouseMove, hand.place(start, word))
    for kind, place in held:
        there = QPointF(viewport.mapFrom(hand.window, place))
        button = LEFT if kind == QEvent.Type.MouseButtonDblClick else Qt.MouseButton.NoButton
        event = QMouseEvent(kind, there, viewport.mapToGlobal(there), button, LEFT, NONE)
        QApplication.sendEvent(viewport, event)
    assert hand.transcript.selection.text() == expected


def test_shift_and_a_click_extend(hand: Hand, opened: list[str]) -> None:
    hand.click(hand.place("one", "two"))
    hand.click(hand.place("The sum", "link", after=True) - QPoint(4, 0), SHIFT)
    assert hand.copied() == "two\n\ndef f():\n    return 1\n\nThe sum $x^2$ and a link"
    hand.click(hand.place("First", "paragraph"), SHIFT)
    assert hand.copied() == "paragraph here.\n\none"
    hand.click(hand.place("one", "one"), SHIFT)
    assert hand.copied() == "one"
    assert opened == []


def test_a_link_at_the_start_is_not_followed_when_shift_extends(
    hand: Hand, opened: list[str]
) -> None:
    hand.ask("More", "[Leading](https://example.org/) link.")
    hand.click(hand.place("Last", "Last"))
    hand.click(hand.place("Leading", "Leading"), SHIFT)
    assert hand.copied() == "Last paragraph.\n\nMore"
    assert opened == []


def test_what_shift_extended_can_be_dragged_on(hand: Hand) -> None:
    hand.click(hand.place("one", "two"))
    hand.press(hand.place("Last", "paragraph"), SHIFT)
    hand.move(hand.place("Last", "Last", after=True))
    assert hand.selected()[0::3] == ["two", "Last"]
    hand.move(hand.place("def", "return"))
    assert hand.selected() == ["two", "def f():\u2029    "]
    hand.move(hand.place("one", "one"))
    assert hand.selected() == ["one\u2029"]
    hand.release(hand.place("one", "one"))
    hand.move(hand.place("Last", "paragraph"))
    assert hand.selected() == ["one\u2029"]


def test_a_click_on_what_is_selected_clears_it_when_it_is_let_go(hand: Hand) -> None:
    hand.select_some()
    inside = hand.place("one", "two", after=True) - QPoint(8, 0)
    hand.press(inside)
    hand.move(inside + QPoint(2, 0))  # it may be about to be carried off
    assert len(hand.selected()) == 5
    assert hand.text("one").createMimeDataFromSelection().text().endswith("\n\nLast ")
    hand.release(inside + QPoint(2, 0))
    assert hand.selected() == []


def test_links_are_followed_by_a_click_and_not_by_a_drag(hand: Hand, opened: list[str]) -> None:
    link = hand.place("The sum", "link", after=True) - QPoint(8, 0)
    hand.drag(link, hand.place("First", "paragraph"))
    hand.drag(hand.place("First", "paragraph"), link)
    hand.drag(link, hand.place("The sum", "and"))
    assert opened == []
    hand.click(hand.place("First", "paragraph"))
    hand.click(link)
    assert opened == ["https://example.org/"]


def test_wide_code_is_not_scrolled_by_a_selection(hand: Hand) -> None:
    code = wide_code(hand)
    bar = code.horizontalScrollBar()
    bar.setValue(60)
    hand.drag(hand.place("Before", "Before"), hand.place("After", "After", after=True))
    assert bar.value() == 60
    some = bar.mapTo(hand.window, QPoint(bar.width() // 2, bar.height() // 2))
    before = hand.selected()
    hand.drag(some, some - QPoint(60, 0), some + QPoint(60, -200))
    assert hand.selected() == before
    assert len(before) == 3
    scrolled = bar.value()
    assert scrolled != 60
    hand.click(hand.place("Before", "Before"))
    assert hand.selected() == []
    assert bar.value() == scrolled


def test_wide_code_scrolls_when_one_drags_beyond_its_side(qtbot: QtBot, hand: Hand) -> None:
    code = wide_code(hand)
    bar = code.horizontalScrollBar()
    right = code.viewport().mapTo(hand.window, QPoint(code.viewport().width() + 15, 6))
    hand.press(hand.place("Before", "Before"))
    hand.move(right)
    qtbot.waitUntil(lambda: bar.value() > 30)
    chosen = len(hand.selected()[1])
    qtbot.waitUntil(lambda: len(hand.selected()[1]) > chosen)
    hand.move(right - QPoint(100, 0))
    assert not scrolls(hand)
    hand.release(right)


def test_nothing_is_done_while_the_mouse_rests_beside_a_text(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt would scroll again and again while the pointer is beyond a side: it is never told so."""
    seen: list[float] = []
    move = Selecting.move

    def noting(self: Selecting, text: SelectableText, event: QMouseEvent, by_qt: Handler) -> None:
        def note(moved: QMouseEvent) -> None:
            seen.append(moved.position().x())
            by_qt(moved)

        move(self, text, event, note)

    monkeypatch.setattr(Selecting, "move", noting)
    text = hand.text("First").viewport()
    hand.press(hand.place("First", "paragraph"))
    hand.move(hand.place("First", "here") + QPoint(600, 0))
    assert seen
    assert all(0 <= x < text.width() for x in seen)
    assert hand.selected() == ["paragraph here."]
    assert not hand.transcript.selecting.scrolling
    hand.release(hand.place("First", "here"))


def wide_code(hand: Hand) -> TextBlock:
    hand.ask("Code", "Before.\n\n```\n" + "wide " * 90 + "\n```\n\nAfter.")
    code = hand.text("wide")
    assert code.horizontalScrollBar().maximum() > 200
    return code


def scrolls(hand: Hand) -> bool:
    """Whether the timer is running that scrolls beyond an edge."""
    return hand.transcript.selecting.scrolling


def long_reply(qtbot: QtBot, hand: Hand) -> str:
    """Being written still, and followed."""
    reply = hand.send("Go")
    lines = [f"Line {i} of many.\n\n" for i in range(80)]
    hand.rig.say(round_of(reply, 0, lines))
    hand.lay_out()
    bar = hand.transcript.verticalScrollBar()
    qtbot.waitUntil(lambda: len(hand.texts()) > len(lines))
    hand.lay_out()
    qtbot.waitUntil(lambda: bar.maximum() > 500 and bar.value() == bar.maximum())
    return reply


def test_dragging_above_the_view_scrolls_up_and_ends_following(qtbot: QtBot, hand: Hand) -> None:
    reply = long_reply(qtbot, hand)
    transcript = hand.transcript
    bar = transcript.verticalScrollBar()
    above = QPoint(hand.place("Line 79", "many").x(), 20)  # in the toolbar
    hand.press(hand.place("Line 79", "many"))
    hand.move(hand.place("Line 79", "Line"))
    assert not transcript.following
    assert not scrolls(hand)
    hand.move(above)
    qtbot.waitUntil(lambda: bar.value() < bar.maximum() - 600)
    assert len(hand.selected()) > 30
    hand.rig.say(round_of(reply, 1, ["And more.\n\n"] * 20))
    hand.lay_out()
    assert bar.value() < bar.maximum() - 1000
    hand.release(above)
    assert not scrolls(hand)
    chosen, held = hand.selected(), bar.value()
    hand.lay_out()
    assert (hand.selected(), bar.value()) == (chosen, held)
    assert chosen[-1] == "Line 79 of "
    assert hand.copied().endswith("Line 78 of many.\n\nLine 79 of ")


def test_a_click_with_a_shaking_hand_does_not_end_following(qtbot: QtBot, hand: Hand) -> None:
    long_reply(qtbot, hand)
    at = hand.place("Line 79", "many")
    hand.drag(at, at + QPoint(1, 0))
    assert hand.selected() == []
    assert hand.transcript.following


def test_dragging_below_the_view_scrolls_down(qtbot: QtBot, hand: Hand) -> None:
    long_reply(qtbot, hand)
    bar = hand.transcript.verticalScrollBar()
    bar.setValue(0)
    hand.lay_out()
    start = hand.place("First", "paragraph")
    hand.press(start)
    hand.move(QPoint(start.x(), hand.window.height() - 3))  # in the composer
    last = [text for text in hand.texts() if text.textCursor().hasSelection()][-1]
    transcript = hand.transcript
    assert last.mapTo(transcript, QPoint(0, 0)).y() < transcript.height()
    qtbot.waitUntil(lambda: bar.value() > 200)
    chosen = len(hand.selected())
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    hand.release(QPoint(start.x(), hand.window.height() - 3))
    assert len(hand.selected()) > chosen
    assert hand.copied().startswith("paragraph here.\n\none\ntwo")
    assert hand.copied().endswith("Line 79 of many.")


def test_no_message_is_taken_down_while_one_selects(hand: Hand) -> None:
    def busy() -> bool:
        return hand.transcript.selecting.busy

    assert not busy()
    hand.press(hand.place("First", "paragraph"))
    assert busy()
    hand.move(hand.place("one", "two"))
    hand.release(hand.place("one", "two"))
    assert not busy()
    hand.press(hand.place("First", "here"))  # on what is selected, to carry it off
    assert not busy()
    hand.release(hand.place("First", "here"))
