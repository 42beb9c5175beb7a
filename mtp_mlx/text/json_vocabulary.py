"""tokenizer.json, read by the `tokenizers` library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tokenizers

from mtp_mlx.text.files import damaged


class JsonVocabulary:
    def __init__(self, library: tokenizers.Tokenizer) -> None:
        library.no_truncation()  # some files carry a training run's limits
        library.no_padding()
        self._library = library
        added = library.get_added_tokens_decoder()
        self.special_ids = frozenset(i for i, token in added.items() if token.special)
        self.size = max(library.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    @classmethod
    def load(cls, file: Path) -> JsonVocabulary:
        try:
            return cls(tokenizers.Tokenizer.from_file(str(file)))
        except Exception as error:  # the library raises nothing narrower
            raise damaged(file, str(error)) from error

    def encode(self, text: str) -> list[int]:
        return self._library.encode(text, add_special_tokens=False).ids

    def prefix_ids(self) -> list[int]:
        """What the post-processor puts before a text; what it puts after, no prompt wants."""
        encoding = self._library.encode("a", add_special_tokens=True)
        mask = encoding.special_tokens_mask
        return encoding.ids[: mask.index(0) if 0 in mask else 0]

    def decode(self, ids: Sequence[int]) -> str:
        return self._library.decode(list(ids), skip_special_tokens=True)

    def name(self, token_id: int) -> str | None:
        return self._library.id_to_token(token_id)

    def id(self, name: str) -> int | None:
        return self._library.token_to_id(name)
