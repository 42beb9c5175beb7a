"""Which held positions new rows attend to, in blocks, so that few scores are masked.

A long chunk of a prompt, taken whole, would score every row against every held position and mask
most of the scores: with a window of 512, four in five of those of 2 048 rows. A block of rows needs
only the positions from the beginning of its first row's window to its last row.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.kv.rows import BLOCK

Mask = mx.array | str | None
"""What `mx.fast.scaled_dot_product_attention` takes: booleans, "causal", or None for all keys."""


@dataclass(frozen=True, slots=True)
class Span:
    """Rows `queries` of a chunk attend to `keys` of the positions its cache returned, by `mask`."""

    queries: slice
    keys: slice
    mask: Mask


def spans(before: int, n: int, window: int | None = None) -> list[Span]:
    """Cut `n` new rows behind `before` held positions into spans of at most BLOCK rows.

    Each row attends to itself and what is before it: the last `window` positions, or all of them.
    """
    masks: dict[tuple[int, int], Mask] = {}  # inner blocks of a window look alike
    cut = []
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        position = before + start
        held = position if window is None else min(position, window - 1)
        size = (held, end - start)
        if size not in masks:
            masks[size] = _mask(*size, window)
        cut.append(Span(slice(start, end), slice(position - held, before + end), masks[size]))
    return cut


def _mask(held: int, n: int, window: int | None) -> Mask:
    """Return the mask of `n` rows over `held` positions and themselves."""
    if n == 1:
        return None
    if window is None or held + n <= window:
        return "causal"
    queries = mx.arange(held, held + n)[:, None]
    keys = mx.arange(held + n)[None]
    return (keys <= queries) & (keys > queries - window)
