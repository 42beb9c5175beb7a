"""A reuse is the longest one that is right, and never a wrong one."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.decode.prompt_reuse import PromptCache, common_prefix


@dataclass(frozen=True)
class ListSnapshot:
    length: int
    nbytes: int = 200 * 2**20


class ListTarget:
    """Holds tokens in a list; cannot take back more than `reach`."""

    def __init__(self, reach: int) -> None:
        self.held: list[int] = []
        self.reach = reach

    @property
    def length(self) -> int:
        return len(self.held)

    def can_forget(self, n: int) -> bool:
        return n <= min(self.reach, len(self.held))

    def forget(self, n: int) -> None:
        assert self.can_forget(n)
        del self.held[len(self.held) - n :]

    def reset(self) -> None:
        self.held = []

    def snapshot(self) -> ListSnapshot:
        return ListSnapshot(len(self.held))

    def restore(self, snapshot: ListSnapshot) -> None:
        """What was held at the snapshot must still stand there; go back by one more at most."""
        assert snapshot.length <= len(self.held)
        del self.held[snapshot.length :]
        self.reach = max(self.reach, 1)


tokens = st.lists(st.integers(0, 2), min_size=1, max_size=12)


@given(st.lists(st.tuples(tokens, st.integers(0, 3)), max_size=8), st.integers(0, 20))
def test_what_is_reused_is_a_prefix_of_the_prompt(
    requests: list[tuple[list[int], int]], reach: int
) -> None:
    target = ListTarget(reach)
    cache: PromptCache[ListSnapshot] = PromptCache(target)  # type: ignore[arg-type]
    for prompt, unread in requests:
        before = list(target.held)
        reused = cache.claim(prompt)
        assert target.held == prompt[:reused]
        assert reused < len(prompt)
        if len(before) - common_prefix(before, prompt[:-1]) <= reach:
            assert reused == common_prefix(before, prompt[:-1])
        cache.mark()
        target.held = prompt[: len(prompt) - min(unread, len(prompt) - reused)]
        cache.mark()
        cache.keep(prompt)


def test_a_cache_that_got_out_of_step_is_emptied() -> None:
    target = ListTarget(100)
    cache: PromptCache[ListSnapshot] = PromptCache(target)  # type: ignore[arg-type]
    cache.claim([1, 2, 3])
    target.held = [1, 2, 3, 9, 9]  # a round broke off with drafts in the cache
    cache.keep([1, 2, 3])
    assert cache.claim([1, 2, 3, 9, 9, 4]) == 0
    assert target.held == []


def test_a_snapshot_reaches_where_the_cache_cannot() -> None:
    target = ListTarget(reach=0)
    cache: PromptCache[ListSnapshot] = PromptCache(target)  # type: ignore[arg-type]
    cache.claim([1, 2, 3])
    target.held = [1, 2, 3]
    cache.mark()  # the prompt is read
    target.held = [1, 2, 3, 7, 7, 7]  # and replied to
    cache.keep(target.held)
    target.reach = 0
    assert cache.claim([1, 2, 3]) == 2  # the same prompt again: all but its last token
    assert target.held == [1, 2]


def test_snapshots_are_bounded_by_their_bytes() -> None:
    target = ListTarget(reach=0)
    cache: PromptCache[ListSnapshot] = PromptCache(target)  # type: ignore[arg-type]
    for token in range(9):
        target.held.append(token)
        cache.mark()
    assert [s.length for s in cache._snapshots] == [8, 9]
