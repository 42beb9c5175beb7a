"""The tokenizer of a checkpoint: text to token ids and back, and the ids that end a reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from mtp_mlx.files import read_object
from mtp_mlx.text.vocabulary import Span, Vocabulary, load_vocabulary, named_tokens, token_name

BYTE_PIECE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
"""The name of a token that is one byte of a character which the vocabulary lacks."""

END_TOKEN_ROLES = ("eos_token", "eot_token")
"""The named tokens that end a reply."""


class Tokenizer:
    """A checkpoint's tokenizer: its vocabulary, and which ids end a reply.

    An id that ends a reply is special, whatever the vocabulary says of it: it has no text.
    """

    def __init__(self, vocabulary: Vocabulary, end_ids: frozenset[int] = frozenset()) -> None:
        self._vocabulary = vocabulary
        self.end_ids = end_ids
        self.special_ids = vocabulary.special_ids | end_ids
        self.size = vocabulary.size
        self.added = vocabulary.added

    @classmethod
    def load(cls, folder: Path) -> Tokenizer | None:
        """Return the folder's tokenizer; None where it has none. Raises DamagedModel."""
        vocabulary = load_vocabulary(folder)
        if vocabulary is None:
            return None
        return cls(vocabulary, end_token_ids(folder, vocabulary.id))

    def encode(self, text: str, special: bool = True) -> list[int]:
        """Return token ids. With `special` the tokenizer's own bos comes first, never twice."""
        ids = self._vocabulary.encode(text)
        prefix = self._vocabulary.prefix_ids() if special else []
        return ids if ids[: len(prefix)] == prefix else prefix + ids

    def spans(self, text: str) -> list[Span]:
        """Return the tokens of `text`, each with its place in it, and no bos."""
        return self._vocabulary.spans(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of the ids; special tokens and unknown ids have none."""
        return self._vocabulary.decode(
            [i for i in ids if 0 <= i < self.size and i not in self.end_ids]
        )

    def token_text(self, token_id: int) -> str:
        """Return the token's name as the vocabulary spells it, "" for an unknown id."""
        return (self._vocabulary.name(token_id) if 0 <= token_id < self.size else None) or ""

    def token_id(self, name: str) -> int | None:
        """Return the id of a token by its exact name, such as "<turn|>"."""
        return self._vocabulary.id(name)

    def is_byte_piece(self, token_id: int) -> bool:
        return BYTE_PIECE.fullmatch(self.token_text(token_id)) is not None


def end_token_ids(
    folder: Path, token_id: Callable[[str], int | None] | None = None
) -> frozenset[int]:
    """Return every end token that a file of the checkpoint lists, by id or as a named token.

    `token_id` looks up a token by name; without it only ids are read. Raises DamagedModel.
    """
    ids = set(_listed(read_object(folder / "generation_config.json")))
    config = read_object(folder / "config.json")
    ids.update(_listed(config), _listed(config.get("text_config")))
    if token_id is not None:
        ids.update(_named(folder, token_id))
    return frozenset(ids)


def _listed(config: object) -> Iterator[int]:
    """Yield the ids under `eos_token_id`: an int, a list of ints, or nothing."""
    entry = config.get("eos_token_id") if isinstance(config, Mapping) else None
    for item in entry if isinstance(entry, list) else [entry]:
        if isinstance(item, int) and not isinstance(item, bool):
            yield item


def _named(folder: Path, token_id: Callable[[str], int | None]) -> Iterator[int]:
    names = list(map(named_tokens(folder).get, END_TOKEN_ROLES))
    listed = read_object(folder / "tokenizer_config.json").get("eos_token")
    for name in (*names, *(map(token_name, listed) if isinstance(listed, list) else ())):
        end = token_id(name) if name is not None else None
        if end is not None:
            yield end
