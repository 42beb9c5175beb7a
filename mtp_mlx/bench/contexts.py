"""The text before a benchmark's prompts: so many tokens of it, the same for every mode and repeat.

It is mixed from the sentences of the shipped suite, in another order each time they are used up, so
that no long passage comes twice. A pair without a tokenizer reads random token ids. The prompt
stands after it, in the same turn of the conversation. Every run reads all of it anew, as token
ids, so no time of the tokenizer is measured.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import count, takewhile

from mtp_mlx.api import Generate, Message, TokenIds
from mtp_mlx.bench.prompts import Prompt, load_suite, random_ids
from mtp_mlx.engine import Engine
from mtp_mlx.text.codec import Cancelled, Codec, never

MOST_CONTEXTS = 8
"""Lengths of one benchmark; each multiplies its runs."""

_BEGINNING = "Notes of several people, in no order:\n\n"
_END = "\n\nThe notes end here. Now to something else.\n\n"
_SENTENCES = 5  # a paragraph
_CHARACTERS = 8  # a token, at first; twice as many where the text turns out too short
_PROBES = ("0", "A")  # messages that begin with different tokens
_SEED = 2  # 0 is that of the random suite, 1 that of its replayed replies


def notes(characters: int) -> str:
    """Return at least so many characters of our own text; a shorter text begins a longer one."""
    sentences = [
        sentence
        for prompt in load_suite("full").prompts
        for sentence in re.split(r"(?<=[.!?]) ", " ".join((prompt.text or "").split()))
    ]
    chance = random.Random(_SEED)  # noqa: S311 - the same text on every machine
    written, length, numbers = [_BEGINNING], len(_BEGINNING), count(1)
    while length < characters:
        chance.shuffle(sentences)
        for i in range(0, len(sentences), _SENTENCES):
            paragraph = " ".join(sentences[i : i + _SENTENCES])
            written.append(f"Note {next(numbers)}. {paragraph}\n\n")
            length += len(written[-1])
    return "".join(written)


class Contexts:
    """Puts text before prompts, for one pair. Raises ReadingCancelledError once cancelled."""

    def __init__(self, engine: Engine, cancelled: Cancelled = never) -> None:
        self._engine = engine
        self._cancelled = cancelled
        self._contexts: dict[int, tuple[int, ...]] = {}

    def tokens(self, length: int) -> tuple[int, ...]:
        """Return the context of exactly `length` tokens."""
        if length not in self._contexts:
            codec = self._engine.codec
            random = random_ids(self._engine.vocabulary, length, _SEED) if codec is None else ()
            self._contexts[length] = tuple(random if codec is None else self._text(codec, length))
        return self._contexts[length]

    def behind(self, prompt: Prompt, length: int) -> TokenIds:
        """Return `length` tokens of context with the prompt after them, as the model reads both."""
        ids = self.prompt_ids(prompt)
        head = self._head(prompt, ids)
        return TokenIds((*ids[:head], *self.tokens(length), *ids[head:]))

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """Return the prompt alone, as the model reads it."""
        request = Generate(prompt=(part_of(prompt),), mtp="off")
        return self._engine.prompt_ids(request, self._cancelled)

    def _text(self, codec: Codec, length: int) -> list[int]:
        end = codec.encode(_END, special=False, cancelled=self._cancelled)
        characters, begun = _CHARACTERS * length, list[int]()
        while len(begun) < length:
            begun = codec.encode(notes(characters), special=False, cancelled=self._cancelled)
            characters *= 2
        return [*begun[: max(length - len(end), 0)], *end[-length:]]

    def _head(self, prompt: Prompt, ids: Sequence[int]) -> int:
        """Return how many ids the template or the tokenizer puts before the prompt's own."""
        codec = self._engine.codec
        if codec is None:
            return 0
        if prompt.text is None:
            start = codec.encode("", cancelled=self._cancelled)
            return len(start) if list(ids[: len(start)]) == start else 0
        probes = [self.prompt_ids(Prompt(id="", category="", text=text)) for text in _PROBES]
        same = takewhile(lambda each: len(set(each)) == 1, zip(ids, *probes, strict=False))
        return sum(1 for _ in same)


def part_of(prompt: Prompt) -> Message | TokenIds:
    """Return the prompt as a part of a request."""
    if prompt.text is None:
        return TokenIds(tuple(prompt.ids or ()))
    return Message(role="user", content=prompt.text)
