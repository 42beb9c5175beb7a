"""The token view in place of the text: live, for old replies, and for very long ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from app.domain.conversation import Chat, ChatMessage
from app.views.common.theme import ThemeController
from app.views.tokens.token_canvas import TokenCanvas
from app.views.tokens.token_view import TokenView
from tests.app.conftest import Rig
from tests.app.helpers import round_of
from tests.app.records import a_round, drafted_reply, reply_of
from tests.app.views.chat.test_transcript import last

ROUNDS = [
    a_round(0, 0.1, texts=["Once"]),
    a_round(1, 0.2, texts=[" upon", " a"], depth=3),
    a_round(2, 0.3, texts=[" time", ".\n"], depth=1),
]


def shown(qtbot: QtBot, view: QWidget) -> None:
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    QApplication.processEvents()


def point(canvas: TokenCanvas, x: float) -> None:
    place = QPointF(x, 8)
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        canvas.mapToGlobal(place),
        none,
        none,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas, move)


def test_it_replaces_the_text_while_it_is_on(ready: Rig) -> None:
    window = ready.program.window
    ready.program.models.chat.send("Hello")
    ready.write("Some words in reply.")
    ready.finish()
    view = last(window.transcript)
    assert not view.findChildren(TokenView)
    window.menus.tokens.trigger()
    assert view.tokens is not None
    assert not view.tokens.isHidden()
    assert view.answer.isHidden()
    assert view.tokens.legend_text.startswith("1 drafted and accepted · 3 the target's own")
    window.menus.tokens.trigger()
    assert view.tokens.isHidden()
    assert not view.answer.isHidden()


def test_it_grows_with_the_reply(qtbot: QtBot, ready: Rig) -> None:
    window = ready.program.window
    window.menus.tokens.trigger()
    ready.program.models.chat.send("Hello")
    reply = ready.request().id
    ready.say(round_of(reply, 0, ["Some"]))
    view = last(window.transcript)
    assert view.tokens is not None
    assert len(view.tokens.canvas.layout_.items) == 1
    ready.say(round_of(reply, 1, [" words", " in", " reply"], depth=3, state="drafting"))
    qtbot.waitUntil(lambda: "2 drafted" in view.tokens.legend_text)  # type: ignore[union-attr]
    ready.finish()
    texts = [item.text for item in view.tokens.canvas.layout_.items]
    assert texts == ["Some", " words", " in", "no", " reply"]
    assert view.answer.isHidden()


def test_thoughts_are_tokens_too(ready: Rig) -> None:
    window = ready.program.window
    window.menus.tokens.trigger()
    ready.program.models.chat.send("Hello")
    ready.say(round_of(ready.request().id, 0, ["Hmm"], thought=True))
    ready.say(round_of(ready.request().id, 1, ["Yes"]))
    ready.finish()
    view = last(window.transcript)
    assert view.thought is not None
    assert view.thought.isHidden()
    window.menus.tokens.trigger()
    assert not view.thought.isHidden()


def test_it_can_be_switched_on_for_old_replies(ready: Rig) -> None:
    old = ChatMessage(id="1", role="assistant", text="Old.", reply=reply_of(ROUNDS))
    bare = ChatMessage(id="2", role="assistant", text="Older.", parent="1")
    window = ready.program.window
    window.menus.tokens.trigger()
    ready.program.models.chat.open(Chat(id="c", title="t", created=0.0, messages=(old, bare)))
    with_rounds, without = window.transcript.views
    assert with_rounds.tokens is not None  # type: ignore[union-attr]
    assert without.tokens is None  # type: ignore[union-attr]


def test_a_round_is_named_where_one_points(qtbot: QtBot, theme: ThemeController) -> None:
    view = TokenView(theme)
    shown(qtbot, view)
    view.show_rounds(ROUNDS)
    assert view.round.text().startswith("Point at a token")
    item = view.canvas.layout_.items[1]
    point(view.canvas, item.x + item.width - 2)
    assert view.round.text().startswith("Round 1 · drafting, K 3 · 1 of 3 accepted · 20.0 ms")
    point(view.canvas, 399)
    assert view.round.text().startswith("Point at a token")
    point(view.canvas, item.x + item.width - 2)
    view.canvas.clearFocus()
    QApplication.sendEvent(view.canvas, QEvent(QEvent.Type.Leave))
    assert view.round.text().startswith("Point at a token")


def test_the_arrow_keys_go_from_round_to_round(qtbot: QtBot, theme: ThemeController) -> None:
    view = TokenView(theme)
    shown(qtbot, view)
    QTest.keyClick(view.canvas, Qt.Key.Key_Right)
    assert view.round.text().startswith("Point at a token")
    view.show_rounds(ROUNDS)
    said = []
    for key in ["right", "right", "right", "right", "left"]:
        QTest.keyClick(view.canvas, Qt.Key.Key_Right if key == "right" else Qt.Key.Key_Left)
        said.append(view.round.text().split(" · ")[0])
    first = "First token, from the prompt"
    assert said == [first, "Round 1", "Round 2", "Round 2", "Round 1"]
    assert view.canvas.accessibleDescription().startswith("Round 1")


def test_the_keys_bring_a_round_into_sight(qtbot: QtBot, theme: ThemeController) -> None:
    view = TokenView(theme)
    area = QScrollArea(widgetResizable=True)
    area.setWidget(view)
    shown(qtbot, area)
    view.show_rounds(drafted_reply(150))
    view.canvas.point_at(140)
    QApplication.processEvents()
    assert area.verticalScrollBar().value() == 0
    QTest.keyClick(view.canvas, Qt.Key.Key_Right)
    lines = view.canvas.layout_.lines_of(141)
    assert lines is not None
    place = view.canvas.mapTo(area.viewport(), QPoint(0, int(lines[0] * view.canvas.line_height)))
    assert 0 <= place.y() < area.viewport().height()


def test_what_is_drawn_differs_by_more_than_colour(qtbot: QtBot, theme: ThemeController) -> None:
    """In grey: a box under accepted drafts, a line through rejected ones, nothing at the rest."""
    canvas = TokenCanvas(theme)
    shown(qtbot, canvas)
    canvas.show_rounds(
        [a_round(0, 0.1, texts=["  "]), a_round(1, 0.2, texts=["  ", "  "], depth=2)]
    )
    picture = canvas.grab().toImage()
    rows = {}
    for item in canvas.layout_.items:
        box = canvas.box(item)
        column = int(box.center().x())
        heights = range(int(box.top()), int(box.bottom()) + 1)
        rows[item.run.kind] = {picture.pixelColor(column, y).lightness() for y in heights}
    assert len(rows["target"]) == 1
    assert len(rows["drafted"]) > 2  # the page, the box, the line under it
    assert min(rows["drafted"]) < 128
    assert len(rows["rejected"]) > 1


def test_a_very_long_reply_is_set_in_slices(
    qtbot: QtBot, theme: ThemeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas = TokenCanvas(theme)
    area = QScrollArea(widgetResizable=True)
    area.setWidget(canvas)
    shown(qtbot, area)
    canvas.show_rounds(drafted_reply(3000))
    assert not canvas.settled
    qtbot.waitUntil(lambda: canvas.settled)
    tokens = 1 + 3000 * (3 + 1)
    assert len(canvas.layout_.items) == tokens
    assert canvas.height() == round(len(canvas.layout_.lines) * canvas.line_height)
    painted: list[object] = []
    monkeypatch.setattr(canvas, "paint_item", lambda _painter, item: painted.append(item))
    area.verticalScrollBar().setValue(5000)
    area.grab()
    assert 0 < len(painted) < 500


def test_a_new_width_and_another_theme(qtbot: QtBot, theme: ThemeController) -> None:
    view = TokenView(theme)
    shown(qtbot, view)
    view.show_rounds(drafted_reply(40))
    wide = len(view.canvas.layout_.lines)
    view.resize(250, 300)
    qtbot.waitUntil(lambda: len(view.canvas.layout_.lines) > wide)
    light = theme.current.color("drafted_soft").name()
    assert light in colours(view.canvas)
    theme.choose("dark")
    assert theme.current.color("drafted_soft").name() in colours(view.canvas)
    assert light not in colours(view.canvas)
    theme.choose("light")


def colours(canvas: TokenCanvas) -> set[str]:
    image = canvas.grab().toImage()
    size = image.size()
    return {
        image.pixelColor(x, y).name() for x in range(size.width()) for y in range(size.height())
    }


def test_a_narrow_column_is_not_made_wider(qtbot: QtBot, theme: ThemeController) -> None:
    view = TokenView(theme)
    qtbot.addWidget(view)
    view.show_rounds(drafted_reply(400))
    assert view.minimumSizeHint().width() <= 300


def test_stored_rounds_come_back_as_tokens(qtbot: QtBot, ready: Rig, tmp_path: Path) -> None:
    ready.program.models.chat.send("Hello")
    ready.write("Some words in reply, and some more.")
    ready.finish()
    chat = ready.stored(ready.program.models.chat.chat.id)
    assert chat is not None
    ready.program.window.menus.tokens.trigger()
    ready.program.models.chat.open(chat)
    view = last(ready.program.window.transcript)
    assert view.tokens is not None
    assert view.tokens.legend_text.startswith("4 drafted and accepted")
