"""Text selected over several blocks, and copied."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from app.views.chat.reply_view import ReplyView
from app.views.chat.text_block import TextBlock
from tests.app.helpers import round_of
from tests.app.views.hand import CONTROL, LEFT, NONE, Hand


def test_a_drag_downwards_selects_over_blocks(hand: Hand) -> None:
    hand.drag(hand.place("First", "paragraph"), hand.place("one", "two"))
    assert hand.selected() == ["paragraph here.", "one\u2029"]
    assert hand.copied() == "paragraph here.\n\none"


def test_a_drag_upwards_selects_the_same(hand: Hand) -> None:
    hand.drag(hand.place("one", "two"), hand.place("First", "paragraph"))
    assert hand.copied() == "paragraph here.\n\none"


def test_code_is_copied_as_code_and_a_formula_as_latex(hand: Hand) -> None:
    hand.drag(hand.place("First", "First"), hand.place("Last", "paragraph", after=True))
    assert hand.copied() == (
        "First paragraph here.\n\none\ntwo\n\ndef f():\n    return 1\n\n"
        "The sum $x^2$ and a link.\n\nLast paragraph"
    )


def test_what_is_copied_outlives_the_interpreter(hand: Hand) -> None:
    hand.drag(hand.place("First", "paragraph"), hand.place("First", "here"))
    data = hand.text("First").createMimeDataFromSelection()
    assert data.text() == "paragraph "
    assert data.formats() == ["text/plain"]
    assert not Shiboken.createdByPython(data)


def test_the_question_takes_part(hand: Hand) -> None:
    hand.drag(hand.place("A question", "question"), hand.place("First", "paragraph"))
    assert hand.copied() == "question?\n\nFirst "


def test_a_drag_that_comes_back_leaves_nothing_behind(hand: Hand) -> None:
    start = hand.place("First", "paragraph")
    hand.drag(start, hand.place("Last", "paragraph"), hand.place("First", "here"))
    assert hand.selected() == ["paragraph "]
    hand.click(hand.place("one", "two"))
    hand.drag(start, hand.place("Last", "paragraph"), hand.place("A question", "question"))
    assert hand.copied() == "question?\n\nFirst "


def test_between_two_blocks_is_the_end_of_the_upper_one(hand: Hand) -> None:
    code = hand.text("def")
    head = code.mapTo(hand.window, QPoint(20, -12))  # beside its language
    hand.drag(hand.place("one", "two"), head)
    assert hand.copied() == "two"
    hand.drag(hand.place("def", "return"), head)
    assert hand.copied() == "def f():\n    "


def test_above_the_first_block_is_its_start(hand: Hand) -> None:
    above = hand.place("A question", "question") - QPoint(0, 25)
    hand.drag(hand.place("First", "paragraph"), above)
    assert hand.copied() == "A question?\n\nFirst "


def test_a_folded_thought_is_left_out_and_an_open_one_taken_in(hand: Hand) -> None:
    reply = with_thought(hand)
    hand.drag(hand.place("And", "now"), hand.place("Yes", "Yes", after=True))
    assert hand.copied() == "now?\n\nYes"
    assert reply.thought is not None
    reply.thought.button.click()
    hand.lay_out()
    hand.click(hand.place("Last", "paragraph"))
    hand.drag(hand.place("And", "now"), hand.place("Yes", "Yes", after=True))
    assert hand.copied() == "now?\n\nHmm so\n\nYes"
    hand.click(hand.place("Last", "paragraph"))
    hand.drag(hand.place("Yes", "Yes"), hand.place("Hmm", "so"))
    assert hand.copied() == "so"
    reply.thought.button.click()
    assert hand.transcript.selection.text() == ""


def with_thought(hand: Hand) -> ReplyView:
    reply = hand.send("And now?")
    hand.rig.say(round_of(reply, 0, ["Hmm", " so"], thought=True), round_of(reply, 1, ["Yes"]))
    hand.rig.finish()
    hand.lay_out()
    view = hand.transcript.views[-1]
    assert isinstance(view, ReplyView)
    return view


def test_tables_and_quotes_are_copied_without_their_frames(hand: Hand) -> None:
    hand.ask("More", "Start.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n---\n\nEnd.")
    hand.drag(hand.place("Start", "Start"), hand.place("End", "End", after=True))
    assert hand.copied() == "Start.\n\na\nb\n1\n2\n\nquoted\n\nEnd"


def test_an_empty_line_alone_is_no_block(hand: Hand) -> None:
    hand.ask("More", "Start.\n\n```\n\n\ncode\n```")
    hand.drag(hand.place("Start", "Start"), hand.place("code", "code"))
    assert hand.selected() == ["Start.", "\u2029"]
    assert hand.copied() == "Start."


def test_parts_of_a_long_block_are_copied_as_one(hand: Hand) -> None:
    hand.ask("More", "- an item of a list\n" * 400 + "\nEnd.")
    first = hand.texts()[-3:]
    assert [text.goes_on for text in first] == [False, True, False]
    hand.transcript.selection.select_message(first[0])
    copied = hand.transcript.selection.text()
    assert copied == "\n".join(["an item of a list"] * 400) + "\n\nEnd."


def test_select_all_is_all_of_the_message(hand: Hand) -> None:
    hand.click(hand.place("one", "two"))
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, Qt.Key.Key_A, CONTROL)
    copied = hand.copied()
    assert copied.startswith("First paragraph here.\n\none\ntwo\n\ndef f():")
    assert copied.endswith("Last paragraph.")
    hand.click(hand.place("A question", "question"))
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, Qt.Key.Key_A, CONTROL)
    assert hand.copied() == "A question?"


def test_a_click_on_a_text_clears_it(hand: Hand) -> None:
    hand.select_some()
    hand.click(hand.place("A question", "question"))
    assert hand.selected() == []
    assert hand.copied() == "nothing"


def test_a_click_beside_the_texts_clears_it(hand: Hand) -> None:
    hand.select_some()
    transcript = hand.transcript
    hand.click(transcript.mapTo(hand.window, QPoint(6, transcript.height() // 2)))
    assert hand.selected() == []


def test_the_other_button_clears_nothing(hand: Hand) -> None:
    hand.select_some()
    transcript = hand.transcript
    beside = transcript.mapTo(hand.window, QPoint(6, transcript.height() // 2))
    for at in (beside, hand.place("A question", "question")):
        QTest.mousePress(hand.window.windowHandle(), Qt.MouseButton.MiddleButton, NONE, at)
        QTest.mouseRelease(hand.window.windowHandle(), Qt.MouseButton.MiddleButton, NONE, at)
    assert len(hand.selected()) == 5


def test_a_click_into_a_field_clears_it_and_one_on_a_button_does_not(hand: Hand) -> None:
    hand.select_some()
    window = hand.rig.program.window
    hand.click(window.toolbar.overlay.mapTo(window, QPoint(5, 5)))
    assert len(hand.selected()) == 5
    text = window.composer.text
    hand.click(text.mapTo(window, text.rect().center()))
    assert hand.selected() == []


def test_another_selection_takes_the_place_of_the_first(hand: Hand) -> None:
    hand.select_some()
    hand.click(QPoint(hand.place("A question", "?").x() - 200, hand.place("A question", "?").y()))
    hand.drag(hand.place("Last", "Last"), hand.place("The sum", "sum"))
    assert hand.copied() == "sum $x^2$ and a link."


no_popups = pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")


def menu_of(text: TextBlock, at: QPoint) -> dict[str, QAction]:
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, at, text.viewport().mapToGlobal(at), NONE
    )
    QApplication.sendEvent(text.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    found = {action.text().partition("\t")[0]: action for action in menu.actions()}
    menu.close()
    return found


@no_popups
def test_the_menu_copies_all_that_is_selected(hand: Hand) -> None:
    hand.drag(hand.place("First", "paragraph"), hand.place("one", "two"))
    menu_of(hand.text("Last"), QPoint(4, 4))["Copy"].trigger()
    assert QGuiApplication.clipboard().text() == "paragraph here.\n\none"


@no_popups
def test_the_menu_offers_what_can_be_done(hand: Hand) -> None:
    text = hand.text("The sum")
    found = menu_of(text, QPoint(4, 4))
    assert not found["Copy"].isEnabled()
    assert "Copy the link" not in found
    found["Select all"].trigger()
    assert len(hand.selected()) == 5
    at = text.viewport().mapFrom(hand.window, hand.place("The sum", "link"))
    menu_of(text, at + QPoint(6, 0))["Copy the link"].trigger()
    assert QGuiApplication.clipboard().text() == "https://example.org/"


def test_it_looks_the_same_without_the_focus(hand: Hand) -> None:
    hand.drag(hand.place("Last", "Last"), hand.place("First", "First"))
    first, last = hand.text("First"), hand.text("Last")
    assert last.hasFocus()
    paper = first.viewport().grab().toImage().pixelColor(2, 1)
    assert paper == first.palette().color(QPalette.ColorGroup.Active, QPalette.ColorRole.Highlight)
    hand.click(hand.place("First", "First"))
    hand.drag(hand.place("First", "First"), hand.place("Last", "Last"))
    assert first.hasFocus()
    assert first.viewport().grab().toImage().pixelColor(2, 1) == paper


def test_the_tab_key_goes_to_the_next_link_without_it(hand: Hand) -> None:
    hand.select_some()
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert hand.selected() == []
    hand.click(hand.place("The sum", "sum"))
    QTest.keyClick(hand.text("The sum"), Qt.Key.Key_Tab)
    assert hand.selected() == ["link"]
    assert hand.copied() == "link"


@pytest.mark.qt_log_ignore("Mouse event .* not accepted")  # it is none of its business
def test_a_text_that_stands_alone_is_selected_as_qt_does(qtbot: QtBot) -> None:
    text = TextBlock()
    qtbot.addWidget(text)
    text.show_html("<p>some words</p>")
    text.resize(300, 60)
    text.show()
    QTest.mousePress(text.viewport(), LEFT, NONE, QPoint(1, 6))
    QTest.mouseMove(text.viewport(), QPoint(250, 6))
    QTest.mouseRelease(text.viewport(), LEFT, NONE, QPoint(250, 6))
    QTest.keyClick(text, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "some words"
