"""Chats by their days, as the user's calendar has them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from app.domain.conversation import ChatSummary
from app.viewmodels.sidebar.chat_list_model import Group, group_of, grouped

TODAY = date(2026, 3, 5)


def chat(day: date, hour: int = 12, *, pinned: bool = False) -> ChatSummary:
    moment = datetime(day.year, day.month, day.day, hour).astimezone()
    return ChatSummary(id=str(day), title="t", pinned=pinned, updated=moment.timestamp())


@pytest.mark.parametrize(
    ("day", "group"),
    [
        (date(2026, 3, 9), "today"),
        (date(2026, 3, 5), "today"),
        (date(2026, 3, 4), "yesterday"),
        (date(2026, 3, 3), "week"),
        (date(2026, 2, 26), "week"),
        (date(2026, 2, 25), "month"),
        (date(2026, 2, 3), "month"),
        (date(2026, 2, 2), (2026, 2)),
        (date(2025, 2, 2), (2025, 2)),
    ],
)
def test_the_nearer_the_finer(day: date, group: Group) -> None:
    assert group_of(chat(day), TODAY) == group
    assert group_of(chat(day, pinned=True), TODAY) == "pinned"


def test_a_day_begins_at_midnight() -> None:
    assert group_of(chat(date(2026, 3, 4), 23), TODAY) == "yesterday"
    assert group_of(chat(date(2026, 3, 5), 0), TODAY) == "today"


def test_each_group_is_named_once() -> None:
    chats = [
        chat(date(2020, 1, 1), pinned=True),
        chat(TODAY),
        chat(TODAY, 11),
        chat(date(2024, 5, 6)),
    ]
    rows = list(grouped(chats, TODAY))
    assert [row for row in rows if not isinstance(row, ChatSummary)] == [
        "pinned",
        "today",
        (2024, 5),
    ]
    assert [row for row in rows if isinstance(row, ChatSummary)] == chats
    assert list(grouped([], TODAY)) == []
