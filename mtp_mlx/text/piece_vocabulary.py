"""tokenizer.model, read by SentencePiece, with the control tokens of tokenizer_config.json.

SentencePiece never matches control tokens in a text, so the text is cut at their names first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sentencepiece

from mtp_mlx.text.end_tokens import token_name
from mtp_mlx.text.files import damaged


class PieceVocabulary:
    def __init__(self, library: Any, config: Mapping[str, Any]) -> None:
        self._library = library
        self._added = _added_tokens(config)
        self._ids = {name: i for i, name in self._added.items()}
        control = {i for i in range(len(library)) if library.IsControl(i)}
        self.special_ids = frozenset(control | _special_ids(config))
        self.size = max([len(library) - 1, *self._added]) + 1
        self._bos = self.id(token_name(config.get("bos_token")) or "")
        self._adds_bos = bool(config.get("add_bos_token", True))
        names = {self.name(i) or "" for i in self.special_ids} | set(self._ids)
        self._cut = re.compile("|".join(map(re.escape, sorted(names - {""}, key=len)[::-1])))

    @classmethod
    def load(cls, file: Path, config: Mapping[str, Any]) -> PieceVocabulary:
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
            ids.append(self._known(match.group()))
            end = match.end()
        return ids + list(self._library.EncodeAsIds(text[end:]))

    def prefix_ids(self) -> list[int]:
        return [self._bos] if self._adds_bos and self._bos is not None else []

    def decode(self, ids: Sequence[int]) -> str:
        """Runs of known pieces by SentencePiece; added tokens that are no control by name."""
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
        found = int(self._library.PieceToId(name))
        return found if self.name(found) == name else None

    def _known(self, name: str) -> int:
        found = self.id(name)
        if found is None:
            raise KeyError(name)
        return found

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
