"""Tables of tests of which half run by default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import pytest


def mostly_slow(rows: Iterable[object], usual: Sequence[object]) -> list[object]:
    """Return all `rows` as parameters; those that are not among the `usual` ones are slow."""
    return [row if row in usual else pytest.param(row, marks=pytest.mark.slow) for row in rows]


def chessboard(
    names: str, rows: Iterable[object], columns: Iterable[object], *, of: str | None = None
) -> pytest.MarkDecorator:
    """Try each of `rows` with each of `columns`. Every second of these pairs is slow.

    The others, spread as on a chessboard, have each row and each column several times. `of` names
    an attribute of the rows by which the tests are called.
    """
    cases = product(enumerate(rows), enumerate(columns))
    return pytest.mark.parametrize(
        names,
        [
            pytest.param(
                row,
                column,
                id=f"{row if of is None else getattr(row, of)}-{column}",
                marks=[pytest.mark.slow] if (i + j) % 2 else [],
            )
            for (i, row), (j, column) in cases
        ],
    )
