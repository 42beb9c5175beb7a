"""Several conversations keep their prompts, within a budget, and none takes another's."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.decode.prompt_pool import MOST_CACHES, PromptPool


@dataclass(frozen=True)
class NoSnapshot:
    nbytes: int = 0


@dataclass
class Tokens:
    """A state that holds its tokens in a list, a byte each, and can be trimmed to any length."""

    held: list[int] = field(default_factory=list)

    @property
    def length(self) -> int:
        return len(self.held)

    @property
    def nbytes(self) -> int:
        return len(self.held)

    def fork(self) -> Tokens:
        return Tokens(list(self.held))

    def can_trim(self, n: int) -> bool:
        return n <= len(self.held)

    def trim(self, n: int) -> None:
        del self.held[len(self.held) - n :]

    def snapshot(self) -> NoSnapshot:
        return NoSnapshot()


class Lists:
    def new_state(self, *_: object) -> Tokens:
        return Tokens()


def pool(budget: int) -> PromptPool:
    return PromptPool(Lists(), None, budget)  # type: ignore[arg-type]


def read(caches: PromptPool, prompt: list[int]) -> int:
    """Read a prompt as a reply does; return how much of it was reused."""
    cache = caches.take(prompt)
    reused = cache.claim(prompt)
    cache.state.held = list(prompt)  # type: ignore[attr-defined]
    cache.keep(prompt)
    return reused


A, B = list(range(100)), [*range(20), *range(500, 580)]  # they share a system prompt of 20


def test_two_conversations_keep_their_prompts() -> None:
    caches = pool(10_000)
    read(caches, A)
    assert read(caches, B) == 20  # from a copy: taking 20 of 100 would cost A the rest
    assert read(caches, [*A, 7]) == 100
    assert read(caches, [*B, 7]) == 100
    assert caches.lengths == (101, 101)
    assert caches.last.tokens == (*B, 7)


def test_an_edit_in_the_last_half_goes_on_in_its_own_cache() -> None:
    caches = pool(10_000)
    read(caches, A)
    assert read(caches, [*A[:60], 900, 901]) == 60
    assert caches.lengths == (62,)


def test_an_early_edit_reuses_what_stands_before_it_and_keeps_the_rest() -> None:
    caches = pool(10_000)
    read(caches, A)
    assert read(caches, [*A[:30], 900]) == 30
    assert caches.lengths == (31, 100)
    assert read(caches, [*A, 7]) == 100


def test_a_conversation_too_large_to_stay_is_taken_over() -> None:
    caches = pool(50)
    read(caches, A)
    assert read(caches, [*A[:30], 900]) == 30
    assert caches.lengths == (31,)


def test_what_was_used_longest_ago_gives_way() -> None:
    caches = pool(250)
    c = list(range(1000, 1100))
    for prompt in (A, B, c):
        read(caches, prompt)
    caches.trim()
    assert caches.lengths == (100, 100, 100)  # the last one does not count
    read(caches, list(range(2000, 2100)))
    assert caches.lengths == (100, 100, 100)
    assert read(caches, [*B, 1]) == 100
    assert read(caches, [*A, 1]) == 20


def test_the_last_conversation_stays_without_a_budget() -> None:
    caches = pool(0)
    read(caches, A)
    assert read(caches, B) == 20
    assert caches.lengths == (100,)
    assert read(caches, [*B, 1]) == 100


def test_others_give_way_to_the_last() -> None:
    caches = pool(10_000)
    assert not caches.release_others()
    read(caches, A)
    read(caches, B)
    assert caches.release_others()
    assert caches.lengths == (len(B),)


def test_emptying_releases_all() -> None:
    caches = pool(10_000)
    read(caches, A)
    read(caches, B)
    caches.empty()
    assert caches.lengths == (0,)
    assert caches.nbytes == 0


@given(
    st.integers(0, 60),
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=60),
)
def test_a_reuse_is_a_true_prefix_and_the_budget_holds(
    budget: int, prompts: list[list[int]]
) -> None:
    caches = pool(budget)
    for prompt in prompts:
        cache = caches.take(prompt)
        before = cache.tokens
        reused = cache.claim(prompt)
        assert list(before[:reused]) == prompt[:reused]
        assert cache.state.length == reused
        cache.state.held = list(prompt)  # type: ignore[attr-defined]
        cache.keep(prompt)
        caches.trim()
        assert len(caches.lengths) <= MOST_CACHES
        assert caches.nbytes - caches.last.nbytes <= budget
