"""The cache of one conversation, reused for each of its turns: only new tokens need a prefill.

A sliding layer can be trimmed by little more than its slack. So a snapshot of the sliding layers is
kept where the new part of each prompt begins and where it ends: an edit, a regenerated reply or a
template that strips old thoughts costs the prefill of one turn, not of the whole conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtp_mlx.protocols import Drafter, DraftState, Rewindable, Snapshot, State, Target

SNAPSHOT_BYTES = 512 * 2**20  # the most that all hold together; E2B's has 6 MB, 31B's 840 MB


@dataclass(frozen=True, slots=True)
class _Mark:
    """A length that the states can return to: a snapshot of each."""

    length: int
    snapshots: tuple[Snapshot | None, ...]  # None: that state needs none

    @property
    def nbytes(self) -> int:
        return sum(s.nbytes for s in self.snapshots if s is not None)


class PromptCache:
    """The states of one conversation, and the tokens they hold.

    Invariant: `_tokens` are exactly those that the states hold, and each mark was taken behind a
    prefix of them. While a reply is written the states change and the tokens do not: so `claim`
    drops the tokens, and `keep` sets them again.
    """

    state: State
    draft_state: DraftState | None

    def __init__(self, target: Target, drafter: Drafter | None) -> None:
        self._target = target
        self._drafter = drafter
        self.empty()

    def empty(self) -> None:
        """Release the states, their tokens and all marks."""
        self._renew()
        self._tokens: tuple[int, ...] = ()
        self._marks: list[_Mark] = []

    def _renew(self) -> None:
        self.state = self._target.new_state()
        self.draft_state = self._drafter.new_state(self.state) if self._drafter else None

    def fork(self) -> PromptCache:
        """Return a cache of its own that holds the same tokens and marks."""
        made = PromptCache(self._target, self._drafter)
        made.state = self.state.fork()
        made.draft_state = self._drafter.new_state(made.state) if self._drafter else None
        made._tokens, made._marks = self._tokens, list(self._marks)  # snapshots never change
        return made

    def claim(self, prompt: Sequence[int]) -> int:
        """Trim the states to the longest prefix they share with `prompt`; return its length.

        The prefix needs no prefill. At least the prompt's last token is left to read, for decoding
        starts from its hidden state. States that can be neither trimmed that far nor restored from
        a snapshot are replaced by empty ones.
        """
        held, self._tokens = self._tokens, ()
        reused = 0
        if len(held) == self.state.length:
            reused = self._go_back(common_prefix(held, prompt[:-1]))
        if reused == 0:
            self._renew()
        self._marks = [mark for mark in self._marks if mark.length <= reused]
        return reused

    def _states(self) -> list[Rewindable]:
        return [self.state] if self.draft_state is None else [self.state, self.draft_state]

    def _go_back(self, length: int) -> int:
        """Return to `length`, or to the nearest mark before it; return the length reached."""
        if self._trim_to(length):
            return length
        for mark in sorted(self._marks, key=lambda m: m.length, reverse=True):
            if mark.length <= length + 1:  # from a mark one token more can be trimmed
                for state, snapshot in zip(self._states(), mark.snapshots, strict=True):
                    state.restore(snapshot)
                wanted = min(length, mark.length)
                return wanted if self._trim_to(wanted) else 0
        return 0

    def _trim_to(self, length: int) -> bool:
        surplus = self.state.length - length
        if not all(state.can_trim(surplus) for state in self._states()):
            return False
        for state in self._states():
            state.trim(surplus)
        return True

    def mark(self) -> None:
        """Take a snapshot at this length, where the new part of a prompt begins or ends."""
        here = self.state.length
        if here > 0 and all(mark.length != here for mark in self._marks):
            self._marks.append(_Mark(here, tuple(s.snapshot() for s in self._states())))
            while len(self._marks) > 1 and sum(m.nbytes for m in self._marks) > SNAPSHOT_BYTES:
                del self._marks[0]

    @property
    def tokens(self) -> tuple[int, ...]:
        """Return the tokens that the states hold; () while a reply is written."""
        return self._tokens

    @property
    def nbytes(self) -> int:
        """Return the bytes of the target's state and of all snapshots.

        The drafters there are view the target's state and hold nothing beside it.
        """
        return self.state.nbytes + sum(mark.nbytes for mark in self._marks)

    @property
    def marks(self) -> tuple[int, ...]:
        """Return the lengths at which there is a snapshot."""
        return tuple(mark.length for mark in self._marks)

    def keep(self, tokens: Sequence[int]) -> None:
        """Note that the states hold the first `state.length` of `tokens`."""
        self._tokens = tuple(tokens[: self.state.length])


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the number of leading elements that agree."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))
