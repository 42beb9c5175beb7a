"""What a pair needs and a machine has: one sum, its parts, and the verdict."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.families import PAIRS
from mtp_mlx.families.base import KnownPair
from mtp_mlx.hub.fit import (
    COMFORTABLE,
    MARGIN,
    SMALLEST_CHUNK,
    MachineMemory,
    PairSize,
    cache_bytes,
    chunk_bytes,
    fit,
    rows_within,
)
from mtp_mlx.kv.rows import CHUNK

GB, MIB = 10**9, 2**20
BY_NAME = {pair.name: pair for pair in PAIRS}

pairs = st.sampled_from(PAIRS)
contexts = st.integers(1, 262_144)
chunks = st.integers(SMALLEST_CHUNK, CHUNK)

# What a Mac of so much memory has for a pair, in GB: the working set that Metal recommends there.
MACS = {16: 10.7, 24: 17.0, 32: 21.0, 48: 36.0}


@pytest.mark.parametrize(
    ("name", "at_8k", "at_32k", "at_128k"),
    [
        ("E2B", 54, 198, 774),
        ("E4B", 148, 532, 2068),
        ("12B", 448, 832, 2368),
        ("26B-A4B", 360, 840, 2760),
        ("31B", 1440, 3360, 11040),
    ],
)
def test_keys_and_values_in_mib(name: str, at_8k: int, at_32k: int, at_128k: int) -> None:
    """The keys and values themselves; caches reserve more."""
    shape = BY_NAME[name].memory
    assert [shape.size_bytes(n * 1024) / MIB for n in (8, 32, 128)] == [at_8k, at_32k, at_128k]
    for n in (8, 32, 128):
        held = shape.size_bytes(n * 1024)
        window = shape.size_bytes(0) + 2 * shape.sliding_row * shape.window
        assert (
            held + window
            < cache_bytes(PairSize(target=0, shape=shape), n * 1024)
            < 1.13 * held + 2 * window
        )


# Target in GB, drafter in GB, thousands of tokens, and the verdicts with 16, 24, 32 and 48 GB.
TABLE = [
    ("E2B", 3.61, 0.155, 32, "fits fits fits fits"),
    ("E2B", 3.61, 0.155, 128, "fits fits fits fits"),
    ("E4B", 6.4, 0.157, 32, "fits fits fits fits"),
    ("E2B", 4.92, 0.155, 32, "fits fits fits fits"),  # 8 bits
    ("E4B", 7.93, 0.157, 32, "tight fits fits fits"),  # 8 bits
    ("12B", 6.74, 0.846, 8, "tight fits fits fits"),  # 4 bits throughout
    ("12B", 6.74, 0.846, 32, "tight fits fits fits"),
    ("12B", 10.99, 0.846, 8, "too-big fits fits fits"),  # 8 bits in its feed-forward layers
    ("12B", 10.99, 0.846, 32, "too-big fits fits fits"),
    ("26B-A4B", 15.35, 0.839, 8, "too-big too-big fits fits"),
    ("26B-A4B", 15.35, 0.236, 8, "too-big tight fits fits"),  # a drafter of 4 bits
    ("26B-A4B", 15.35, 0.839, 32, "too-big too-big tight fits"),
    ("31B", 17.0, 0.939, 8, "too-big too-big too-big fits"),
    ("31B", 17.0, 0.264, 8, "too-big too-big tight fits"),
    ("31B", 17.0, 0.939, 32, "too-big too-big too-big fits"),
]


@pytest.mark.parametrize(("name", "target", "drafter", "context", "verdicts"), TABLE)
def test_which_macs_a_pair_fits(
    name: str, target: float, drafter: float, context: int, verdicts: str
) -> None:
    size = PairSize(
        target=round(target * GB), drafter=round(drafter * GB), shape=BY_NAME[name].memory
    )
    judged = [fit(size, context * 1024, round(have * GB)) for have in MACS.values()]
    assert " ".join(f.verdict for f in judged) == verdicts


def test_the_parts_of_a_sum() -> None:
    """12B at 8k and a chunk of 256 rows, counted by hand."""
    shape = BY_NAME["12B"].memory
    judged = fit(PairSize(target=6_740, drafter=846, shape=shape), 8192, 0)
    assert judged.chunk == SMALLEST_CHUNK
    full = 8 * 1 * 512 * 9216
    sliding = 40 * 8 * 256 * (1024 + 288 + 1024)
    assert judged.need.kv == 2 * 2 * (full + sliding)
    scores = 16 * 256 * 8192 * 2
    assert judged.need.scores == scores + 256 * shape.chunk_row * 2
    assert judged.need.total == 6_740 + 846 + judged.need.kv + judged.need.scores + MARGIN


@given(pairs, contexts, contexts, chunks, chunks)
def test_more_rows_and_more_context_need_more(
    pair: KnownPair, context: int, longer: int, chunk: int, larger: int
) -> None:
    context, longer = sorted((context, longer))
    chunk, larger = sorted((chunk, larger))
    size = PairSize(target=1, shape=pair.memory)
    wide = replace(size, bytes_a_number=4)
    assert cache_bytes(size, context) <= cache_bytes(size, longer)
    assert cache_bytes(size, context) < cache_bytes(wide, context)
    assert chunk_bytes(size, context, chunk) <= chunk_bytes(size, longer, chunk)
    assert chunk_bytes(size, context, chunk) <= chunk_bytes(size, context, larger)
    assert chunk_bytes(size, context, chunk) < chunk_bytes(wide, context, chunk)


@given(pairs, contexts, st.integers(0, 64 * GB), st.integers(0, 64 * GB))
def test_the_chunk_shrinks_before_the_verdict(
    pair: KnownPair, context: int, target: int, have: int
) -> None:
    size = PairSize(target=target, shape=pair.memory)
    judged = fit(size, context, have)
    need = judged.need
    assert need.total == sum(astuple(need))
    assert need.scores == chunk_bytes(size, context, judged.chunk)
    larger = replace(need, scores=chunk_bytes(size, context, judged.chunk + 1))
    match judged.verdict:
        case "fits":
            full = judged.chunk == CHUNK or context <= judged.chunk
            assert full or larger.total > COMFORTABLE * have
            assert need.total <= COMFORTABLE * have
        case "tight":
            assert judged.chunk == SMALLEST_CHUNK
            assert COMFORTABLE * have < need.total <= have
        case "too-big":
            assert judged.chunk == SMALLEST_CHUNK
            assert need.total > have


@pytest.mark.parametrize(
    ("memory", "have"),
    [
        # Metal's advice is what counts, unless others have wired more than it leaves.
        (MachineMemory(total=16, available=3, recommended=10, pressure="normal"), 10),
        (MachineMemory(total=16, available=3, recommended=13, pressure="normal"), 12),
        (
            MachineMemory(
                total=16, available=3, recommended=10, wired_by_others=9, pressure="normal"
            ),
            7,
        ),
        # What others hold counts as soon as the system says that memory is short.
        (MachineMemory(total=16, available=3, recommended=10, pressure="warning"), 3),
        (MachineMemory(total=16, available=3, recommended=10, pressure="critical"), 3),
        (MachineMemory(total=16, available=14, recommended=10, pressure="critical"), 10),
        (MachineMemory(total=16, available=14, pressure="normal"), 12),
        (MachineMemory(total=2, available=1, pressure="normal"), 0),
        # A system that kills: what is available, and no more than there is.
        (MachineMemory(total=16, available=9), 9),
        (MachineMemory(total=16, available=90), 16),
        (MachineMemory(total=16, available=-1), 0),
    ],
)
def test_what_a_machine_has(memory: MachineMemory, have: int) -> None:
    sizes = {name: getattr(memory, name) * GB for name in ("total", "available", "wired_by_others")}
    advised = None if memory.recommended is None else memory.recommended * GB
    assert replace(memory, **sizes, recommended=advised).have == have * GB


@given(pairs, st.integers(0, 200_000), chunks, st.integers(0, GB))
def test_as_many_rows_are_read_as_there_is_memory_for(
    pair: KnownPair, held: int, most: int, free: int
) -> None:
    size = PairSize(target=0, shape=pair.memory)

    def needed(rows: int) -> int:
        grown = cache_bytes(size, held + rows) - cache_bytes(size, held)
        return grown + chunk_bytes(size, held + rows, rows)

    rows = rows_within(size, held, most, free)
    if rows == 0:
        assert needed(SMALLEST_CHUNK) > free
        return
    assert SMALLEST_CHUNK <= rows <= most
    assert needed(rows) <= max(free - MARGIN, needed(SMALLEST_CHUNK)) <= free
    assert rows == most or needed(rows + 1) > free - MARGIN


def test_the_end_of_a_prompt_may_be_shorter_than_any_chunk() -> None:
    size = PairSize(target=0, shape=PAIRS[0].memory)
    assert rows_within(size, 1000, 3, GB) == 3
    assert rows_within(size, 1000, 3, 0) == 0
