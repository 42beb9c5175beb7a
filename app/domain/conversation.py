"""A conversation and what its replies have cost: frozen values, stored as they stand.

Numbers carry the names of the engine's statistics from the pipe to the footer to the report.
Rounds, tokens and rejected drafts are written as JSON arrays, not objects, and the garbage
collector does not follow them: a long reply has thousands, a chat hundreds of thousands, and
looking for cycles that cannot be takes longer than reading them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from app.domain.settings import ReplySettings
from mtp_mlx.api import FinishReason, Mtp, PairInfo, RoundState, Sampling, Stats, Verify

Role = Literal["user", "assistant"]
TokenSource = Literal["target", "draft"]


class TokenRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One emitted token; "" while a character is incomplete."""

    id: int
    text: str
    source: TokenSource
    thought: bool = False


class RejectedRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A drafted token the target did not choose."""

    id: int
    text: str


class RoundRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One round as it arrived. `at` is its end, in seconds since the request."""

    index: int
    depth: int  # K
    drafted: int  # the same as `depth`: it holds a place in the arrays that are stored
    accepted: int
    ms: float
    state: RoundState
    at: float
    tokens: tuple[TokenRecord, ...]
    rejected: tuple[RejectedRecord, ...] = ()
    reason: str | None = None


class SwitchRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The MTP switch was turned in mid-reply, `at` seconds after the request."""

    at: float
    mtp: Mtp


class EngineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which engine, on which device; as the worker introduced itself."""

    versions: dict[str, str] = {}
    device: dict[str, str | int | bool] = {}


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The engine could not go on; `text` are its own words."""

    code: str = ""  # of `mtp_mlx.errors`; "" where an earlier release kept the words only
    text: str = ""


class Died(msgspec.Struct, frozen=True, kw_only=True, tag="died"):
    """The engine died; `text` is a clause that can follow "it"."""

    text: str = ""


Finish = Literal["finished", "length", "cancelled", "interrupted"] | Failed | Died
"""How a reply ended: by the model, at its most tokens, by the user, with the program, or badly."""

FINISHES: dict[FinishReason, Finish] = {
    "stop": "finished",
    "length": "length",
    "cancelled": "cancelled",
}
"""What the engine says of a reply that it ended."""


class ReplyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured while one reply was written.

    `stats` is None where the engine ended before it could say (a cancelled reply has them);
    the prompt's tokens were not counted then either, and stand at 0.
    """

    rounds: tuple[RoundRecord, ...] = ()
    stats: Stats | None
    seed: int
    sampling: Sampling
    max_tokens: int
    mtp: Mtp  # the switch when the request was sent
    switches: tuple[SwitchRecord, ...]
    finish: Finish
    prompt_tokens: int
    reused_tokens: int
    engine: EngineRecord
    pair: PairInfo
    plain_tps: float | None = None  # plain speed of this pair, as known when the reply ended
    plain_day: str | None = None  # when that was measured, ISO 8601; None: not kept
    verify: Verify = "coupled"


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
    tokens: int | None = None  # as the model then loaded counted them


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

    Messages form a tree (`app.domain.tree`): what was edited or written again stands beside what
    it replaced. What is read is the path from the first message to `tip`.
    """

    id: str
    title: str | None  # None until it has one
    created: float
    messages: tuple[ChatMessage, ...] = ()  # of all branches, the oldest first
    tip: str | None = None  # the last message of the branch that is shown
    pinned: bool = False
    draft: str = ""  # written, not sent
    draft_files: tuple[Attachment, ...] = ()  # attached, not sent
    settings: ReplySettings = ReplySettings()


ChatMark = Literal["", "writing", "unseen"]
"""A reply is being written in it; one has ended in it that nobody has seen."""


class ChatSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A chat as a list shows it."""

    id: str
    title: str | None
    pinned: bool = False
    updated: float = 0.0  # of its last message, seconds since the epoch
    snippet: str = ""  # what a search found in its messages
    mark: ChatMark = ""


_TICKS = re.compile("`+")


def content(message: ChatMessage) -> str:
    """The message as it is sent: its files first, for a question is answered best at the end."""
    return with_files(message.text, message.attachments)


def with_files(text: str, attachments: Sequence[Attachment]) -> str:
    return "\n\n".join([*(_fenced(file) for file in attachments), *([text] if text else [])])


def _fenced(file: Attachment) -> str:
    """No line of the file can close its fence: that is longer than any run of ticks in it."""
    longest = max((len(run) for run in _TICKS.findall(file.text)), default=0)
    fence = "`" * max(3, longest + 1)
    name = " ".join(file.name.split())
    return f"{name}:\n{fence}\n{file.text.rstrip()}\n{fence}"
