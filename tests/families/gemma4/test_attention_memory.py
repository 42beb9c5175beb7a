"""A long chunk attends in blocks, and large blocks hold their scores one after the other."""

from __future__ import annotations

from types import SimpleNamespace

import mlx.core as mx
import pytest

from mtp_mlx.families.gemma4.pieces import attend
from mtp_mlx.kv.buffer import FullCache
from mtp_mlx.kv.rows import BLOCK

HEADS, DIM, ROWS, CONTEXT = 4, 16, 4 * BLOCK, 2048
BLOCK_BYTES = HEADS * BLOCK * CONTEXT * 4  # of scores in float32


def peak() -> int:
    """Return the bytes that a chunk's attention takes beside what it reads."""
    layer = SimpleNamespace(self_attn=SimpleNamespace(scale=1.0))
    cache = FullCache()
    rows = mx.random.normal((1, HEADS, CONTEXT, DIM))
    cache.append(rows[:, :, :-ROWS], rows[:, :, :-ROWS])
    spans = cache.spans(ROWS)
    held = cache.append(rows[:, :, -ROWS:], rows[:, :, -ROWS:])
    queries = mx.random.normal((ROWS, HEADS, 1, DIM))
    mx.eval(held.keys, held.values, queries)
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    mx.eval(attend(layer, queries, held, spans))
    return mx.get_peak_memory() - before


def test_large_blocks_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.families.gemma4.pieces.ALONE", BLOCK_BYTES // 2)
    assert peak() < 1.6 * BLOCK_BYTES
    monkeypatch.setattr("mtp_mlx.families.gemma4.pieces.ALONE", BLOCK_BYTES)
    assert peak() > 2 * BLOCK_BYTES  # all begin at once: the block above waited
