"""Whether a pair fits this machine: one sum, of which every part is shown. Pure: loads no MLX.

The sum counts bytes that MLX has in use at once: the weights, the caches full up to a context, and
what reading one chunk of a prompt takes. `scripts/measure_fit.py` compares it with the peak that
MLX reports.

Sources: the queries' scores have no fused kernel where a head is 512 wide or more than 8 rows
attend with heads of 256 (`has_fused_kernel` and `use_fallback` in MLX's
`backend/metal/scaled_dot_product_attention.cpp`), so they stand in memory. MLX has up to ten
command buffers in flight (`MAX_ACTIVE_TASKS` in `transforms.cpp`), and on the CPU a hundred
operations, so the temporaries of several operations, and several blocks of scores, exist at once.

Measured on the CPU, in float32 and above what was held before: 1,024 rows at the end of 16k tokens
of E4B's full layer (134 MB of scores a block) took 776 MB with all blocks at once, and 444 MB where
large blocks wait for each other. Without scores a row took 48,000 numbers (E2B with 10 layers),
79,000 (E4B), 109,000 (12B) and 173,000 (31B), which `MemoryShape.chunk_row` gives within 7 %.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mtp_mlx.api import CONTEXTS, Pressure
from mtp_mlx.families.base import Conversion, KnownPair, MemoryShape
from mtp_mlx.kv.rows import ALONE, BLOCK, CHUNK, GRANULE, GROWTH, REWIND, SLACK

Verdict = Literal["fits", "tight", "too-big"]

MARGIN = 500_000_000
"""Bytes for all that has no part of its own: kernels, logits, text, freed memory kept for reuse."""

SMALLEST_CHUNK = BLOCK
"""Rows of a chunk of a prompt, at the least: fewer would take little less memory."""

DEFAULT_CONTEXT = 8192
"""Tokens of context for which a pair is judged where nobody says how many."""

COMFORTABLE = 0.85
"""The part of a machine's memory that may be needed before it counts as tight."""

RESERVE = 4_000_000_000
"""Bytes that macOS and other programs need at the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMemory:
    """The memory of a machine at a moment, in bytes."""

    total: int
    available: int  # that this process holds or may still take, without driving anything out
    recommended: int | None = None  # the most that Metal advises; None without Metal
    wired_by_others: int = 0  # that cannot be driven out
    pressure: Pressure | None = None  # None: the system has no such state, and kills instead

    @property
    def have(self) -> int:
        """Return the bytes that a pair may need here.

        macOS drives out what other programs hold, so that counts once the system itself says that
        memory is short. Any other system kills instead: there only what is available counts.
        """
        if self.pressure is None:
            return max(0, min(self.total, self.available))
        left = self.total - max(RESERVE, self.wired_by_others)
        most = left if self.recommended is None else min(self.recommended, left)
        return max(0, most if self.pressure == "normal" else min(most, self.available))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSize:
    """The sizes of a pair that its memory depends on."""

    target: int  # bytes of its weights in memory
    drafter: int = 0  # the same; 0 without one
    shape: MemoryShape
    bytes_a_number: int = 2  # of keys, values and scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The bytes that a pair needs, part by part."""

    target: int
    drafter: int
    kv: int  # keys and values up to the context, and the copy from which an edit goes on
    scores: int  # what reading a chunk of the prompt takes
    margin: int = MARGIN

    @property
    def total(self) -> int:
        return self.target + self.drafter + self.kv + self.scores + self.margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a pair needs for a context, what a machine has, and what follows."""

    context: int  # tokens
    chunk: int  # rows of a prompt that are read at a time
    need: Need
    have: int

    @property
    def verdict(self) -> Verdict:
        if self.need.total <= COMFORTABLE * self.have:
            return "fits"
        return "tight" if self.need.total <= self.have else "too-big"


def listed_size(pair: KnownPair, target: Conversion, bytes_a_number: int = 2) -> PairSize | None:
    """Return the size of a pair of the catalogue; None where that of the target is unknown.

    Where numbers are computed in float32 (`bytes_a_number` 4), scales and biases are too.
    """
    if target.size_bytes is None:
        return None
    return PairSize(
        target=_in_memory(target.size_bytes - pair.other_bytes, target.precision, bytes_a_number),
        drafter=listed_drafter(pair, bytes_a_number),
        shape=pair.memory,
        bytes_a_number=bytes_a_number,
    )


def listed_drafter(pair: KnownPair, bytes_a_number: int = 2) -> int:
    """Return the bytes in memory of a pair's published drafter."""
    drafter = pair.drafters[0]
    return _in_memory(drafter.size_bytes or 0, drafter.precision, bytes_a_number)


