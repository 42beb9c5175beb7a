"""A perfect drafter that proposes the right token only where it is given the right inputs.

A wrong hidden row or a wrong row of keys lowers acceptance without changing any output. So this
drafter compares everything it is handed, and everything its state is told to read, with what one
plain forward pass over the known text gives, and spoils its proposal at the first difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import mlx.core as mx
import numpy as np

from mtp_mlx.drafting.chain import Step, chain
from mtp_mlx.families.gemma4.target import GemmaTarget, SharedKV, shared_kv
from mtp_mlx.kv.state import LayersState
from mtp_mlx.protocols import Chunk, DraftRow, Drafts, State
from mtp_mlx.sampling.distribution import Logits

TOLERANCE = 2e-4


@dataclass(slots=True)
class OracleState:
    """Reads the text with its hidden states, and finds a fault where a row is not the right one."""

    oracle: Oracle
    target_state: State
    reads_hidden: bool
    tokens: list[int] = field(default_factory=list)

    @property
    def length(self) -> int:
        return len(self.tokens)

    def read(self, tokens: mx.array, hidden: mx.array | None) -> None:
        self.oracle.check_rows(self.length, tokens, hidden)
        self.tokens += cast("list[int]", tokens.tolist())

    def can_trim(self, n: int) -> bool:
        return n <= self.length

    def trim(self, n: int) -> None:
        del self.tokens[self.length - n :]

    def snapshot(self) -> _Snapshot:
        return _Snapshot(tuple(self.tokens))

    def restore(self, snapshot: _Snapshot) -> None:
        self.tokens = list(snapshot.tokens)

    def evaluate(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Snapshot:
    tokens: tuple[int, ...]
    nbytes: int = 0

    @property
    def length(self) -> int:
        return len(self.tokens)


@dataclass(slots=True)
class Oracle:
    """Knows the whole text, prompt and reply, and the states a fresh target reaches on it."""

    text: Sequence[int]
    target: GemmaTarget
    reads_hidden: bool = False  # ask for every row of the prompt too
    miss: Callable[[int], bool] = lambda position: False  # positions to get wrong on purpose
    faults: list[str] = field(default_factory=list)
    reference: LayersState = field(init=False)  # of the whole text
    _hidden: mx.array = field(init=False)

    def __post_init__(self) -> None:
        self.reference = self.target.new_state()
        self._hidden = self.target.forward([Chunk(self.reference, mx.array(list(self.text)))])

    def new_state(self, target_state: State) -> OracleState:
        return OracleState(self, target_state, self.reads_hidden)

    def propose(self, rows: Sequence[DraftRow]) -> list[Drafts]:
        steps = [0] * len(rows)  # taken of each row's chain

        def step(going_on: Sequence[int], tokens: mx.array, hidden: mx.array) -> Step:
            logits = []
            for at, i in enumerate(going_on):
                logits.append(self._step(rows[i], steps[i], tokens[at], hidden[at]))
                steps[i] += 1
            return Step(Logits(mx.concatenate(logits)), mx.full(hidden.shape, 1e6))

        return chain(step, rows)

    def _step(self, row: DraftRow, taken: int, token: mx.array, hidden: mx.array) -> mx.array:
        state = cast("OracleState", row.state)
        length = state.target_state.length
        if taken == 0:
            self._compare("hidden state", hidden, self._hidden[length - 1])
            self._check_shared(shared_kv(state.target_state, self.target.config), length)
            if state.length != length:
                self.faults.append(f"{state.length} rows read at length {length}")
        elif not bool((hidden == 1e6).all().item()):
            self.faults.append(f"step {taken} was not fed with the step before")
        place = length + taken  # of `token`
        known = self.text[place] if place < len(self.text) else None
        if int(token.item()) != known:  # type: ignore[arg-type]
            self.faults.append(f"token at {place}")
        return self._proposal(place + 1)

    def check_rows(self, start: int, tokens: mx.array, hidden: mx.array | None) -> None:
        """Compare rows that were read from position `start` on."""
        end = start + tokens.shape[0]
        if tokens.tolist() != list(self.text[start:end]):
            self.faults.append(f"tokens read at {start}")
        if hidden is not None:
            self._compare("hidden states read", hidden, self._hidden[start:end])
        if (hidden is not None) != self.reads_hidden:
            self.faults.append("hidden states where none are read, or none where they are")

    def _check_shared(self, shared: SharedKV, length: int) -> None:
        known = shared_kv(self.reference, self.target.config)
        self._compare("full keys", shared.full.keys, known.full.keys[:, :, :length])
        self._compare("full values", shared.full.values, known.full.values[:, :, :length])
        window = shared.sliding.keys.shape[2]
        if window != min(length, self.target.config.sliding_window):
            self.faults.append(f"{window} sliding keys at length {length}")

    def _compare(self, what: str, actual: mx.array, expected: mx.array) -> None:
        if actual.shape != expected.shape or not np.allclose(
            np.array(actual), np.array(expected), atol=TOLERANCE
        ):
            self.faults.append(what)

    def _proposal(self, place: int) -> mx.array:
        wrong = bool(self.faults) or self.miss(place) or place >= len(self.text)
        right = self.text[place] if place < len(self.text) else 0
        vocabulary = self.target.vocabulary
        best = (right + 1) % vocabulary if wrong else right
        return mx.where(mx.arange(vocabulary) == best, 1e9, 0.0)[None]
