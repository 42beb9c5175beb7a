"""What begins: a chat, a question, a reply; each with an id of its own, and the time."""

from __future__ import annotations

import time
import uuid

from app import strings
from app.domain.conversation import Attachment, Chat, ChatMessage
from app.domain.settings import ReplySettings


def new_id() -> str:
    return uuid.uuid4().hex


def new_chat(settings: ReplySettings) -> Chat:
    return Chat(id=new_id(), title=strings.UNTITLED, created=time.time(), settings=settings)


def new_question(text: str, files: tuple[Attachment, ...], parent: str | None) -> ChatMessage:
    return ChatMessage(
        id=new_id(), role="user", text=text, parent=parent, attachments=files, created=time.time()
    )


def new_reply(request_id: str, parent: str | None) -> ChatMessage:
    """Nothing of it is written yet."""
    return ChatMessage(id=request_id, role="assistant", text="", parent=parent, created=time.time())
