"""Room for messages without a view: as high as they were, the nearest given back first."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.views.chat.scrolled_column import RoomBelow


def test_it_is_as_high_as_what_it_stands_for(qtbot: QtBot) -> None:
    room = RoomBelow(spacing=5)
    qtbot.addWidget(room)
    assert (len(room), room.height()) == (0, 0)
    for height in (30, 20, 10):  # taken down from the last one upwards
        room.put(height)
    assert (len(room), room.height()) == (3, 60 + 2 * 5)
    room.take()
    assert (len(room), room.height()) == (2, 50 + 5)


def test_what_is_gone_from_the_chat_is_what_was_furthest(qtbot: QtBot) -> None:
    room = RoomBelow(spacing=5)
    qtbot.addWidget(room)
    for height in (30, 20, 10):
        room.put(height)
    room.keep(2)
    assert (len(room), room.height()) == (2, 20 + 10 + 5)
    room.keep(0)
    assert (len(room), room.height()) == (0, 0)


def test_what_is_new_at_the_far_end_is_given_back_last(qtbot: QtBot) -> None:
    room = RoomBelow(spacing=5)
    qtbot.addWidget(room)
    room.put(30)
    room.extend(2)
    assert (len(room), room.height()) == (3, 30 + 2 * 200 + 2 * 5)
    room.take()
    assert (len(room), room.height()) == (2, 2 * 200 + 5)
