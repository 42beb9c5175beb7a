"""The sliding cache against a plain list of everything ever seen."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtp_mlx.kv.buffer import FullCache
from mtp_mlx.kv.rows import AT_ONCE, REWIND
from mtp_mlx.kv.spans import Span, spans
from mtp_mlx.kv.window import WindowCache

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
        cut = cache.spans(n)
        held = cache.append(rows(version, n), -rows(version, n))
        before = min(len(seen), WINDOW - 1)
        visible = (seen[len(seen) - before :] if before else []) + new
        seen += new
        assert positions(held.keys) == visible
        assert positions(held.values) == [-x for x in visible]
        assert (attended(cut, n, len(visible)) == expected(n, before, WINDOW)).all()
        assert cache.length == len(seen)
        assert positions(cache.view().keys) == seen[-WINDOW:]


def expected(n: int, before: int, window: int) -> np.ndarray:
    """Each row attends to the last `window` positions up to itself, as in plain decoding."""
    places, queries = np.arange(before + n)[None], before + np.arange(n)[:, None]
    return (queries - window < places) & (places <= queries)


def attended(spans: list[Span], n: int, total: int) -> np.ndarray:
    """The pairs of rows and positions that are scored and not masked, as MLX reads a mask."""
    pairs = np.zeros((n, total), dtype=bool)
    for span in spans:
        block = pairs[span.queries, span.keys]
        if span.mask is None:
            block[:] = True
        elif isinstance(span.mask, str):
            assert span.mask == "causal"
            block[:] = np.tril(np.ones_like(block), k=block.shape[1] - block.shape[0])
        else:
            block[:] = np.array(span.mask)
    return pairs


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 60), st.integers(1, 60), st.none() | st.integers(1, 40), st.integers(1, 30))
def test_spans_score_what_a_row_attends_to_and_little_else(
    before: int, n: int, window: int | None, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("mtp_mlx.kv.spans.BLOCK", block)
        cut = spans(before, n, window)
    sizes = [span.queries.stop - span.queries.start for span in cut]
    assert sum(sizes) == n
    assert all(size <= block for size in sizes)
    wanted = expected(n, before, window or before + n)
    assert (attended(cut, n, before + n) == wanted).all()
    for span in cut:
        assert wanted[span.queries, span.keys].any(axis=0).all()  # no position is scored for nobody


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
        cut = cache.spans(n)
        held = cache.append(rows(version, n), rows(version, n))
        seen += [version + i for i in range(n)]
        assert positions(held.keys) == seen
        assert (attended(cut, n, len(seen)) == expected(n, len(seen) - n, len(seen))).all()


def test_a_full_cache_grows_seldom_and_leaves_little_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.kv.buffer.GRANULE", 16)
    cache, sizes = FullCache(), set()
    for first in range(0, 6000, 5):
        cache.append(rows(first, 5), rows(first, 5))
        capacity = cache._buffer.capacity  # noqa: SLF001  (what a cache keeps idle shows nowhere else)
        sizes.add(capacity)
        assert capacity <= cache.length * 9 / 8 + 16
    assert len(sizes) < 50  # each of them once moved all rows


def test_positions_are_taken_as_views() -> None:
    held = FullCache().append(rows(0, 9), -rows(0, 9))
    assert held.at(slice(0, 9)) is held
    part = held.at(slice(2, 5))
    assert positions(part.keys) == [2, 3, 4]
    assert positions(part.values) == [-2, -3, -4]
