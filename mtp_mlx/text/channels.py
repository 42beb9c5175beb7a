r"""The model's thoughts, told from its answer: `<|channel>thought\n … <channel|>`.

A pure state machine over control tokens and the texts between them; the header may come in any
number of pieces, and the machine never shows a part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

OPEN, CLOSE = "<|channel>", "<channel|>"
HEADER = "thought\n"
_THOUGHT = re.compile(rf"{re.escape(OPEN)}.*?(?:{re.escape(CLOSE)}|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a reply's text, and whether the model was thinking."""

    text: str
    thought: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """Where the reply stands; `held` is the part of the header seen so far."""

    place: Literal["answer", "header", "thought"] = "answer"
    held: str = ""

    @property
    def thought(self) -> bool:
        return self.place != "answer"


@dataclass(frozen=True, slots=True)
class Step:
    """The state after a text and what of the text is to be shown."""

    channel: Channel
    shown: str


ANSWER = Channel("answer")
OPENED = Channel("header")


def read(channel: Channel, text: str) -> Step:
    """Take a text: outside a header it is shown as it is."""
    if channel.place != "header":
        return Step(channel, text)
    seen = channel.held + text
    if HEADER.startswith(seen) and seen != HEADER:
        return Step(Channel("header", seen), "")
    return Step(Channel("thought"), seen.removeprefix(HEADER))


def without_thoughts(text: str) -> str:
    """A reply's raw text as it is sent back: the answer alone."""
    return _THOUGHT.sub("", text)
