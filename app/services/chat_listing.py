"""The chats as a list: all of them, or those that hold what is looked for."""

from __future__ import annotations

import sqlite3

import msgspec

from app import strings
from app.domain import search
from app.domain.conversation import ChatSummary
from app.services.search_index import SearchIndex

_LIVING = """
    SELECT id, title, pinned, updated FROM chats
    WHERE deleted IS NULL AND (
        title != :untitled OR draft != ''
        OR EXISTS (SELECT 1 FROM messages WHERE chat_id = chats.id)
        OR EXISTS (SELECT 1 FROM draft_files WHERE chat_id = chats.id)
    )
    ORDER BY pinned DESC, updated DESC, rowid DESC
"""


def list_chats(
    connection: sqlite3.Connection, index: SearchIndex, query: str
) -> tuple[ChatSummary, ...]:
    """Pinned ones first, then by their last message; of a search, what holds all its words.

    A chat nothing was ever written in, or attached to, is left out.
    """
    rows = connection.execute(_LIVING, {"untitled": strings.UNTITLED})
    every = [ChatSummary(id=i, title=t, pinned=bool(p), updated=u) for i, t, p, u in rows]
    wanted = search.words(query)
    if not wanted:
        return tuple(every)
    texts = index.matches(wanted)
    return tuple(
        msgspec.structs.replace(chat, snippet=search.snippet(texts[chat.id], wanted))
        if chat.id in texts
        else chat
        for chat in every
        if chat.id in texts or search.holds(chat.title, wanted)
    )
