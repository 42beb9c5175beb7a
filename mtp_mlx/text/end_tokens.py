"""Which token ids end a reply. A checkpoint may list several, in several files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mtp_mlx.text.files import read_object

END_TOKEN_NAMES = ("eos_token", "eot_token")


def end_token_ids(
    folder: Path, token_id: Callable[[str], int | None] | None = None
) -> frozenset[int]:
    """Every end token that generation_config, config or tokenizer_config lists.

    `token_id` looks up a token by name; without it (no tokenizer) names count for nothing.
    """
    ids = set(_listed(read_object(folder / "generation_config.json")))
    config = read_object(folder / "config.json")
    ids.update(_listed(config), _listed(config.get("text_config")))
    if token_id is not None:
        ids.update(_named(read_object(folder / "tokenizer_config.json"), token_id))
    return frozenset(ids)


def token_name(entry: object) -> str | None:
    """A token's name as tokenizer_config.json spells it: a string, or {"content": string}."""
    if isinstance(entry, Mapping):
        entry = entry.get("content")
    return entry if isinstance(entry, str) else None


def _listed(config: object) -> Iterator[int]:
    """The ids under `eos_token_id`: an int, a list of ints, or nothing."""
    entry = config.get("eos_token_id") if isinstance(config, Mapping) else None
    for item in entry if isinstance(entry, list) else [entry]:
        if isinstance(item, int) and not isinstance(item, bool):
            yield item


def _named(config: Mapping[str, Any], token_id: Callable[[str], int | None]) -> Iterator[int]:
    for key in END_TOKEN_NAMES:
        name = token_name(config.get(key))
        found = token_id(name) if name is not None else None
        if found is not None:
            yield found
