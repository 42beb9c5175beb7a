"""Reading a prompt: what is computed of it, and that it leaves what one pass over it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.decode.loop import prefill
from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Chunk
from tests.support.pairs import both, floats, forward
from tests.support.replies import PROMPT, tiny_pair
from tests.support.shapes import SHAPES, Shape

LONG = [*PROMPT, *PROMPT[::-1], *PROMPT]  # several chunks of 8, and several windows
TOLERANCE = 1e-4


@pytest.fixture(params=SHAPES.values(), ids=lambda shape: shape.name, scope="module")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LoadedPair:
    shape: Shape = request.param
    return tiny_pair(tmp_path_factory.mktemp("pair"), shape)


@pytest.mark.parametrize("chunk", [8, 100])
def test_the_last_row_and_the_caches_are_those_of_one_pass(
    pair: LoadedPair, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtp_mlx.decode.loop.CHUNK", chunk)
    target = both(pair).target
    whole, read = target.new_state(), target.new_state()
    expected = forward(target, LONG, state=whole)[-1:]
    *before, hidden = prefill(target, read, LONG)
    assert before == [None] * (-(-len(LONG) // chunk) - 1)
    assert hidden is not None
    assert hidden.shape == expected.shape
    np.testing.assert_allclose(floats(hidden), floats(expected), rtol=0, atol=TOLERANCE)
    assert read.length == whole.length == len(LONG)
    for layer in range(target.config.owners):
        for kept, known in zip(_arrays(read, layer), _arrays(whole, layer), strict=True):
            np.testing.assert_allclose(kept, known, rtol=0, atol=TOLERANCE)


def _arrays(state: object, layer: int) -> list[np.ndarray]:
    view = state.view(layer)  # type: ignore[attr-defined]
    return [floats(view.keys), floats(view.values)]


def test_each_chunk_has_as_many_rows_as_there_may_be(pair: LoadedPair) -> None:
    target = both(pair).target
    state = target.new_state()
    asked: list[int] = []

    def rows(most: int) -> int:
        asked.append(most)
        return min(most, 5)

    *before, hidden = prefill(target, state, LONG[:12], rows=rows)
    assert (before, asked) == ([None, None], [12, 7, 2])
    assert state.length == 12
    expected = forward(target, LONG[:12])[-1:]
    assert hidden is not None
    np.testing.assert_allclose(floats(hidden), floats(expected), rtol=0, atol=TOLERANCE)


def test_rows_of_several_prompts_are_narrowed_each_by_itself(pair: LoadedPair) -> None:
    """A chunk that wants its last row stands beside one that wants them all."""
    target = both(pair).target
    chunks = [
        Chunk(target.new_state(), mx.array(LONG), last_row=True),
        Chunk(target.new_state(), mx.array(PROMPT)),
        Chunk(target.new_state(), mx.array(PROMPT[:1]), last_row=True),
    ]
    rows = target.forward(chunks)
    expected = mx.concatenate(
        [forward(target, LONG)[-1:], forward(target, PROMPT), forward(target, PROMPT[:1])]
    )
    np.testing.assert_allclose(floats(rows), floats(expected), rtol=0, atol=TOLERANCE)


@dataclass
class Recording:
    """A target and its state: what a prefill asks for, and what it computes."""

    asked: list[bool] = field(default_factory=list)  # for the last row only, a chunk each
    evaluated: int = 0
    hidden: list[mx.array] = field(default_factory=list)

    def forward(self, chunks: Sequence[Chunk]) -> mx.array:
        (chunk,) = chunks
        self.asked.append(chunk.last_row)
        return mx.zeros((1 if chunk.last_row else chunk.tokens.size, 4))

    def evaluate(self) -> None:
        self.evaluated += 1


@dataclass
class Reading:
    """The state of a drafter that reads hidden states."""

    reads_hidden: bool
    tokens: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)  # hidden ones
    evaluated: int = 0

    def read(self, tokens: mx.array, hidden: mx.array | None) -> None:
        self.tokens.append(tokens.size)
        self.rows.append(0 if hidden is None else hidden.shape[0])

    def evaluate(self) -> None:
        self.evaluated += 1


@pytest.mark.parametrize("reads_hidden", [False, True])
def test_hidden_rows_are_asked_for_only_by_a_drafter_that_reads_them(
    monkeypatch: pytest.MonkeyPatch, *, reads_hidden: bool
) -> None:
    monkeypatch.setattr("mtp_mlx.decode.loop.CHUNK", 8)
    target, reading = Recording(), Reading(reads_hidden)
    prompt = list(range(20))
    *_, last = prefill(target, target, prompt, reading)  # type: ignore[arg-type]
    assert last is not None
    assert last.shape == (1, 4)
    assert target.asked == [not reads_hidden] * 3
    assert target.evaluated == 3
    assert reading.tokens == [8, 8, 4]
    assert reading.rows == ([8, 8, 4] if reads_hidden else [0, 0, 0])
    assert reading.evaluated == 3
