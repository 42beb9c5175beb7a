"""A checkpoint's vocabulary, read from tokenizer.json or, without that, from tokenizer.model.

`tokenizers` reads the first, SentencePiece the second. Each library is imported only for a folder
that has its file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mtp_mlx.files import damaged, read_object

if TYPE_CHECKING:  # importing it costs tenths of a second
    import tokenizers


class Vocabulary(Protocol):
    """The operations of a vocabulary, whichever library reads it."""

    size: int  # one more than the largest id
    special_ids: frozenset[int]

    def encode(self, text: str) -> list[int]:
        """Return the ids of the text alone; names of control tokens in it become their ids."""
        ...

    def prefix_ids(self) -> list[int]:
        """Return the ids that this tokenizer puts before every text: mostly the bos."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of the ids, special ones left out."""
        ...

    def name(self, token_id: int) -> str | None: ...

    def id(self, name: str) -> int | None: ...


def load_vocabulary(folder: Path) -> Vocabulary | None:
    """Return the folder's vocabulary; None where it has none. Raises DamagedModel."""
    if (file := folder / "tokenizer.json").is_file():
        return JsonVocabulary.load(file)
    if (file := folder / "tokenizer.model").is_file():
        return PieceVocabulary.load(file, read_object(folder / "tokenizer_config.json"))
    return None


def token_name(entry: object) -> str | None:
    """Return a token's name as tokenizer_config.json spells it: a string, or {"content": name}."""
    if isinstance(entry, Mapping):
        entry = entry.get("content")
    return entry if isinstance(entry, str) else None


class JsonVocabulary:
    """A tokenizer.json."""

    def __init__(self, library: tokenizers.Tokenizer) -> None:
        library.no_truncation()  # some files carry a training run's limits
        library.no_padding()
        self._library = library
        added = library.get_added_tokens_decoder()
        self.special_ids = frozenset(i for i, token in added.items() if token.special)
        self.size = max(library.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    @classmethod
    def load(cls, file: Path) -> JsonVocabulary:
        import tokenizers

        try:
            return cls(tokenizers.Tokenizer.from_file(str(file)))
        except Exception as error:  # the library raises nothing narrower
            raise damaged(file, str(error)) from error

    def encode(self, text: str) -> list[int]:
        return self._library.encode(text, add_special_tokens=False).ids

    def prefix_ids(self) -> list[int]:
        """Return the ids that the post-processor puts before a text."""
        encoding = self._library.encode("a", add_special_tokens=True)
        mask = encoding.special_tokens_mask
        return encoding.ids[: mask.index(0) if 0 in mask else 0]

    def decode(self, ids: Sequence[int]) -> str:
        return self._library.decode(list(ids), skip_special_tokens=True)

    def name(self, token_id: int) -> str | None:
        return self._library.id_to_token(token_id)

    def id(self, name: str) -> int | None:
        return self._library.token_to_id(name)


class PieceVocabulary:
    """A tokenizer.model, with the control tokens of tokenizer_config.json.

    SentencePiece never matches control tokens in a text, so the text is cut at their names first.
    """

    def __init__(self, library: Any, config: Mapping[str, Any]) -> None:
        self._library = library
        self._added = _added_tokens(config)
        self._ids = {name: i for i, name in self._added.items()}
        control = {i for i in range(len(library)) if library.IsControl(i)}
        self.special_ids = frozenset(control | _special_ids(config))
        self.size = max([len(library) - 1, *self._added]) + 1
        self._bos = self.id(token_name(config.get("bos_token")) or "")
        self._adds_bos = bool(config.get("add_bos_token", True))
        names = {name: i for i in self.special_ids if (name := self.name(i))}
        self._controls = names | self._ids
        longest_first = sorted(self._controls, key=len, reverse=True)
        self._cut = re.compile("|".join(map(re.escape, longest_first)))

    @classmethod
    def load(cls, file: Path, config: Mapping[str, Any]) -> PieceVocabulary:
        import sentencepiece

        library = sentencepiece.SentencePieceProcessor()
        try:
            library.LoadFromSerializedProto(file.read_bytes())
        except (OSError, RuntimeError) as error:
            raise damaged(file, str(error)) from error
        return cls(library, config)

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        end = 0
        for match in self._cut.finditer(text) if self._cut.pattern else ():
            ids += self._library.EncodeAsIds(text[end : match.start()])
            ids.append(self._controls[match.group()])
            end = match.end()
        return ids + list(self._library.EncodeAsIds(text[end:]))

    def prefix_ids(self) -> list[int]:
        return [self._bos] if self._adds_bos and self._bos is not None else []

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of pieces by SentencePiece, that of added tokens as their names."""
        text, run = "", list[int]()
        for i in ids:
            if i in self.special_ids:
                continue
            if i in self._added:
                text, run = text + self._decode_run(run) + self._added[i], []
            else:
                run.append(i)
        return text + self._decode_run(run)

    def name(self, token_id: int) -> str | None:
        if token_id in self._added:
            return self._added[token_id]
        return str(self._library.IdToPiece(token_id)) if token_id < len(self._library) else None

    def id(self, name: str) -> int | None:
        if name in self._ids:
            return self._ids[name]
        piece = int(self._library.PieceToId(name))  # a name it lacks gives the unknown piece's id
        return piece if self.name(piece) == name else None

    def _decode_run(self, run: list[int]) -> str:
        return str(self._library.DecodeIds(run)) if run else ""


def _added_tokens(config: Mapping[str, Any]) -> dict[int, str]:
    added = config.get("added_tokens_decoder")
    entries = added.items() if isinstance(added, Mapping) else ()
    return {int(i): name for i, token in entries if (name := token_name(token)) is not None}


def _special_ids(config: Mapping[str, Any]) -> set[int]:
    added = config.get("added_tokens_decoder")
    entries = added.items() if isinstance(added, Mapping) else ()
    return {int(i) for i, token in entries if isinstance(token, Mapping) and token.get("special")}
