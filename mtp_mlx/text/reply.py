"""A reply's text, made from its tokens as they arrive; thoughts are marked, drafts can be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

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


def without_thoughts(text: str, syntax: ThinkingSyntax | None, *, whole: bool = False) -> str:
    """Return a reply's raw text as it is sent back: the answer alone.

    With `whole` a thought counts only with its header and its closing: a reply may speak of them.
    """
    if syntax is None:
        return text
    opening, closing = re.escape(syntax.opening), re.escape(syntax.closing)
    if whole:
        opening += re.escape(syntax.header)
    else:
        closing += r"|\Z"
    return re.sub(rf"{opening}.*?(?:{closing})", "", text, flags=re.DOTALL)


REPLACEMENT = "\ufffd"
"""Decoders write it for bytes that are no character, such as the first half of one."""

WINDOW = 8
"""Tokens kept behind the cursor: a character spans at most four byte-level tokens."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a reply's text, and whether the model was thinking."""

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


class Read(msgspec.Struct, frozen=True, array_like=True):
    """The texts of a round: of each id, and of each rejected draft as a ghost."""

    pieces: list[Piece]
    ghosts: list[str]


class ReplyText:
    """One reply's text, its thoughts marked where the family says how it thinks."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        thinking: ThinkingSyntax | None,
        opened: Sequence[int] | None = None,
    ) -> None:
        """`opened` are the ids in the prompt behind the opening of a thought; None: no thought."""
        self._tokenizer = tokenizer
        self._stream = StreamingDetokenizer(tokenizer)
        self._opening = self._closing = None
        self._header = ""
        if thinking:
            self._opening = tokenizer.token_id(thinking.opening)
            self._closing = tokenizer.token_id(thinking.closing)
            self._header = thinking.header
        self._channel = ANSWER
        if opened is not None:
            self._channel = OPENED.read(tokenizer.decode(opened), self._header).channel

    def read(self, ids: Sequence[int], rejected: Sequence[int] = (), *, last: bool) -> Read:
        """Return the texts of a round's ids, and of its rejected drafts. `last` flushes."""
        pieces = [self.push(token_id) for token_id in ids]
        if last:
            tail, end = self.flush(), pieces[-1]
            thought = end.thought if end.text else tail.thought
            pieces[-1] = Piece(end.text + tail.text, thought)
        return Read(pieces, [self.peek(token_id) for token_id in rejected])

    def push(self, token_id: int) -> Piece:
        """Return the text this token completes. The marks of a thought and its header have none."""
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
        """Return what is still held back; a header cut short stays hidden."""
        return self._read(self._stream.flush())

    def peek(self, token_id: int) -> str:
        """Return a rejected draft as a ghost: its text here, or the name of a control token."""
        controls = {self._opening, self._closing}
        if token_id in self._tokenizer.special_ids or token_id in controls:
            return self._tokenizer.token_text(token_id)
        return self._stream.peek(token_id)

    def _read(self, text: str) -> Piece:
        step = self._channel.read(text, self._header)
        self._channel = step.channel
        return Piece(step.shown, step.channel.thought)
