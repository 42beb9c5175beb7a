"""Stories told with the buttons, menus and keys of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QAction, QEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat
from app.viewmodels.chat.message_acts import Act
from app.views.chat.action_row import ActionRow, Switcher
from app.views.chat.message_text import MessageEditor
from app.views.chat.reply_view import ReplyView
from app.views.chat.user_view import UserView
from tests.app.conftest import Rig
from tests.app.helpers import PAIR, finished, round_of
from tests.app.viewmodels.chat.test_branching import ask, chat_of, shown, stop_early
from tests.app.views.chat.test_transcript import at_the_end, long_chat, scroll_to
from tests.app.views.hand import settle


def views(rig: Rig) -> Sequence[UserView | ReplyView]:
    return rig.program.window.transcript.views


def question(rig: Rig, at: int = 0) -> UserView:
    view = views(rig)[at]
    assert isinstance(view, UserView)
    return view


def reply(rig: Rig, at: int = -1) -> ReplyView:
    view = views(rig)[at]
    assert isinstance(view, ReplyView)
    return view


def text_of(view: ReplyView) -> str:
    return view.answer.source


def switcher_of(acts: ActionRow) -> Switcher:
    assert acts.switcher is not None
    return acts.switcher


def is_awake(acts: ActionRow) -> bool:
    return acts.awake


def command(rig: Rig, text: str) -> QAction:
    of_window = Qt.FindChildOption.FindDirectChildrenOnly
    actions = rig.program.window.findChildren(QAction, options=of_window)
    return next(action for action in actions if action.text() == text)


def test_write_again_and_look_at_both(ready: Rig) -> None:
    ask(ready, "Hello", "First.")
    assert reply(ready).footer.acts.switcher is None
    reply(ready).footer.acts.buttons[Act.AGAIN].click()
    ready.write("Second.")
    ready.finish()
    switcher = switcher_of(reply(ready).footer.acts)
    assert switcher.text.text() == "2/2"
    assert switcher.text.accessibleName() == "Version 2 of 2"
    assert not switcher.on.isEnabled()
    switcher.back.click()
    assert text_of(reply(ready)) == "First."
    assert switcher_of(reply(ready).footer.acts).text.text() == "1/2"


def test_an_earlier_reply_with_mtp_off_from_the_menu(ready: Rig) -> None:
    ask(ready, "One", "A.")
    ask(ready, "Two", "B.")
    menu = reply(ready, 1).footer.acts.menu()
    next(entry for entry in menu.actions() if "MTP off" in entry.text()).trigger()
    assert ready.request().mtp == "off"
    assert len(views(ready)) == 2


@pytest.mark.qt_log_ignore("This plugin does not support grabbing", extend=True)
def test_more_opens_beneath_its_button(ready: Rig) -> None:
    ask(ready, "One", "A.")
    more = reply(ready).footer.acts.more
    assert more is not None
    QApplication.processEvents()
    more.click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert menu.y() == more.mapToGlobal(more.rect().bottomLeft()).y()
    entry = next(entry for entry in menu.actions() if entry.text() == "Copy as plain text")
    menu.close()
    entry.trigger()
    assert QGuiApplication.clipboard().text() == "A."


def test_editing_where_it_stands(qtbot: QtBot, ready: Rig) -> None:
    ask(ready, "Helo", "A.")
    view = question(ready)
    view.acts.buttons[Act.EDIT].click()
    assert view.editor is not None
    assert view.bubble.isHidden()
    assert view.editor.text.toPlainText() == "Helo"
    QTest.keyClick(view.editor.text, Qt.Key.Key_Backspace)
    QTest.keyClicks(view.editor.text, "lo")
    QTest.keyClick(view.editor.text, Qt.Key.Key_Return)
    assert shown(ready) == ["Hello", ""]
    ready.write("B.")
    ready.finish()
    assert switcher_of(question(ready).acts).text.text() == "2/2"
    switcher_of(question(ready).acts).back.click()
    assert shown(ready) == ["Helo", "A."]


def test_escape_leaves_a_question_as_it_was(qtbot: QtBot, ready: Rig) -> None:
    ask(ready, "Hello", "A.")
    command(ready, "Edit the last question").trigger()
    view = question(ready)
    editor = view.findChildren(MessageEditor)[0]
    view.edit()
    QTest.keyClicks(editor.text, " there")
    QTest.keyClick(editor.text, Qt.Key.Key_Escape)
    assert view.editor is None
    assert not view.bubble.isHidden()
    assert shown(ready) == ["Hello", "A."]


def test_an_edit_that_cannot_be_asked_yet_is_kept(ready: Rig) -> None:
    ask(ready, "Hello", "A.")
    view = question(ready)
    view.edit()
    assert view.editor is not None
    chat_of(ready).send("And?")
    assert not view.editor.ask.isEnabled()
    QTest.keyClick(view.editor.text, Qt.Key.Key_Return)
    assert view.editor.text.toPlainText() == "Hello"
    ready.finish()
    assert view.editor.ask.isEnabled()


def test_only_one_question_is_opened_for_editing(ready: Rig) -> None:
    ask(ready, "One", "A.")
    ask(ready, "Two", "B.")
    transcript = ready.program.window.transcript
    transcript.acted.emit(chat_of(ready).messages.at(2).id, Act.EDIT)
    transcript.edit("nowhere")
    assert [question(ready, at).editor is not None for at in (0, 2)] == [False, True]


@pytest.mark.slow
def test_the_last_question_is_edited_from_far_above(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = chat_of(ready), ready.program.window.transcript
    chat.open(long_chat(120))
    at_the_end(qtbot, transcript)
    scroll_to(qtbot, transcript, 20)
    settle(qtbot, transcript)
    assert transcript.hidden_below
    command(ready, "Edit the last question").trigger()
    edited = [v.message.id for v in views(ready) if isinstance(v, UserView) and v.editor]
    assert edited == ["118"]


@pytest.mark.slow
def test_what_is_being_rewritten_outlives_a_long_way_up(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = chat_of(ready), ready.program.window.transcript
    chat.open(long_chat(120))
    at_the_end(qtbot, transcript)
    command(ready, "Edit the last question").trigger()
    view = views(ready)[-2]
    assert isinstance(view, UserView)
    assert view.editor is not None
    view.editor.text.setPlainText("Half a thought")
    scroll_to(qtbot, transcript, 20)
    settle(qtbot, transcript)
    transcript.scroll_to_end()
    assert view in views(ready)
    assert view.editor.text.toPlainText() == "Half a thought"


def test_continue_goes_on_in_the_same_place(ready: Rig) -> None:
    stop_early(ready)
    view = reply(ready)
    assert not view.footer.acts.buttons[Act.CONTINUE].isHidden()
    QApplication.processEvents()
    command(ready, "Continue the reply").trigger()
    assert view.footer.isHidden()
    assert not view.wait.isHidden()
    ready.say(
        round_of(ready.request().id, 0, [" two"]),
        round_of(ready.request().id, 1, [" three"]),
        finished(ready.request().id),
    )
    assert reply(ready) is view
    assert text_of(view) == "One, two three"
    assert [block.toPlainText() for block in view.answer.built] == ["One, two three"]  # type: ignore[union-attr]
    assert view.wait.isHidden()
    assert view.footer.acts.buttons[Act.CONTINUE].isHidden()
    left = [view.footer.acts.buttons[act].x() for act in (Act.AGAIN, Act.CONTINUE, Act.DELETE)]
    assert left == sorted(left)


def test_the_token_view_of_a_continued_reply_keeps_its_beginning(ready: Rig) -> None:
    stop_early(ready)
    ready.program.window.transcript.set_token_view(shown=True)
    command(ready, "Continue the reply").trigger()
    ready.say(round_of(ready.request().id, 0, [" two"]))
    chat_of(ready).streaming.flush()
    tokens = reply(ready).tokens
    assert tokens is not None
    assert [t.text for r in tokens.rounds for t in r.tokens] == ["Hm", "One,", " two"]
    ready.finish()
    assert len(tokens.rounds) == 3


def test_delete_and_undo(ready: Rig) -> None:
    ask(ready, "Hello", "A.")
    chat_of(ready).branches.removed.connect(chat_of(ready).branches.restore)
    question(ready).acts.buttons[Act.DELETE].click()
    assert shown(ready) == ["Hello", "A."]
    assert len(views(ready)) == 2


def test_deleting_all_leads_back_to_the_welcome(ready: Rig) -> None:
    ask(ready, "Hello", "A.")
    command(ready, "Delete the last reply").trigger()
    assert shown(ready) == ["Hello"]
    command(ready, "Regenerate").trigger()
    assert len(views(ready)) == 2
    ready.finish()
    question(ready).acts.buttons[Act.DELETE].click()
    page = ready.program.window.page
    assert ready.program.window.welcome.isVisibleTo(page)


def test_copying_as_markdown_and_as_plain_text(ready: Rig) -> None:
    ask(ready, "Hello", "**Bold** words.")
    clipboard = QGuiApplication.clipboard()
    command(ready, "Copy as plain text").trigger()
    assert clipboard.text() == "Bold words."
    reply(ready).footer.acts.buttons[Act.COPY].click()
    assert clipboard.text() == "**Bold** words."
    question(ready).acts.buttons[Act.COPY].click()
    assert clipboard.text() == "Hello"
    ready.program.window.transcript.acted.emit("gone", Act.COPY)


def test_actions_are_quiet_until_the_pointer_or_the_focus_comes(qtbot: QtBot, ready: Rig) -> None:
    ask(ready, "Hello", "A.")
    window = ready.program.window
    qtbot.waitUntil(window.isActiveWindow)
    actions = question(ready).acts
    copy = actions.buttons[Act.COPY]
    assert is_awake(reply(ready).footer.acts)
    assert not is_awake(actions)
    assert copy.icon().isNull()
    spot = QPointF(1, 1)
    QApplication.sendEvent(question(ready), QEnterEvent(spot, spot, spot))
    assert not copy.icon().isNull()
    QApplication.sendEvent(question(ready), QEvent(QEvent.Type.Leave))
    assert copy.icon().isNull()
    ask(ready, "And?", "B.")
    footer = reply(ready, 1).footer.acts
    assert not is_awake(footer)
    QApplication.sendEvent(reply(ready, 1), QEnterEvent(spot, spot, spot))
    assert is_awake(footer)
    QApplication.sendEvent(reply(ready, 1), QEvent(QEvent.Type.Leave))
    assert not is_awake(footer)
    copy.setFocus()
    assert not copy.icon().isNull()
    window.composer.text.setFocus()
    assert copy.icon().isNull()
    assert copy.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_tab_goes_from_left_to_right_also_to_a_button_that_came_later(ready: Rig) -> None:
    stop_early(ready)
    acts = reply(ready).footer.acts
    order = [acts.buttons[Act.AGAIN], acts.more, acts.buttons[Act.CONTINUE]]
    order.append(acts.buttons[Act.DELETE])
    at = order[0]
    seen = [at]
    while at is not order[-1] and len(seen) < 8:
        assert at is not None
        at = at.nextInFocusChain()  # type: ignore[assignment]
        seen.append(at)
    assert seen == order


def test_a_grey_action_says_why(ready: Rig) -> None:
    ask(ready, "Hello", "A.")
    chat_of(ready).send("And?")
    again = reply(ready, 1).footer.acts.buttons[Act.AGAIN]
    assert not again.isEnabled()
    assert "Esc" in again.toolTip()
    ready.finish()
    assert again.toolTip() == "Regenerate"


@pytest.mark.parametrize("length", [10, 200])
def test_switching_to_a_branch_of_any_length(qtbot: QtBot, ready: Rig, length: int) -> None:
    chat = chat_of(ready)
    long = long_chat(length)
    chat.open(long)
    chat.edit("0", "Another beginning")
    ready.finish()
    assert len(chat.messages) == 2
    chat.branches.show_sibling(chat.messages.at(0).id, -1)
    assert len(chat.messages) == length
    shown_ids = [view.message.id for view in views(ready)]
    assert shown_ids == [m.id for m in long.messages][-len(shown_ids) :]
    chat.branches.show_sibling("0", +1)
    assert [type(view) for view in views(ready)] == [UserView, ReplyView]


def test_what_is_left_after_a_deletion_far_up_is_there_as_a_whole(ready: Rig) -> None:
    chat = chat_of(ready)
    chat.open(long_chat(200))
    chat.branches.delete("30")
    assert [view.message.id for view in views(ready)][-24:] == [str(i) for i in range(6, 30)]


def test_switching_keeps_the_place_one_reads(qtbot: QtBot, ready: Rig) -> None:
    chat, transcript = chat_of(ready), ready.program.window.transcript
    chat.open(long_chat(20))
    QApplication.processEvents()
    bar = transcript.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    chat.regenerate("5")
    ready.write("\n\n".join(f"Paragraph {n}." for n in range(60)))
    ready.finish()
    qtbot.waitUntil(lambda: bar.maximum() > 800 and bar.value() == bar.maximum())
    bar.setValue(60)
    chat.branches.show_sibling(chat.messages.at(5).id, -1)
    assert not transcript.following
    QApplication.processEvents()
    settle(qtbot, transcript)
    assert bar.value() == 60
    assert transcript.latest.isVisible()


def test_without_a_drafter_there_is_nothing_to_compare(ready: Rig) -> None:
    ask(ready, "Hello", "A.")
    ready.load(replace(PAIR, drafter=None))
    enabled = {
        entry.text(): entry.isEnabled() for entry in reply(ready).footer.acts.menu().actions()
    }
    assert not enabled["Regenerate with MTP on"]
    assert not enabled["Regenerate with MTP off"]
    assert enabled["Regenerate with the same seed"]


def test_commands_follow_what_is_possible(ready: Rig) -> None:
    names = ("Regenerate", "Continue the reply", "Edit the last question", "Previous version")
    assert not any(command(ready, name).isEnabled() for name in names)
    stop_early(ready)
    assert [command(ready, name).isEnabled() for name in names] == [True, True, True, False]
    command(ready, "Regenerate").trigger()
    assert not any(command(ready, name).isEnabled() for name in names)
    ready.finish()
    assert [command(ready, name).isEnabled() for name in names] == [True, False, True, True]
    command(ready, "Previous version").trigger()
    assert shown(ready) == ["Count", "One,"]
    ready.program.models.chat.open(Chat(id="c", title="t", created=0.0))
    assert not any(command(ready, name).isEnabled() for name in names)
