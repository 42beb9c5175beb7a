"""A reuse is the longest one that is right, and never a wrong one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.decode.prompt_reuse import PromptCache, common_prefix


@dataclass(frozen=True)
class ListSnapshot:
    length: int
    nbytes: int = 200 * 2**20


@dataclass
class ListState:
    """Holds tokens in a list; cannot trim more than `reach`."""

    reach: int
    held: list[int] = field(default_factory=list)

    @property
    def length(self) -> int:
        return len(self.held)

    def can_trim(self, n: int) -> bool:
        return n <= min(self.reach, len(self.held))

    def trim(self, n: int) -> None:
        assert self.can_trim(n)
        del self.held[len(self.held) - n :]

    def snapshot(self) -> ListSnapshot:
        return ListSnapshot(len(self.held))

    def restore(self, snapshot: ListSnapshot) -> None:
        """What was held at the snapshot must still stand there; go back by one more at most."""
        assert snapshot.length <= len(self.held)
        del self.held[snapshot.length :]
        self.reach = max(self.reach, 1)


@dataclass(frozen=True)
class Lists:
    """A target whose states are lists; as a drafter it keeps a list of its own beside each."""

    reach: int

    def new_state(self, *_: object) -> ListState:
        return ListState(self.reach)


def cache_of(reach: int, draft_reach: int | None = None) -> PromptCache:
    drafter = None if draft_reach is None else Lists(draft_reach)
    return PromptCache(Lists(reach), drafter)  # type: ignore[arg-type]


def hold(cache: PromptCache, tokens: list[int]) -> None:
    """Leave the states as a reply does: both hold the same tokens."""
    for state in (cache.state, cache.draft_state):
        if state is not None:
            state.held = list(tokens)  # type: ignore[union-attr]


def held(cache: PromptCache) -> list[int]:
    """What the states hold, which must be the same."""
    tokens: list[int] = cache.state.held  # type: ignore[attr-defined]
    if cache.draft_state is not None:
        assert cache.draft_state.held == tokens  # type: ignore[attr-defined]
    return list(tokens)


tokens = st.lists(st.integers(0, 2), min_size=1, max_size=12)


@given(
    st.lists(st.tuples(tokens, st.integers(0, 3)), max_size=8),
    st.integers(0, 20),
    st.none() | st.integers(0, 20),
)
def test_what_is_reused_is_a_prefix_of_the_prompt(
    requests: list[tuple[list[int], int]], reach: int, draft_reach: int | None
) -> None:
    cache = cache_of(reach, draft_reach)
    least = reach if draft_reach is None else min(reach, draft_reach)
    for prompt, unread in requests:
        before = held(cache)
        reused = cache.claim(prompt)
        assert held(cache) == prompt[:reused]
        assert reused < len(prompt)
        if len(before) - common_prefix(before, prompt[:-1]) <= least:
            assert reused == common_prefix(before, prompt[:-1])
        cache.mark()
        hold(cache, prompt[: len(prompt) - min(unread, len(prompt) - reused)])
        cache.mark()
        cache.keep(prompt)


def test_a_cache_that_got_out_of_step_is_emptied() -> None:
    cache = cache_of(100)
    cache.claim([1, 2, 3])
    hold(cache, [1, 2, 3, 9, 9])  # a round broke off with drafts in the cache
    cache.keep([1, 2, 3])
    assert cache.claim([1, 2, 3, 9, 9, 4]) == 0
    assert held(cache) == []


@pytest.mark.parametrize("draft_reach", [None, 0, 100])
def test_a_snapshot_reaches_where_the_cache_cannot(draft_reach: int | None) -> None:
    cache = cache_of(0, draft_reach)
    cache.claim([1, 2, 3])
    hold(cache, [1, 2, 3])
    cache.mark()  # the prompt is read
    hold(cache, [1, 2, 3, 7, 7, 7])  # and replied to
    cache.keep(held(cache))
    assert cache.claim([1, 2, 3]) == 2  # the same prompt again: all but its last token
    assert held(cache) == [1, 2]


def test_snapshots_are_bounded_by_their_bytes() -> None:
    cache = cache_of(0)
    for length in range(1, 10):
        hold(cache, list(range(length)))
        cache.mark()
    assert cache.marks == (8, 9)
