"""The model's thoughts, told from its answer.

A pure state machine over control tokens and the texts between them; the header may come in any
number of pieces, and the machine never shows a part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from mtp_mlx.api import ThinkingSyntax


@dataclass(frozen=True, slots=True)
class Step:
    """The state after a text, and what of the text is to be shown."""

    channel: Channel
    shown: str


@dataclass(frozen=True, slots=True)
class Channel:
    """Where the reply stands; `held` is the part of the header that has come so far."""

    place: Literal["answer", "header", "thought"] = "answer"
    held: str = ""

    @property
    def thought(self) -> bool:
        return self.place != "answer"

    def read(self, text: str, header: str) -> Step:
        """Take a text: outside a header it is shown as it is."""
        if self.place != "header":
            return Step(self, text)
        held = self.held + text
        if header.startswith(held) and held != header:
            return Step(replace(self, held=held), "")
        return Step(Channel("thought"), held.removeprefix(header))


ANSWER = Channel("answer")
OPENED = Channel("header")


def without_thoughts(text: str, syntax: ThinkingSyntax | None) -> str:
    """Return a reply's raw text as it is sent back: the answer alone."""
    if syntax is None:
        return text
    opening, closing = re.escape(syntax.opening), re.escape(syntax.closing)
    return re.sub(rf"{opening}.*?(?:{closing}|\Z)", "", text, flags=re.DOTALL)
