"""Conversations and what was measured of their replies: frozen values, stored as they stand.

Numbers have the names of the engine's statistics (`mtp_mlx.api.Stats`) everywhere.
Rounds, tokens and rejected drafts are stored as JSON arrays, and the garbage collector does not
follow them (`gc=False`): a chat has up to hundreds of thousands, which hold no cycles, and looking
through them would take longer than reading them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.domain.settings import ReplySettings
from mtp_mlx.api import FinishReason, Mtp, PairInfo, RoundState, Sampling, Stats, Verify
from mtp_mlx.events import Round

# A file may be damaged: numbers beyond these would cost memory or time without end.
Count = Annotated[int, Meta(ge=0, le=2**53)]
Drafts = Annotated[int, Meta(ge=0, le=4096)]
Time = Annotated[float, Meta(ge=0, le=1e10)]

Role = Literal["user", "assistant"]
TokenSource = Literal["target", "draft"]


class TokenRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One emitted token. `text` is "" where it completes no character."""

    id: int
    text: str
    source: TokenSource
    thought: bool = False


class RejectedRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A drafted token that the target rejected."""

    id: int
    text: str


class RoundRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One round. `at` is when its event arrived, in seconds since the request."""

    index: Count
    depth: Drafts  # K
    drafted: Drafts  # equal to `depth`; stored arrays have a place for it
    accepted: Drafts
    ms: Time
    state: RoundState
    at: Time
    tokens: tuple[TokenRecord, ...]
    rejected: tuple[RejectedRecord, ...] = ()
    reason: str | None = None


def recorded(event: Round, at: float) -> RoundRecord:
    """Return the round as it is stored; it ended `at` seconds after the request."""
    return RoundRecord(
        index=event.index,
        depth=event.depth,
        drafted=event.depth,
        accepted=event.accepted,
        ms=event.ms,
        state=event.state,
        at=round(at, 4),
        tokens=tuple(TokenRecord(t.id, t.text, t.source, t.thought) for t in event.tokens),
        rejected=tuple(RejectedRecord(r.id, r.text) for r in event.rejected),
        reason=event.reason,
    )


class SwitchRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The MTP switch was turned in mid-reply, `at` seconds after the request."""

    at: Time
    mtp: Mtp


class EngineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Versions and device of the engine that wrote a reply, as its worker reports them."""

    versions: dict[str, str] = {}
    device: dict[str, str | int | bool] = {}


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The engine reported an error; `text` is its message."""

    code: str = ""  # of `mtp_mlx.errors`; "" in replies that an earlier release stored
    text: str = ""


class Died(msgspec.Struct, frozen=True, kw_only=True, tag="died"):
    """The engine died; `text` is a clause that can follow "it"."""

    text: str = ""


Finish = Literal["finished", "length", "cancelled", "interrupted"] | Failed | Died
"""How a reply ended: by the model, at its most tokens, by the user, with the program, by an error
of the engine, or by the engine's death."""

FINISHES: dict[FinishReason, Finish] = {
    "stop": "finished",
    "length": "length",
    "cancelled": "cancelled",
}
"""The engine's reasons as the endings they are stored as."""


class ReplyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was asked for and measured of one reply.

    `stats` is None and the prompt's token counts are 0 where the engine sent no last event: it
    died or failed, or the program ended. A cancelled reply has statistics.
    """

    rounds: tuple[RoundRecord, ...] = ()
    stats: Stats | None
    seed: int
    sampling: Sampling
    max_tokens: Count
    mtp: Mtp  # the switch when the request was sent
    switches: tuple[SwitchRecord, ...]
    finish: Finish
    prompt_tokens: Count
    reused_tokens: Count
    engine: EngineRecord
    pair: PairInfo
    plain_tps: float | None = None  # plain speed of this pair, as known when the reply ended
    plain_day: str | None = None  # when that was measured, ISO 8601; None: not kept
    plain_noise: float | None = None  # the share by which its stretches differ; None: not measured
    verify: Verify = "coupled"
    sent_from: str | None = None  # the message that its prompt began with; None: the chat's first


class ReplyPiece(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply that is being written has gained since its last piece.

    `first` is the index of the first of the `rounds` in the whole reply; `text` and `thought` are
    appended to the message's own, `thought_seconds` replaces them.
    """

    first: int
    rounds: tuple[RoundRecord, ...]
    text: str = ""
    thought: str = ""
    thought_seconds: float | None = None


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A text file that goes with a message, as it was when it was attached."""

    name: str
    text: str
    tokens: Count | None = None  # counted by the model loaded then; None: not counted


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. `reply` is None for the user's turns and while a reply is being written."""

    id: str
    role: Role
    text: str
    parent: str | None = None  # the message it follows; None: it opens the chat
    attachments: tuple[Attachment, ...] = ()
    thought: str = ""  # the thinking channel, kept apart from the answer
    thought_seconds: float | None = None
    created: float = 0.0  # seconds since the epoch
    reply: ReplyRecord | None = None


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with the settings its replies are written by.

    Messages form a tree (`app.domain.tree`): an edited question or a regenerated reply stands
    beside the one it replaces. The window shows the path from the first message to `tip`.
    """

    id: str
    title: str | None  # None until it has one
    created: float
    messages: tuple[ChatMessage, ...] = ()  # of all branches, the oldest first
    tip: str | None = None  # the last message of the branch that is shown
    pinned: bool = False
    draft: str = ""  # written, not sent
    draft_files: tuple[Attachment, ...] = ()  # attached, not sent
    sent_from: str | None = None  # what comes before this message is left out of prompts
    settings: ReplySettings = ReplySettings()


ChatMark = Literal["", "writing", "unseen"]
"""A reply is being written in the chat, or one has ended in it that nobody has read yet."""


class ChatSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list of chats."""

    id: str
    title: str | None
    pinned: bool = False
    updated: float = 0.0  # of its last message, seconds since the epoch
    snippet: str = ""  # a line of the message that matches the search
    hit: str = ""  # the id of the message that the snippet is from
    unread: bool = False  # a reply has ended in it that nobody has seen
    mark: ChatMark = ""


_TICKS = re.compile("`+")


def content(message: ChatMessage) -> str:
    """Return the message as the model reads it: its files first, then its text.

    Models answer a question best that stands at the end.
    """
    return with_files(message.text, message.attachments)


def with_files(text: str, attachments: Sequence[Attachment]) -> str:
    return "\n\n".join([*(_fenced(file) for file in attachments), *([text] if text else [])])


def _fenced(file: Attachment) -> str:
    """Return the file between fences, which are longer than any run of backticks inside it."""
    longest = max((len(run) for run in _TICKS.findall(file.text)), default=0)
    fence = "`" * max(3, longest + 1)
    name = " ".join(file.name.split())
    return f"{name}:\n{fence}\n{file.text.rstrip()}\n{fence}"
