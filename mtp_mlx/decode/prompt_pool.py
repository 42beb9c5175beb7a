"""The caches of several conversations, so that going from one to another reads no prompt anew.

They are held within a budget of bytes; of more, those used longest ago are released. A prompt takes
the cache that holds the longest part of it. Where that would cost another conversation more than
half of what it holds, as for an early edit or a shared system prompt, it takes a copy instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from mtp_mlx.decode.prompt_reuse import PromptCache, common_prefix
from mtp_mlx.protocols import Drafter, Target

MOST_CACHES = 32
"""More conversations are not kept, however small they are: each is looked through at a request."""

LEAST_SHARED = 16
"""Tokens: a shorter part is read again in less time than a copy takes."""


class PromptPool:
    """Caches of one pair, the one used last first. There is always one."""

    def __init__(self, target: Target, drafter: Drafter | None, budget: int) -> None:
        """`budget`: the bytes that all caches but the last used one may hold together."""
        self._target = target
        self._drafter = drafter
        self._budget = budget
        self._caches = [PromptCache(target, drafter)]

    @property
    def last(self) -> PromptCache:
        """Return the cache of the conversation that was written last."""
        return self._caches[0]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return how many tokens each cache holds, in the order of use."""
        return tuple(len(cache.tokens) for cache in self._caches)

    @property
    def nbytes(self) -> int:
        return sum(cache.nbytes for cache in self._caches)

    def take(self, prompt: Sequence[int]) -> PromptCache:
        """Return the cache to read `prompt` into, and release what the budget has no room for."""
        taken = self._taken(prompt)
        self._caches = [taken, *(cache for cache in self._caches if cache is not taken)]
        self.trim()
        return taken

    def _taken(self, prompt: Sequence[int]) -> PromptCache:
        best = max(self._caches, key=lambda cache: common_prefix(cache.tokens, prompt))
        shared = common_prefix(best.tokens, prompt)
        if 2 * shared >= len(best.tokens):
            return best
        if shared < LEAST_SHARED:
            unused = (cache for cache in self._caches if not cache.tokens)
            return next(unused, None) or PromptCache(self._target, self._drafter)
        return best.fork() if best.nbytes <= self._budget else best  # or it could not stay

    def trim(self) -> None:
        """Release the caches used longest ago until the others are within the budget."""
        others = self._caches[1:MOST_CACHES]
        while others and sum(cache.nbytes for cache in others) > self._budget:
            others.pop()
        self._caches = [self._caches[0], *others]

    def release_others(self) -> bool:
        """Release all caches but the one used last; tell whether there were any."""
        others = len(self._caches) > 1
        del self._caches[1:]
        return others

    def empty(self) -> None:
        """Release everything."""
        del self._caches[1:]
        self.last.empty()
