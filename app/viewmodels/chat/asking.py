"""Asking the engine: the request that is sent, and the chat, question and reply it begins."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Sequence
from typing import Literal

import msgspec

from app.domain.conversation import Attachment, Chat, ChatMessage, ReplyRecord, content
from app.domain.settings import MtpChoice, ReplySettings
from mtp_mlx.api import Generate, Message

Variant = Literal["plain", "mtp_off", "mtp_on", "same_seed", "another_seed"]
"""How a reply is written again. With another MTP switch the seed stays: only the speed differs."""

_SEEDS = 2**31
_TITLE_LENGTH = 60
_HALF_CHARACTER = "\ufffd"  # what is left of one where a reply was cut inside it


def turns(system: str, messages: Sequence[ChatMessage]) -> list[Message]:
    """The conversation as the template takes it: thoughts left out, roles alternating.

    Where a reply failed before its first word, the two questions around it become one turn.
    """
    found = [Message(role="system", content=system.strip())] if system.strip() else []
    for message in messages:
        text = content(message)
        if not text:
            continue
        if found and found[-1].role == message.role:
            found.append(Message(role=message.role, content=f"{found.pop().content}\n\n{text}"))
        else:
            found.append(Message(role=message.role, content=text))
    return found


def turns_to_last_question(system: str, messages: Sequence[ChatMessage]) -> list[Message]:
    """As `turns`, up to the last thing the user said."""
    said = [place for place, message in enumerate(messages) if message.role == "user"]
    return turns(system, messages[: said[-1] + 1]) if said else []


def request_for(
    settings: ReplySettings,
    path: Sequence[ChatMessage],
    variant: Variant = "plain",
    before: ReplyRecord | None = None,
) -> Generate:
    """A request for the reply that follows `path`; `before` is the one it stands beside."""
    return Generate(
        prompt=tuple(turns(settings.system, path)),
        thinking=settings.thinking,
        sampling=settings.sampling,
        mtp=asked_mtp(settings.mtp, variant).wire(),
        verify=settings.verify,
        max_tokens=settings.max_tokens,
        seed=_seed(settings, variant, before),
    )


def continuation(settings: ReplySettings, path: Sequence[ChatMessage]) -> Generate:
    """A request for what comes after the last of `path`, a reply that was stopped.

    Seed and sampling are its own, so that under the coupled rule it goes on as it would have done.
    """
    last = path[-1]
    record = last.reply
    begun = msgspec.structs.replace(last, text=whole(last.text))
    return Generate(
        prompt=tuple(turns(settings.system, [*path[:-1], begun])),
        continue_reply=True,
        thinking=settings.thinking,
        sampling=settings.sampling if record is None else record.sampling,
        mtp=settings.mtp.wire(),
        verify=settings.verify if record is None else record.verify,
        max_tokens=settings.max_tokens,
        seed=_seed(settings, "same_seed", record),
    )


def asked_mtp(choice: MtpChoice, variant: Variant) -> MtpChoice:
    if variant not in {"mtp_off", "mtp_on"}:
        return choice
    return MtpChoice(on=variant == "mtp_on", depth=choice.depth)


def whole(text: str) -> str:
    """The text without a character that was cut in half: what follows begins with all of it."""
    return text.rstrip(_HALF_CHARACTER)


def title(text: str, attachments: Sequence[Attachment]) -> str:
    """The first line, or the first file's name; never a secret request to the model."""
    line = text.splitlines()[0].strip() if text else attachments[0].name
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1].rstrip()}…"


def _seed(settings: ReplySettings, variant: Variant, before: ReplyRecord | None) -> int:
    if before is not None and variant in {"mtp_off", "mtp_on", "same_seed"}:
        return before.seed
    if settings.seed is not None and variant != "another_seed":
        return settings.seed
    return secrets.randbelow(_SEEDS)


def new_id() -> str:
    return uuid.uuid4().hex


def new_chat(settings: ReplySettings) -> Chat:
    return Chat(id=new_id(), title=None, created=time.time(), settings=settings)


def new_question(text: str, files: tuple[Attachment, ...], parent: str | None) -> ChatMessage:
    return ChatMessage(
        id=new_id(), role="user", text=text, parent=parent, attachments=files, created=time.time()
    )


def new_reply(parent: str | None) -> ChatMessage:
    """Nothing of it is written yet."""
    return ChatMessage(id=new_id(), role="assistant", text="", parent=parent, created=time.time())
