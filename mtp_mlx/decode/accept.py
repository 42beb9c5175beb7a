"""Where a round's tokens must end, on plain numbers."""

from __future__ import annotations

from collections.abc import Set as AbstractSet


def cut(tokens: tuple[int, ...], end_tokens: AbstractSet[int], room: int) -> tuple[int, ...]:
    """`tokens` up to and with the first end token, and no more than `room` of them."""
    for i, token in enumerate(tokens[:room]):
        if token in end_tokens:
            return tokens[: i + 1]
    return tokens[:room]
