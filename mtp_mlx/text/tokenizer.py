"""Text to token ids and back, from tokenizer.json or, failing that, tokenizer.model.

Both kinds stand behind `Vocabulary`, a small protocol.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mtp_mlx.text.end_tokens import end_token_ids
from mtp_mlx.text.files import read_object

BYTE_PIECE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
"""A byte of a character the vocabulary lacks; a run of them makes up the character."""


class Vocabulary(Protocol):
    """What the two tokenizer libraries have in common."""

    size: int  # one more than the largest id
    special_ids: frozenset[int]

    def encode(self, text: str) -> list[int]:
        """Ids of the text alone; names of control tokens in it become their ids."""
        ...

    def prefix_ids(self) -> list[int]:
        """What this tokenizer puts before a text of its own accord: mostly the bos."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of the ids, special ones left out."""
        ...

    def name(self, token_id: int) -> str | None: ...

    def id(self, name: str) -> int | None: ...


class Tokenizer:
    """A checkpoint's tokenizer: its vocabulary, and which ids end a reply."""

    def __init__(self, vocabulary: Vocabulary, end_ids: frozenset[int] = frozenset()) -> None:
        self._vocabulary = vocabulary
        self.end_ids = end_ids
        self.special_ids = vocabulary.special_ids
        self.size = vocabulary.size

    @classmethod
    def load(cls, folder: Path) -> Tokenizer | None:
        """The folder's tokenizer; None where it has none. Raises DamagedModel."""
        vocabulary = _load_vocabulary(folder)
        if vocabulary is None:
            return None
        return cls(vocabulary, end_token_ids(folder, vocabulary.id))

    def encode(self, text: str, special: bool = True) -> list[int]:
        """Token ids. With `special` the tokenizer's own bos comes first, never twice."""
        ids = self._vocabulary.encode(text)
        prefix = self._vocabulary.prefix_ids() if special else []
        return ids if ids[: len(prefix)] == prefix else prefix + ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of the ids, special tokens left out; ids it does not know give no text."""
        return self._vocabulary.decode([i for i in ids if 0 <= i < self.size])

    def token_text(self, token_id: int) -> str:
        """The token's own name, as the vocabulary spells it ("" for an unknown id)."""
        return (self._vocabulary.name(token_id) if 0 <= token_id < self.size else None) or ""

    def token_id(self, name: str) -> int | None:
        """The id of a token by its exact name, such as "<turn|>"."""
        return self._vocabulary.id(name)

    def is_byte_piece(self, token_id: int) -> bool:
        return BYTE_PIECE.fullmatch(self.token_text(token_id)) is not None


def _load_vocabulary(folder: Path) -> Vocabulary | None:
    if (file := folder / "tokenizer.json").is_file():
        from mtp_mlx.text.json_vocabulary import JsonVocabulary

        return JsonVocabulary.load(file)
    if (file := folder / "tokenizer.model").is_file():
        from mtp_mlx.text.piece_vocabulary import PieceVocabulary

        return PieceVocabulary.load(file, read_object(folder / "tokenizer_config.json"))
    return None
