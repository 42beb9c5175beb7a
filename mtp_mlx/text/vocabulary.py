"""A checkpoint's vocabulary, read from tokenizer.json or, without that, from tokenizer.model.

`tokenizers` reads the first, SentencePiece the second. Each library is imported only for a folder
that has its file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mtp_mlx.files import damaged, read_object

if TYPE_CHECKING:  # importing it costs tenths of a second
    import tokenizers


@dataclass(frozen=True, slots=True)
class Span:
    """A token and the characters of the text it stands for."""

    id: int
    begin: int
    end: int


class Vocabulary(Protocol):
    """The operations of a vocabulary, whichever library reads it."""

    size: int  # one more than the largest id
    special_ids: frozenset[int]
    added: dict[int, str]  # names that are looked for in a text before it is cut into pieces

    def encode(self, text: str) -> list[int]:
        """Return the ids of the text alone; names of control tokens in it become their ids."""
        ...

    def spans(self, text: str) -> list[Span]:
        """Return the tokens of `encode`, each with its place in the text."""
        ...

    def prefix_ids(self) -> list[int]:
        """Return the ids that this tokenizer puts before every text: mostly the bos."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of the ids, special ones left out."""
        ...

    def name(self, token_id: int) -> str | None: ...

    def id(self, name: str) -> int | None: ...


USUAL_ROLES = frozenset(
    f"{role}_token" for role in ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
)
JSON_FILE, PIECE_FILE = "tokenizer.json", "tokenizer.model"


def has_vocabulary(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (JSON_FILE, PIECE_FILE))


def load_vocabulary(folder: Path) -> Vocabulary | None:
    """Return the folder's vocabulary; None where it has none. Raises DamagedModel."""
    if (file := folder / JSON_FILE).is_file():
        return JsonVocabulary.load(file, named_tokens(folder).values())
    if (file := folder / PIECE_FILE).is_file():
        return PieceVocabulary.load(file, read_object(folder / "tokenizer_config.json"))
    return None


def named_tokens(folder: Path) -> dict[str, str]:
    """Return what tokenizer_config.json and special_tokens_map.json call tokens: names by role.

    Roles are "bos_token" and whatever else ends in "_token", and the keys of two mappings. As in
    transformers the second file counts where the first lists no `added_tokens_decoder`; it wins
    for the roles that every tokenizer has. Raises DamagedModel.
    """
    config = read_object(folder / "tokenizer_config.json")
    entries = _entries(config)
    if "added_tokens_decoder" not in config:
        further = _entries(read_object(folder / "special_tokens_map.json"))
        entries = further | entries | {k: v for k, v in further.items() if k in USUAL_ROLES}
    names = {role: token_name(entry) for role, entry in entries.items()}
    return {role: name for role, name in names.items() if name is not None}


def _entries(config: Mapping[str, Any]) -> dict[str, object]:
    entries = {role: entry for role, entry in config.items() if role.endswith("_token")}
    for key in ("extra_special_tokens", "model_specific_special_tokens"):
        further = config.get(key)
        if isinstance(further, Mapping):
            entries |= further
    return {role: entry for role, entry in entries.items() if entry is not None}


def token_name(entry: object) -> str | None:
    """Return a token's name as tokenizer_config.json spells it: a string, or {"content": name}."""
    if isinstance(entry, Mapping):
        entry = entry.get("content")
    return entry if isinstance(entry, str) else None


