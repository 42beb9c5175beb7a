"""What is selected while a reply is written, painted anew, or taken down."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.app.helpers import round_of
from tests.app.views.chat.test_transcript import at_the_end, long_chat, scroll_to
from tests.app.views.hand import SHIFT, Hand, settle


def test_it_outlives_what_is_written_below(hand: Hand) -> None:
    reply = hand.send("Go")
    hand.rig.say(round_of(reply, 0, ["Closed paragraph.\n\n", "The open **tail is"]))
    hand.lay_out()
    hand.drag(hand.place("Closed", "paragraph"), hand.place("The open", "open", after=True))
    for index in range(1, 6):
        hand.rig.say(round_of(reply, index, [f" going{'**' * (index == 3)} on"]))
        hand.lay_out()
        assert hand.copied() == "paragraph.\n\nThe open"


def test_what_is_rewritten_before_its_end_takes_the_rest_off(hand: Hand) -> None:
    reply = hand.send("Go")
    hand.rig.say(round_of(reply, 0, ["Closed.\n\n", "A fox 🦊 and **strong words"]))
    hand.lay_out()
    hand.drag(hand.place("Closed", "Closed"), hand.place("A fox", "words", after=True))
    hand.rig.say(round_of(reply, 1, ["** too"]))
    hand.lay_out()
    assert hand.copied() == "Closed.\n\nA fox 🦊 and "


def test_a_drag_goes_on_in_what_is_being_written(hand: Hand) -> None:
    reply = hand.send("Go")
    hand.rig.say(round_of(reply, 0, ["The open tail"]))
    hand.lay_out()
    hand.press(hand.place("The open", "tail", after=True))
    hand.rig.say(round_of(reply, 1, [" goes on."]))
    hand.lay_out()
    hand.move(hand.place("First", "paragraph"))
    hand.release(hand.place("First", "paragraph"))
    assert hand.copied().endswith("Last paragraph.\n\nGo\n\nThe open tail")


def test_what_is_appended_to_plain_text_is_not_taken_in(hand: Hand) -> None:
    reply = hand.send("Go")
    hand.rig.say(round_of(reply, 0, ["Before.\n\n", "```\n" + "value = 1\n" * 600 + "end"]))
    hand.lay_out()
    hand.transcript.verticalScrollBar().setValue(0)
    hand.drag(hand.place("Before", "Before"), hand.place("value", "value"))
    hand.transcript.scroll_to_end()
    hand.lay_out()
    hand.click(hand.place("value", "end", after=True), SHIFT)
    for index in range(1, 4):
        hand.rig.say(round_of(reply, index, [" and on"]))
        hand.lay_out()
        assert hand.text("value").toPlainText().endswith("end" + " and on" * index)
        assert hand.copied().endswith("value = 1\nend")


def test_the_tab_key_goes_from_link_to_link(hand: Hand) -> None:
    reply = hand.send("More")
    hand.rig.say(round_of(reply, 0, ["See [one](https://a.org) and [two](https://b.org)"]))
    hand.lay_out()
    hand.click(hand.place("See", "See"))
    for word in ("one", "two"):
        QTest.keyClick(hand.text("See"), Qt.Key.Key_Tab)
        assert hand.selected() == [word]
    hand.rig.say(round_of(reply, 1, [" too"]))
    hand.lay_out()
    assert hand.selected() == []  # a link that had the focus is not selected text


def test_another_theme_leaves_it_alone(hand: Hand) -> None:
    hand.select_some()
    before = hand.copied()
    hand.rig.program.theme.choose("dark")
    hand.lay_out()
    assert hand.copied() == before
    hand.rig.program.theme.choose("light")


def test_messages_that_are_taken_down_take_it_along(hand: Hand) -> None:
    chat = hand.rig.program.models.chat
    hand.drag(hand.place("A question", "question"), hand.place("one", "two"))
    assert len(hand.selected()) == 3
    chat.messages.show(chat.messages.messages[:1])
    hand.lay_out()
    assert hand.selected() == []
    transcript = hand.transcript
    assert transcript.selection.anchor is None
    hand.click(hand.place("A question", "question"))
    chat.new_chat()
    assert transcript.selection.text() == ""


@pytest.mark.slow
def test_no_message_above_is_taken_down_while_one_selects(qtbot: QtBot, hand: Hand) -> None:
    transcript = hand.transcript
    at = pressed_in(qtbot, hand, row=5)
    scroll_to(qtbot, transcript, 90)
    assert transcript.selection.anchor is not None
    hand.release(at)
    scroll_to(qtbot, transcript, 139)
    qtbot.waitUntil(lambda: transcript.selection.anchor is None)


@pytest.mark.slow
def test_no_message_below_is_taken_down_while_one_selects(qtbot: QtBot, hand: Hand) -> None:
    transcript = hand.transcript
    at = pressed_in(qtbot, hand, row=137)
    scroll_to(qtbot, transcript, 50)
    settle(qtbot, transcript)
    assert transcript.selection.anchor is not None
    hand.release(at)
    scroll_to(qtbot, transcript, 5)
    qtbot.waitUntil(lambda: transcript.selection.anchor is None)


def pressed_in(qtbot: QtBot, hand: Hand, row: int) -> QPoint:
    """Returns where, in a message of a long chat that has been scrolled to."""
    hand.rig.program.models.chat.open(long_chat(140))
    at_the_end(qtbot, hand.transcript)
    for _ in range(2):  # it has no place before it has been built
        scroll_to(qtbot, hand.transcript, row)
        settle(qtbot, hand.transcript)
    at = hand.place(f"Message {row}.", "Message")
    hand.press(at)
    assert hand.transcript.selecting.busy
    return at
