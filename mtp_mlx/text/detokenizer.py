"""Token ids to text while they arrive.

Invariant: the pieces given out, joined and flushed, are `tokenizer.decode(all ids)`, and no piece
ends in half a character. Each push decodes a window of a few tokens, so a reply of n tokens
costs O(n): the window keeps what decoders look back at, and is cut when it has doubled.
"""

from __future__ import annotations

from mtp_mlx.text.tokenizer import Tokenizer

REPLACEMENT = "\ufffd"
"""What decoders write for bytes that are no character, so also for a character's first half."""

WINDOW = 8
"""Tokens kept behind the cursor: a character spans at most four byte-level tokens."""


class StreamingDetokenizer:
    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []  # the window: the last tokens pushed, special ones left out
        self._given = 0  # characters of the window's text that are already given out

    def push(self, token_id: int) -> str:
        """The text that became certain with this token; often "" within a character."""
        if self._is_silent(token_id):
            return ""
        self._ids.append(token_id)
        if self._tokenizer.is_byte_piece(token_id):
            return ""  # only the end of a run of byte pieces tells whether they are characters
        text = _certain(self._tokenizer.decode(self._ids))
        new, self._given = text[self._given :], max(self._given, len(text))
        self._cut()
        return new

    def flush(self) -> str:
        """What is held back, now that nothing follows. The next push begins a new text."""
        new = self._tokenizer.decode(self._ids)[self._given :]
        self._ids, self._given = [], 0
        return new

    def peek(self, token_id: int) -> str:
        """What `push` would give, and a half character as it stands; changes nothing."""
        if self._is_silent(token_id):
            return ""
        before = self._tokenizer.decode(self._ids)
        after = self._tokenizer.decode([*self._ids, token_id])
        return after[len(before) :] if after.startswith(before) else after[self._given :]

    def _is_silent(self, token_id: int) -> bool:
        known = 0 <= token_id < self._tokenizer.size
        return not known or token_id in self._tokenizer.special_ids

    def _cut(self) -> None:
        if len(self._ids) > 2 * WINDOW:
            del self._ids[:-WINDOW]
            self._given = len(_certain(self._tokenizer.decode(self._ids)))


def _certain(text: str) -> str:
    """All but a last replacement character, which the next token may complete."""
    return text.removesuffix(REPLACEMENT)
