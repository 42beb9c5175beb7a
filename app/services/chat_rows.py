"""Messages and settings as the database holds them. What cannot be read costs itself only."""

from __future__ import annotations

import msgspec

from app.domain.conversation import Attachment, ChatMessage, ReplyRecord
from app.domain.settings import ReplySettings

MESSAGE_COLUMNS = "id, parent, role, created, text, thought, thought_seconds, attachments, reply"
MessageRow = tuple[str, str | None, str, float, str, str, float | None, str, str | None]


def message_row(message: ChatMessage) -> MessageRow:
    return (
        message.id,
        message.parent,
        message.role,
        message.created,
        message.text,
        message.thought,
        message.thought_seconds,
        as_json(message.attachments),
        None if message.reply is None else as_json(message.reply),
    )


def read_message(row: MessageRow) -> ChatMessage:
    id_, parent, role, created, text, thought, seconds, attachments, reply = row
    return ChatMessage(
        id=id_,
        parent=parent,
        role="assistant" if role == "assistant" else "user",
        created=created,
        text=text,
        thought=thought,
        thought_seconds=seconds,
        attachments=read_attachments(attachments),
        reply=None if reply is None else _read_reply(reply),
    )


def as_json(value: ReplySettings | ReplyRecord | tuple[Attachment, ...]) -> str:
    return msgspec.json.encode(value).decode()


def read_settings(text: str) -> ReplySettings:
    try:
        return msgspec.json.decode(text, type=ReplySettings)
    except msgspec.DecodeError:
        return ReplySettings()


def read_attachments(text: str) -> tuple[Attachment, ...]:
    try:
        return msgspec.json.decode(text, type=tuple[Attachment, ...])
    except msgspec.DecodeError:
        return ()


def _read_reply(text: str) -> ReplyRecord | None:
    """A record this release cannot read costs the message its numbers, not its text."""
    try:
        return msgspec.json.decode(text, type=ReplyRecord)
    except msgspec.DecodeError:
        return None
