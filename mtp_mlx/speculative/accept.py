"""Acceptance, on plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet


def agreement(drafted: Sequence[int], chosen: Sequence[int]) -> int:
    """The coupled rule: drafts are accepted while they are what the target chooses."""
    n = 0
    while n < len(drafted) and drafted[n] == chosen[n]:
        n += 1
    return n


def cut(tokens: tuple[int, ...], end_tokens: AbstractSet[int], room: int) -> tuple[int, ...]:
    """`tokens` up to and with the first end token, and no more than `room` of them."""
    for i, token in enumerate(tokens[:room]):
        if token in end_tokens:
            return tokens[: i + 1]
    return tokens[:room]
