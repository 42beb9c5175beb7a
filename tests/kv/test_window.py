"""The sliding cache against a plain list of everything ever seen."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtp_mlx.kv.buffer import FullCache
from mtp_mlx.kv.window import AT_ONCE, REWIND, WindowCache

WINDOW = 7
HEADS, DIM = 2, 3

steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 12)),
        st.tuples(st.just("append"), st.sampled_from([40, 300, 700])),
        st.tuples(st.just("trim"), st.integers(1, 40)),
    ),
    max_size=40,
)


def rows(first: int, n: int) -> mx.array:
    """Keys that name their position, [1, heads, n, dim]."""
    at = np.arange(first, first + n, dtype=np.float32)[None, None, :, None]
    return mx.array(np.broadcast_to(at, (1, HEADS, n, DIM)))


def positions(keys: mx.array) -> list[int]:
    found: list[int] = np.array(keys)[0, 0, :, 0].astype(int).tolist()
    return found


@settings(max_examples=80, deadline=None)
@given(steps)
def test_a_window_cache_is_the_tail_of_a_list(steps: list[tuple[str, int]]) -> None:
    cache, version = WindowCache(WINDOW), 0
    seen: list[int] = []
    for action, n in steps:
        if action == "trim":
            if cache.can_trim(n):
                cache.trim(n)
                del seen[len(seen) - n :]
            continue
        version += 1000
        new = [version + i for i in range(n)]
        mask = cache.mask(n)
        held = cache.append(rows(version, n), -rows(version, n))
        before = min(len(seen), WINDOW - 1)
        visible = (seen[len(seen) - before :] if before else []) + new
        seen += new
        assert positions(held.keys) == visible
        assert positions(held.values) == [-x for x in visible]
        check_mask(mask, n, before)
        assert cache.length == len(seen)
        assert positions(cache.view().keys) == seen[-WINDOW:]


def check_mask(mask: mx.array | str | None, n: int, before: int) -> None:
    """Each query sees the last WINDOW positions up to itself, as in plain decoding."""
    total = before + n
    places, queries = np.arange(total)[None], before + np.arange(n)[:, None]
    expected = (queries - WINDOW < places) & (places <= queries)
    if mask is None:
        assert n == 1
        assert expected.all()
    elif isinstance(mask, str):
        causal = np.tril(np.ones((n, total), dtype=bool), k=before)
        assert mask == "causal"
        assert (causal == expected).all()
    else:
        assert (np.array(mask) == expected).all()


@pytest.mark.parametrize("length", [3, WINDOW, 50, 1000])
def test_a_round_can_always_be_taken_back(length: int) -> None:
    cache = WindowCache(WINDOW)
    for first in range(0, length, 3):
        n = min(3, length - first)
        cache.append(rows(first, n), rows(first, n))
    assert cache.can_trim(min(length, REWIND))
    assert not cache.can_trim(length + 1)


@pytest.mark.parametrize("window", [10**5, 10**9, 2**31 - 1, 2**40])
def test_a_window_that_is_never_filled_takes_what_is_asked_for(window: int) -> None:
    """A configuration may say any number; no tensor contradicts it."""
    cache = WindowCache(window)
    for first in range(0, 6000, 40):
        held = cache.append(rows(first, 40), -rows(first, 40))
        assert held.keys.shape[2] == first + 40
        assert cache.nbytes <= 2 * 4 * HEADS * DIM * max(AT_ONCE, (first + 40) * 9 // 8 + 256)
    assert positions(cache.view().keys) == list(range(6000))
    snapshot = cache.snapshot()
    cache.append(rows(0, 3), rows(0, 3))
    cache.restore(snapshot)
    cache.append(rows(6000, 1), rows(6000, 1))
    assert positions(cache.view().keys) == list(range(6001))


def test_memory_is_bounded_by_the_window() -> None:
    cache = WindowCache(WINDOW)
    for first in range(5000):
        cache.append(rows(first, 1), rows(first, 1))
        assert cache.stored < WINDOW + 400


@settings(max_examples=40, deadline=None)
@given(steps)
def test_a_full_cache_is_a_list(steps: list[tuple[str, int]]) -> None:
    cache, version = FullCache(), 0
    seen: list[int] = []
    for action, n in steps:
        if action == "trim":
            if cache.can_trim(n):
                cache.trim(n)
                del seen[len(seen) - n :]
            continue
        version += 1000
        mask = cache.mask(n)
        held = cache.append(rows(version, n), rows(version, n))
        seen += [version + i for i in range(n)]
        assert positions(held.keys) == seen
        assert mask == (None if n == 1 else "causal")


def test_a_full_cache_grows_seldom_and_leaves_little_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.kv.buffer.GRANULE", 16)
    cache, sizes = FullCache(), set()
    for first in range(0, 6000, 5):
        cache.append(rows(first, 5), rows(first, 5))
        capacity = cache._buffer.capacity  # noqa: SLF001  (what a cache keeps idle shows nowhere else)
        sizes.add(capacity)
        assert capacity <= cache.length * 9 / 8 + 16
    assert len(sizes) < 50  # each of them once moved all rows