def _in_memory(size: int, precision: str, bytes_a_number: int) -> int:
    """Return the bytes of weights that are stored in half precision or packed."""
    wider = bytes_a_number - 2
    if precision not in _BITS:
        return size + size * wider // 2
    bits_more = wider * 8 * 2 / GROUP
    return round(size * (1 + bits_more / (_BITS[precision] + 32 / GROUP)))


_BITS = {"4-bit": 4, "8-bit": 8}
GROUP = 64
"""Numbers that share a scale and a bias in a packed tensor of mlx-community's conversions."""

SUITABLE = ("8-bit", "4-bit")
"""Precisions that are advised, the best first: bf16 is half as fast as 8 bits and hardly better."""


def suited(judged: Sequence[tuple[str, Fit]]) -> int | None:
    """Return which of several conversions suits a machine, each given by its precision and its fit.

    The most precise of those that fit, else the smallest that is tight; None where none is.
    """
    order = sorted(
        (SUITABLE.index(precision), i)
        for i, (precision, one) in enumerate(judged)
        if precision in SUITABLE and one.verdict == "fits"
    )
    if order:
        return order[0][1]
    tight = [(one.need.total, i) for i, (_, one) in enumerate(judged) if one.verdict != "too-big"]
    return min(tight)[1] if tight else None


def fit(size: PairSize, context: int, have: int) -> Fit:
    """Judge a pair for a context. The chunk shrinks as far as it can before the verdict does."""

    def at(chunk: int) -> Fit:
        need = Need(
            target=size.target,
            drafter=size.drafter,
            kv=cache_bytes(size, context),
            scores=chunk_bytes(size, context, chunk),
        )
        return Fit(context=context, chunk=chunk, need=need, have=have)

    sizes = range(SMALLEST_CHUNK, CHUNK + 1)
    fitting = bisect_left(sizes, True, key=lambda chunk: at(chunk).verdict != "fits")
    return at(sizes[max(0, fitting - 1)])


def judged_context(longest: int, chosen: int | None = None) -> int:
    """Return the tokens for which a pair is judged: those chosen, else `DEFAULT_CONTEXT`.

    `longest` is what the target was made for.
    """
    return min(longest, chosen or DEFAULT_CONTEXT)


def longest_context(size: PairSize, longest: int, have: int) -> int | None:
    """Return the greatest of `CONTEXTS`, up to `longest`, for which a pair is not too big."""
    lengths = [tokens for tokens in CONTEXTS if tokens <= longest]
    fitting = (n for n in reversed(lengths) if fit(size, n, have).verdict != "too-big")
    return next(fitting, None)


def cache_bytes(size: PairSize, context: int) -> int:
    """Return the bytes of a cache that holds `context` tokens, and of one snapshot of it.

    Full layers keep every position, and as they grow an eighth beyond them. Sliding layers keep a
    window and some rows to go back. A snapshot is a copy of their windows.
    """
    shape = size.shape
    full = -(-(context + context // GROWTH) // GRANULE) * GRANULE
    sliding = shape.window + REWIND + SLACK
    snapshot = min(context, shape.window)
    rows = shape.full_row * full + shape.sliding_row * (sliding + snapshot)
    return rows * size.bytes_a_number


def chunk_bytes(size: PairSize, context: int, chunk: int) -> int:
    """Return the bytes that reading `chunk` rows at the end of `context` tokens takes.

    Blocks of 256 rows attend one after the other, each with a score for each of its rows, each head
    and each position. Blocks of fewer bytes than `ALONE` are not waited for, so the scores of all
    blocks of a chunk may exist at once. To these come the rows themselves, between attentions.
    """
    rows = min(chunk, context)
    row = size.shape.query_heads * context * size.bytes_a_number  # the scores of one
    blocks = -(-rows // BLOCK)
    scores = min(rows * row, max(min(rows, BLOCK) * row, blocks * ALONE))
    return scores + rows * size.shape.chunk_row * size.bytes_a_number


def rows_within(size: PairSize, held: int, most: int, free: int) -> int:
    """Return how many of `most` rows can be read behind `held` tokens with `free` bytes.

    The margin stays free unless that leaves fewer rows than the smallest chunk has. 0: not even
    that many can be read.
    """

    def needed(rows: int) -> int:
        grown = cache_bytes(size, held + rows) - cache_bytes(size, held)
        return grown + chunk_bytes(size, held + rows, rows)

    least = min(SMALLEST_CHUNK, most)
    if needed(least) > free:
        return 0
    sizes = range(least, most + 1)
    fitting = bisect_left(sizes, True, key=lambda rows: needed(rows) > free - MARGIN)
    return sizes[max(0, fitting - 1)]
