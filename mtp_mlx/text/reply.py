"""A reply's text, made from its tokens as they arrive; thoughts are marked, drafts can be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from mtp_mlx.api import ThinkingSyntax
from mtp_mlx.text.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Step:
    """The channel after a text, and the part of the text that is shown."""

    channel: Channel
    shown: str


@dataclass(frozen=True, slots=True)
class Channel:
    """The part of a reply that its next token belongs to."""

    place: Literal["answer", "header", "thought"] = "answer"
    held: str = ""  # the beginning of the header that has come so far

    @property
    def thought(self) -> bool:
        return self.place != "answer"

    def read(self, text: str, header: str) -> Step:
        """Read the next text of a reply; a header is not shown."""
        if self.place != "header":
            return Step(self, text)
        held = self.held + text
        if header.startswith(held) and held != header:
            return Step(replace(self, held=held), "")
        return Step(Channel("thought"), held.removeprefix(header))


ANSWER = Channel("answer")
OPENED = Channel("header")


def without_thoughts(text: str, syntax: ThinkingSyntax | None) -> str:
    """Return a reply's raw text without its thoughts, as the next turn's prompt has it."""
    if syntax is None:
        return text
    opening, closing = re.escape(syntax.opening), re.escape(syntax.closing)
    return re.sub(rf"{opening}.*?(?:{closing}|\Z)", "", text, flags=re.DOTALL)


REPLACEMENT = "\ufffd"
"""Decoders write it for bytes that are no character, such as the first half of one."""

WINDOW = 8
"""Tokens kept behind the cursor: a character spans at most four byte-level tokens."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a reply's text; `thought` where the model was thinking."""

    text: str
    thought: bool


class StreamingDetokenizer:
    """Turns token ids into text while they arrive.

    Invariant: the pieces returned, with that of `flush`, join to `tokenizer.decode(all ids)`, and
    no piece ends in half a character. Each push decodes a window of a few tokens, so a reply of n
    tokens costs O(n): the window holds the tokens that decoders look back at, and is cut when it
    has doubled.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []  # the window: the last tokens pushed, special ones left out
        self._given = 0  # characters of the window's text that were returned already

    def push(self, token_id: int) -> str:
        """Return the text that became certain with this token; often "" within a character."""
        if self._is_silent(token_id):
            return ""
        self._ids.append(token_id)
        if self._tokenizer.is_byte_piece(token_id):
            return ""  # byte pieces become characters only at the end of their run
        text = _certain(self._tokenizer.decode(self._ids))
        new, self._given = text[self._given :], max(self._given, len(text))
        self._cut()
        return new

    def flush(self) -> str:
        """Return the text that was held back. The next push begins a new text."""
        new = self._tokenizer.decode(self._ids)[self._given :]
        self._ids, self._given = [], 0
        return new

    def peek(self, token_id: int) -> str:
        """Return the text that `push` would return, half a character included; change nothing."""
        if self._is_silent(token_id):
            return ""
        before = self._tokenizer.decode(self._ids)
        after = self._tokenizer.decode([*self._ids, token_id])
        return after[len(before) :] if after.startswith(before) else after[self._given :]

    def _is_silent(self, token_id: int) -> bool:
        in_vocabulary = 0 <= token_id < self._tokenizer.size
        return not in_vocabulary or token_id in self._tokenizer.special_ids

    def _cut(self) -> None:
        if len(self._ids) > 2 * WINDOW:
            del self._ids[:-WINDOW]
            self._given = len(_certain(self._tokenizer.decode(self._ids)))


def _certain(text: str) -> str:
    """Return `text` without a last replacement character, which the next token may complete."""
    return text.removesuffix(REPLACEMENT)


class ReplyText:
    """One reply's text. Thoughts are marked where the family has a syntax for them.

    Without a tokenizer every piece is empty.
    """

    def __init__(self, tokenizer: Tokenizer | None, thinking: ThinkingSyntax | None) -> None:
        self._tokenizer = tokenizer
        self._stream = StreamingDetokenizer(tokenizer) if tokenizer else None
        self._opening = self._closing = None
        self._header = ""
        if tokenizer and thinking:
            self._opening = tokenizer.token_id(thinking.opening)
            self._closing = tokenizer.token_id(thinking.closing)
            self._header = thinking.header
        self._channel = ANSWER

    def push(self, token_id: int) -> Piece:
        """Return the text that this token completes; a thought's marks and header have none."""
        if self._stream is None:
            return Piece("", thought=False)
        if token_id == self._opening:
            piece = self.flush()
            self._channel = OPENED
            return piece if piece.text else Piece("", thought=True)
        if token_id == self._closing:
            piece = self.flush()
            self._channel = ANSWER
            return piece
        return self._read(self._stream.push(token_id))

    def flush(self) -> Piece:
        """Return the text that was held back; an unfinished header stays hidden."""
        return self._read(self._stream.flush() if self._stream else "")

    def peek(self, token_id: int) -> str:
        """Return the text that a rejected draft would have had here, or a control token's name."""
        if self._tokenizer is None or self._stream is None:
            return ""
        controls = {self._opening, self._closing}
        if token_id in self._tokenizer.special_ids or token_id in controls:
            return self._tokenizer.token_text(token_id)
        return self._stream.peek(token_id)

    def _read(self, text: str) -> Piece:
        step = self._channel.read(text, self._header)
        self._channel = step.channel
        return Piece(step.shown, step.channel.thought)
