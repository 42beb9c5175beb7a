"""How long measuring a pair of random weights takes here, before anything of it is made.

A forward pass over one row reads the weights once, and that is most of its time. So a short look at
how fast this machine reads packed weights, and draws random ones, tells the rest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.api import Mtp
from mtp_mlx.families.base import TrueShape
from mtp_mlx.hub.fit import DEFAULT_CONTEXT, GROUP, Fit, fit
from mtp_mlx.loading.device import compute_dtype, prepare
from mtp_mlx.loading.memory import machine_memory
from mtp_mlx.loading.random_pair import random_bits, size_of

START_S = 4.0
"""Seconds until the program has started, and has built its kernels."""

PROMPT_TOKENS = 16
"""The tokens that could be written in the time in which a run reads its prompt of 64 tokens."""

WANTED_S = 90.0
"""Seconds of runs, for which the number of tokens is chosen where nobody says how many."""

FEWEST, MOST = 16, 128
"""Tokens of a run: of fewer a round takes too large a share, and more tell nothing new."""

_MATRIX_ROWS, _MATRIX_COLUMNS = 2**15, 2**12
_MATRICES = 4  # together larger than any cache
_DRAWN = 2**21  # words
_SLOW_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a machine does in a second, in bytes."""

    read: float  # of weights, where one row multiplies them
    drawn: float  # of random weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What measuring a pair would take. Nothing was made of it yet."""

    fit: Fit
    max_tokens: int  # of each run
    seconds: float


def estimate(
    shape: TrueShape,
    *,
    bits: int,
    modes: Sequence[Mtp],
    repeats: int,
    max_tokens: int | None,
    look: Callable[[int, mx.Dtype], Rates] | None = None,
) -> Estimate:
    """Return the memory and the time that measuring `shape` takes; `look` replaces the look."""
    prepare()
    dtype = compute_dtype("auto") or mx.bfloat16
    size = size_of(shape, bits, dtype)
    rates = (look or rates_of)(bits, dtype)
    token_s = shape.blueprint.numbers_read * bytes_a_number(bits, dtype) / rates.read
    runs = len(modes) * (repeats + 1)  # each mode is run once to warm up
    usual = math.ceil(WANTED_S / (runs * token_s)) - PROMPT_TOKENS
    tokens = max_tokens or max(FEWEST, min(MOST, usual))
    drawing_s = (size.target + size.drafter) / rates.drawn
    context = min(DEFAULT_CONTEXT, shape.blueprint.context_length)
    return Estimate(
        fit=fit(size, context, machine_memory().have),
        max_tokens=tokens,
        seconds=START_S + drawing_s + runs * (PROMPT_TOKENS + tokens) * token_s,
    )


def bytes_a_number(bits: int, dtype: mx.Dtype) -> float:
    """Return the bytes of a weight: packed with its share of a scale and a bias, or in `dtype`."""
    return dtype.size if bits == 16 else bits / 8 + 2 * dtype.size / GROUP


def rates_of(bits: int, dtype: mx.Dtype) -> Rates:
    """Look for about a second at what this machine can do."""
    rows = _MATRIX_ROWS // 8 if bits == 16 else _MATRIX_ROWS
    row = mx.ones((1, _MATRIX_COLUMNS), dtype=dtype)
    products = [_product(row, rows, bits, dtype)]
    seconds = _seconds(lambda: [products[0]()])
    if seconds < _SLOW_S:  # a cache might hold a single matrix
        products += [_product(row, rows, bits, dtype) for _ in range(_MATRICES - 1)]
        seconds = _seconds(lambda: [product() for product in products])
    read = len(products) * rows * _MATRIX_COLUMNS * bytes_a_number(bits, dtype)
    key = mx.random.key(0)
    drawing = _seconds(lambda: [random_bits((_DRAWN,), key)])
    return Rates(read=read / seconds, drawn=4 * _DRAWN / drawing)


def _product(row: mx.array, rows: int, bits: int, dtype: mx.Dtype) -> Callable[[], mx.array]:
    """Return the multiplication of a row with a matrix that stands in memory."""
    if bits == 16:
        matrix = mx.ones((rows, _MATRIX_COLUMNS), dtype=dtype)
        mx.eval(matrix)
        return lambda: row @ matrix.T
    packed = mx.ones((rows, _MATRIX_COLUMNS * bits // 32), dtype=mx.uint32)
    scales = mx.ones((rows, _MATRIX_COLUMNS // GROUP), dtype=dtype)
    mx.eval(packed, scales)
    return lambda: mx.quantized_matmul(
        row, packed, scales, scales, transpose=True, group_size=GROUP, bits=bits
    )


def _seconds(make: Callable[[], Sequence[mx.array]]) -> float:
    """Return the shortest of three times, or of one that is long enough.

    What is not counted comes first: it builds the kernels.
    """
    shortest = math.inf
    for i in range(4):
        begun = time.perf_counter()
        mx.eval(*make())
        taken = time.perf_counter() - begun
        shortest = min(shortest, taken) if i else shortest
        if shortest > _SLOW_S and i:
            break
    return shortest
