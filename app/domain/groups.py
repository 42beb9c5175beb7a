"""Chats by when they were written to last: the nearer, the finer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from app.domain.conversation import ChatSummary

Group = Literal["pinned", "today", "yesterday", "week", "month"] | tuple[int, int]
"""A month of the past is (year, month)."""

_WEEK = 7
_MONTH = 30


def grouped(chats: Iterable[ChatSummary], today: date) -> Iterator[Group | ChatSummary]:
    """Each group before its chats, which come as the store gives them."""
    last: Group | None = None
    for chat in chats:
        group = group_of(chat, today)
        if group != last:
            yield group
        yield chat
        last = group


def group_of(chat: ChatSummary, today: date) -> Group:
    """By local days. What a wrong clock put into the future counts as today."""
    if chat.pinned:
        return "pinned"
    day = date.fromtimestamp(chat.updated)  # noqa: DTZ012  (the user's own days)
    age = (today - day).days
    if age <= 0:
        return "today"
    if age == 1:
        return "yesterday"
    if age <= _WEEK:
        return "week"
    return "month" if age <= _MONTH else (day.year, day.month)
