"""Reusing what the cache already holds of a conversation that is sent again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mtp_mlx.protocols import Target


class Rewindable(Target, Protocol):
    """A target that knows how far it can go back, and can start over."""

    def can_forget(self, n: int) -> bool: ...

    def reset(self) -> None: ...


class PromptCache:
    """The tokens whose keys and values the target holds, in order.

    Invariant: `tokens` are exactly what the target has seen and not forgotten. While a reply is
    written they are out of step; so `claim` forgets them, and only `keep` states them again.
    """

    def __init__(self, target: Rewindable) -> None:
        self._target = target
        self._tokens: tuple[int, ...] = ()

    def claim(self, prompt: Sequence[int]) -> int:
        """Rewind to the longest common prefix; its length, which the prompt need not be read for.

        At least the prompt's last token is left to read: decoding starts from its hidden state.
        Where the cache cannot rewind that far, it is emptied: a wrong reuse is never made.
        """
        held, self._tokens = self._tokens, ()
        common = common_prefix(held, prompt[:-1])
        surplus = self._target.length - common
        if len(held) != self._target.length or not self._target.can_forget(surplus):
            self._target.reset()
            return 0
        self._target.forget(surplus)
        return common

    def keep(self, tokens: Sequence[int]) -> None:
        """State what the target holds now: the first `target.length` of `tokens`."""
        self._tokens = tuple(tokens[: self._target.length])


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """The number of leading elements that agree."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))
