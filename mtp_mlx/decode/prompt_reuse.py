"""Reusing what the cache already holds of a conversation that is sent again and again.

A sliding layer can be rewound by little more than its slack. So a small snapshot of the sliding
layers is kept at each turn's two boundaries, and an edit, a regenerated reply or a template that
strips old thoughts costs the prefill of one turn, not of the whole conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from mtp_mlx.protocols import Target

SNAPSHOT_BYTES = 512 * 2**20  # together; one has 6 MB for E2B and 840 MB for 31B


class Snapshot(Protocol):
    @property
    def length(self) -> int: ...

    @property
    def nbytes(self) -> int: ...


S = TypeVar("S", bound=Snapshot)


class Rewindable(Target, Protocol[S]):
    """A target that knows how far it can go back, and can go further by a snapshot."""

    def can_forget(self, n: int) -> bool: ...

    def reset(self) -> None: ...

    def snapshot(self) -> S: ...

    def restore(self, snapshot: S) -> None: ...


class PromptCache(Generic[S]):
    """The tokens whose keys and values the target holds, in order.

    Invariant: `tokens` are exactly what the target has seen and not forgotten, and each snapshot
    was taken after a prefix of them. While a reply is written they are out of step; so `claim`
    forgets them, and only `keep` states them again.
    """

    def __init__(self, target: Rewindable[S]) -> None:
        self._target = target
        self._tokens: tuple[int, ...] = ()
        self._snapshots: list[S] = []

    def claim(self, prompt: Sequence[int]) -> int:
        """Rewind to the longest common prefix; its length, which the prompt need not be read for.

        At least the prompt's last token is left to read: decoding starts from its hidden state.
        Where the cache can go back neither by itself nor by a snapshot, it is emptied: a wrong
        reuse is never made.
        """
        held, self._tokens = self._tokens, ()
        reused = 0
        if len(held) == self._target.length:
            reused = self._rewind(common_prefix(held, prompt[:-1]))
        if reused == 0:
            self._target.reset()
        self._snapshots = [s for s in self._snapshots if s.length <= reused]
        return reused

    def _rewind(self, length: int) -> int:
        """Go back to `length`, or as near before it as a snapshot allows."""
        if self._forget_down_to(length):
            return length
        for snapshot in sorted(self._snapshots, key=lambda s: s.length, reverse=True):
            if snapshot.length <= length + 1:  # a snapshot can go back by one token more
                self._target.restore(snapshot)
                wanted = min(length, snapshot.length)
                return wanted if self._forget_down_to(wanted) else 0
        return 0

    def _forget_down_to(self, length: int) -> bool:
        surplus = self._target.length - length
        if not self._target.can_forget(surplus):
            return False
        self._target.forget(surplus)
        return True

    def mark(self) -> None:
        """Remember this place, a turn's boundary, to come back to."""
        here = self._target.length
        if here > 0 and all(s.length != here for s in self._snapshots):
            self._snapshots.append(self._target.snapshot())
            while len(self._snapshots) > 1 and self._held_bytes() > SNAPSHOT_BYTES:
                del self._snapshots[0]

    def _held_bytes(self) -> int:
        return sum(snapshot.nbytes for snapshot in self._snapshots)

    def empty(self) -> None:
        """Let go of everything: the caches, and what was known of them."""
        self._target.reset()
        self._tokens = ()
        self._snapshots = []

    def keep(self, tokens: Sequence[int]) -> None:
        """State what the target holds now: the first `target.length` of `tokens`."""
        self._tokens = tuple(tokens[: self._target.length])


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """The number of leading elements that agree."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))
