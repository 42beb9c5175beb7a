"""Requests for replies, and the new chats, questions and replies that go with them."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from app.domain.conversation import Attachment, Chat, ChatMessage, ReplyRecord, content
from app.domain.settings import MtpChoice, ReplySettings
from app.domain.tree import path
from app.engine.engine import Engine
from app.engine.ticket import Purpose, ReplyTicket
from app.render.plain import first_words
from app.viewmodels.common.mtp import MtpViewModel
from app.viewmodels.overlay.plain_speed import PlainSpeed
from mtp_mlx.api import Generate, Message, Mtp

Variant = Literal["plain", "mtp_off", "mtp_on", "same_seed", "another_seed"]
"""How a reply is regenerated. Where MTP is turned on or off, seed and text stay the same."""

_SEEDS = 2**31
_TITLE_LENGTH = 60  # characters of a chat's first title
_HALF_CHARACTER = "\ufffd"  # stands for a character that was cut in half at the end of a reply


@dataclass(frozen=True, slots=True)
class Asking:
    """The services that ask for replies and measure them; `clock` is monotonic, in seconds."""

    engine: Engine
    mtp: MtpViewModel
    plain: PlainSpeed
    clock: Callable[[], float] = time.monotonic

    def submit(self, request: Generate, mtp: MtpChoice, purpose: Purpose = "reply") -> ReplyTicket:
        """Send a request, made with the choice `mtp`, and have the MTP switch steer its reply."""
        ticket = self.engine.submit(request, purpose)
        self.mtp.follow(ticket, mtp)
        return ticket


def turns(system: str, messages: Sequence[ChatMessage]) -> list[Message]:
    """Return the conversation as chat templates need it: without thoughts, roles alternating.

    Two questions become one turn where the reply between them has no text.
    """
    merged = [Message(role="system", content=system.strip())] if system.strip() else []
    for message in messages:
        text = content(message)
        if not text:
            continue
        if merged and merged[-1].role == message.role:
            before = merged.pop().content
            merged.append(Message(role=message.role, content=f"{before}\n\n{text}"))
        else:
            merged.append(Message(role=message.role, content=text))
    return merged


def turns_to_last_question(system: str, messages: Sequence[ChatMessage]) -> list[Message]:
    """Return the turns up to the user's last question; none where there is no question."""
    asked = [place for place, message in enumerate(messages) if message.role == "user"]
    return turns(system, messages[: asked[-1] + 1]) if asked else []


def request_for(
    settings: ReplySettings,
    path: Sequence[ChatMessage],
    variant: Variant = "plain",
    before: ReplyRecord | None = None,
) -> Generate:
    """Return a request for the reply that follows `path`.

    `before` is the version of the reply that is regenerated: some variants take its seed.
    """
    mtp = asked_mtp(settings.mtp, variant).wire()
    seed = seed_of(settings, variant, before)
    return request_with(settings, turns(settings.system, path), mtp, seed)


def request_with(
    settings: ReplySettings, prompt: Sequence[Message], mtp: Mtp, seed: int
) -> Generate:
    """Return a request for a reply to `prompt`, with the chat's settings but for MTP and seed."""
    return Generate(
        prompt=tuple(prompt),
        thinking=settings.thinking,
        sampling=settings.sampling,
        mtp=mtp,
        verify=settings.verify,
        max_tokens=settings.max_tokens,
        seed=seed,
    )


def continuation(settings: ReplySettings, path: Sequence[ChatMessage]) -> Generate:
    """Return a request that continues the last message of `path`, a reply that was stopped.

    It takes the reply's own seed and sampling: under the coupled rule the reply then goes on as it
    would have without the stop.
    """
    last = path[-1]
    record = last.reply
    begun = msgspec.structs.replace(last, text=whole(last.text))
    seed = seed_of(settings, "same_seed", record)
    prompt = turns(settings.system, [*path[:-1], begun])
    request = request_with(settings, prompt, settings.mtp.wire(), seed)
    if record is not None:
        request = msgspec.structs.replace(request, sampling=record.sampling, verify=record.verify)
    return msgspec.structs.replace(request, continue_reply=True)


def asked_mtp(choice: MtpChoice, variant: Variant) -> MtpChoice:
    """Return the MTP choice of a request: the variant's, or else `choice`."""
    if variant not in {"mtp_off", "mtp_on"}:
        return choice
    return MtpChoice(on=variant == "mtp_on", depth=choice.depth)


def whole(text: str) -> str:
    """Return the text without half a character at its end: its continuation repeats that one."""
    return text.rstrip(_HALF_CHARACTER)


def title(text: str, attachments: Sequence[Attachment]) -> str:
    """Return a chat's first title: the first words of the text, or else the first file's name."""
    line = first_words(text) or " ".join(text.split()) or attachments[0].name
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1].rstrip()}…"


def renewed_title(before: Chat, after: Chat) -> str | None:
    """Return the title of a chat from which messages went, or in which another version is read.

    A title that was made of a first question goes with it; one that somebody typed stays.
    """
    if before.title not in _first_titles(before) or before.title in _first_titles(after):
        return before.title
    first = path(after.messages, after.tip)[:1]
    return title(first[0].text, first[0].attachments) if first else None


def _first_titles(chat: Chat) -> set[str]:
    """Return the titles that the questions a chat may begin with would give it."""
    return {
        title(message.text, message.attachments)
        for message in chat.messages
        if message.parent is None and message.role == "user"
    }


def seed_of(
    settings: ReplySettings, variant: Variant = "plain", before: ReplyRecord | None = None
) -> int:
    """Return the seed of a request: that of the reply `before`, the chat's own, or a new one."""
    if before is not None and variant in {"mtp_off", "mtp_on", "same_seed"}:
        return before.seed
    if settings.seed is not None and variant != "another_seed":
        return settings.seed
    return secrets.randbelow(_SEEDS)


def new_id() -> str:
    return uuid.uuid4().hex


def new_chat(settings: ReplySettings) -> Chat:
    return Chat(id=new_id(), title=None, created=time.time(), settings=settings)


def copied_chat(chat: Chat, messages: Sequence[ChatMessage]) -> Chat:
    """Return a new chat with settings and title of `chat` and copies of some of its messages."""
    ids = {message.id: new_id() for message in messages}
    copies = tuple(
        msgspec.structs.replace(message, id=ids[message.id], parent=ids.get(message.parent or ""))
        for message in messages
    )
    new = new_chat(chat.settings)
    if not copies:
        return new
    return msgspec.structs.replace(new, title=chat.title, messages=copies, tip=copies[-1].id)


def new_question(text: str, files: tuple[Attachment, ...], parent: str | None) -> ChatMessage:
    return ChatMessage(
        id=new_id(), role="user", text=text, parent=parent, attachments=files, created=time.time()
    )


def new_reply(parent: str | None) -> ChatMessage:
    """Return a reply without text."""
    return ChatMessage(id=new_id(), role="assistant", text="", parent=parent, created=time.time())
