"""Tiny pairs loaded once, and their plain replies written once, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from mtp_mlx.api import Sampling
from mtp_mlx.engine import Engine
from mtp_mlx.loading import LoadedPair
from tests.support.replies import GREEDY, PROMPT, reply, tiny_pair
from tests.support.shapes import Shape

PairOf = Callable[[Shape], LoadedPair]


class PlainTexts:
    """What the target alone writes, from an empty cache."""

    def __init__(self, pair_of: PairOf) -> None:
        self._pair_of = pair_of
        self._written: dict[tuple[object, ...], list[int]] = {}

    def __call__(
        self,
        shape: Shape,
        *,
        prompt: list[int] = PROMPT,
        sampling: Sampling = GREEDY,
        max_tokens: int = 40,
    ) -> list[int]:
        key = (shape, *prompt, sampling, max_tokens)
        if key not in self._written:
            engine = Engine(self._pair_of(shape))
            found = reply(engine, prompt, sampling=sampling, max_tokens=max_tokens)
            self._written[key] = found.tokens
        return list(self._written[key])


@pytest.fixture(scope="session")
def pair_of(tmp_path_factory: pytest.TempPathFactory) -> PairOf:
    """A new `Engine` over one of these pairs starts cold: it empties a cache it does not know."""
    return cache(lambda shape: tiny_pair(tmp_path_factory.mktemp("pair"), shape))


@pytest.fixture(scope="session")
def plain_text(pair_of: PairOf) -> PlainTexts:
    return PlainTexts(pair_of)