class JsonVocabulary:
    """A tokenizer.json."""

    def __init__(self, library: tokenizers.Tokenizer, named: Iterable[str] = ()) -> None:
        """`named` are control tokens, whatever the library says of them."""
        library.no_truncation()  # some files carry a training run's limits
        library.no_padding()
        self._library = library
        added = library.get_added_tokens_decoder()
        self.added = {i: token.content for i, token in added.items()}
        special = {i for i, token in added.items() if token.special}
        ids = {library.token_to_id(name) for name in named}
        self.special_ids = frozenset(special | {i for i in ids if i is not None})
        self.size = max(library.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    @classmethod
    def load(cls, file: Path, named: Iterable[str] = ()) -> JsonVocabulary:
        """Read the file, in which `named` may be ordinary pieces by mistake."""
        import tokenizers

        names = list(dict.fromkeys(named))
        try:
            library = tokenizers.Tokenizer.from_file(str(file))
            listed = {token.content for token in library.get_added_tokens_decoder().values()}
            unlisted = [
                tokenizers.AddedToken(name, normalized=False, special=True)
                for name in names
                if name not in listed and library.token_to_id(name) is not None
            ]
            library.add_special_tokens(unlisted)
            return cls(library, names)
        except Exception as error:  # the library raises nothing narrower
            raise damaged(file, str(error)) from error

    def encode(self, text: str) -> list[int]:
        return self._library.encode(text, add_special_tokens=False).ids

    def spans(self, text: str) -> list[Span]:
        encoding = self._library.encode(text, add_special_tokens=False)
        return [Span(i, *place) for i, place in zip(encoding.ids, encoding.offsets, strict=True)]

    def prefix_ids(self) -> list[int]:
        """Return the ids that the post-processor puts before a text."""
        encoding = self._library.encode("a", add_special_tokens=True)
        mask = encoding.special_tokens_mask
        return encoding.ids[: mask.index(0) if 0 in mask else 0]

    def decode(self, ids: Sequence[int]) -> str:
        kept = [i for i in ids if i not in self.special_ids]
        return self._library.decode(kept, skip_special_tokens=True)

    def name(self, token_id: int) -> str | None:
        return self._library.id_to_token(token_id)

    def id(self, name: str) -> int | None:
        return self._library.token_to_id(name)


MARK = re.compile(r"<[^<>]+>|\[[^\[\]]+\]")
"""How control tokens are spelled: SentencePiece does not tell user-defined pieces from others."""


class PieceVocabulary:
    """A tokenizer.model, with the control tokens of tokenizer_config.json.

    SentencePiece never matches control tokens in a text, so the text is cut at their names first.
    """

    def __init__(self, library: Any, config: Mapping[str, Any]) -> None:
        self._library = library
        self._added = _added_tokens(config)
        pieces = {i: str(library.IdToPiece(i)) for i in range(len(library))}
        marks = {i: piece for i, piece in pieces.items() if MARK.fullmatch(piece)}
        self.added = marks | self._added
        self._ids = {name: i for i, name in self._added.items()}
        control = {i for i in range(len(library)) if library.IsControl(i)}
        self.special_ids = frozenset(control | _special_ids(config))
        self.size = max([len(library) - 1, *self._added]) + 1
        self._bos = self.id(token_name(config.get("bos_token")) or "")
        self._adds_bos = bool(config.get("add_bos_token", True))
        names = {name: i for i in self.special_ids if (name := self.name(i))}
        self._controls = names | self._ids
        self._cut = _any_of(self._controls)
        self._names = _any_of({*self._controls, *self.added.values()})

    @classmethod
    def load(cls, file: Path, config: Mapping[str, Any]) -> PieceVocabulary:
        import sentencepiece

        library = sentencepiece.SentencePieceProcessor()
        try:
            library.LoadFromSerializedProto(file.read_bytes())
        except (OSError, RuntimeError) as error:
            raise damaged(file, str(error)) from error
        try:
            return cls(library, config)
        except (TypeError, ValueError, OverflowError) as error:
            raise damaged(file.with_name("tokenizer_config.json"), str(error)) from error

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        end = 0
        for match in _matches(self._cut, text):
            ids += self._library.EncodeAsIds(text[end : match.start()])
            ids.append(self._controls[match.group()])
            end = match.end()
        return ids + list(self._library.EncodeAsIds(text[end:]))

    def spans(self, text: str) -> list[Span]:
        """Return each added token at its place, and the pieces between two at that whole place."""
        spans: list[Span] = []
        end = 0
        for match in _matches(self._names, text):
            spans += self._run(text, end, match.start())
            spans += self._run(text, match.start(), match.end())
            end = match.end()
        return spans + self._run(text, end, len(text))

    def _run(self, text: str, begin: int, end: int) -> list[Span]:
        return [Span(i, begin, end) for i in self.encode(text[begin:end])]

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


def _any_of(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern of these names, longest first; None where there are none."""
    longest_first = sorted(filter(None, names), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _matches(pattern: re.Pattern[str] | None, text: str) -> Iterable[re.Match[str]]:
    return () if pattern is None else pattern.finditer(text)


def _added_tokens(config: Mapping[str, Any]) -> dict[int, str]:
    added = config.get("added_tokens_decoder")
    entries = added.items() if isinstance(added, Mapping) else ()
    return {int(i): name for i, token in entries if (name := token_name(token)) is not None}


def _special_ids(config: Mapping[str, Any]) -> set[int]:
    added = config.get("added_tokens_decoder")
    entries = added.items() if isinstance(added, Mapping) else ()
    return {int(i) for i, token in entries if isinstance(token, Mapping) and token.get("special")}
