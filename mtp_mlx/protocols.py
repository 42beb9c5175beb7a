"""The protocols of speculative decoding, as a round uses them.

A model family implements `Target`, `State`, `Drafter` and `DraftState`; the tiny models of the
tests do too. All arrays are lazy: building a round costs the device nothing until its single
evaluation. One sequence is a batch of one: every method takes as many sequences as there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import mlx.core as mx

from mtp_mlx.kv.buffer import KeysValues
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT
from mtp_mlx.sampling.distribution import Distribution, Logits


class Snapshot(Protocol):
    """A copy of the part of a state that trimming cannot bring back."""

    @property
    def length(self) -> int: ...

    @property
    def nbytes(self) -> int: ...


class Rewindable(Protocol):
    """The methods that a target's state and a drafter's state share: both can be trimmed."""

    @property
    def length(self) -> int:
        """Return the number of tokens that the state holds."""
        ...

    def can_trim(self, n: int) -> bool:
        """Tell whether `trim(n)` would leave a complete state."""
        ...

    def trim(self, n: int) -> None:
        """Remove the last `n` tokens."""
        ...

    def snapshot(self) -> Any:
        """Return a `Snapshot` with which `restore` returns to the present length."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Return to `snapshot.length`; the tokens up to there must not have changed since."""
        ...

    def evaluate(self) -> None:
        """Compute the arrays that the state holds, and nothing else."""
        ...


class State(Rewindable, Protocol):
    """The target's cache of one sequence."""

    @property
    def nbytes(self) -> int:
        """Return the bytes of keys and values that the state holds."""
        ...

    def fork(self) -> State:
        """Return a state of its own that holds the same positions."""
        ...

    def view(self, layer: int) -> KeysValues:
        """Return the keys and values that cache `layer` holds, as views; nothing is copied.

        A view must be dropped before the next forward pass: while it lives, an append copies the
        whole buffer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens to append to one sequence in a forward pass."""

    state: State
    tokens: mx.array  # [n], int32
    last_row: bool = False  # only the last token's hidden state is wanted, as in prefill


class Target(Protocol):
    """The model whose text is written: weights and head. It knows no sequence."""

    @property
    def vocabulary(self) -> int:
        """Return the number of token ids."""
        ...

    def new_state(self) -> State:
        """Return an empty cache."""
        ...

    def forward(self, chunks: Sequence[Chunk]) -> mx.array:
        """Append each chunk to its state; return final-normed hidden states [rows, hidden].

        Rows stand in the order of the chunks: as many as a chunk has tokens, or one where it asks
        for its last row.
        """
        ...

    def logits(self, hidden: mx.array) -> Logits:
        """Project `hidden` [n, hidden] onto the vocabulary, in one product."""
        ...


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where decoding stands: the last emitted token, which the cache does not hold yet."""

    token: mx.array  # [1], int32
    hidden: mx.array  # [1, hidden]: the target's hidden state that predicted the token


@dataclass(frozen=True, slots=True)
class Proposal:
    """One drafted token."""

    token: mx.array  # [1], int32
    confidence: mx.array | None  # [1]: the drafter's greatest probability; None: not computed
    distribution: Distribution | None = None  # q, which it was drawn from, for rejection rules


@dataclass(frozen=True, slots=True)
class Drafts:
    """The proposals of one sequence in one round, in order; there may be none."""

    tokens: mx.array  # [K], int32
    proposals: tuple[Proposal, ...]
    are_finite: mx.array | None = None  # [K]: whether the drafter's scores were; None: not known

    @property
    def confidence(self) -> mx.array:
        """Return the confidence of each draft [K], or of none [0]."""
        measured = [p.confidence for p in self.proposals if p.confidence is not None]
        return mx.concatenate(measured) if measured else mx.zeros((0,))


NO_DRAFTS = Drafts(NONE_IN_FLIGHT, ())


@dataclass(frozen=True, slots=True)
class Verdict:
    """The number of drafts that stand, and the token that follows the last of them."""

    accepted: mx.array  # [1], integer
    following: mx.array  # [1], int32


class Rule(Protocol):
    """Chooses the tokens and judges the drafts of one reply. All arrays are lazy.

    `start` is the position of the round's anchor: no two rounds of a reply share it.
    """

    def choose(
        self, logits: Logits, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        """Return the target's own choice [1] for `position`, as plain decoding makes it."""
        ...

    def propose(self, logits: Logits, start: int, drafted: mx.array) -> Proposal:
        """Return the drafter's next token after the anchor at `start` and `drafted` [k]."""
        ...

    def judge(self, logits: Logits, start: int, drafts: Drafts) -> Verdict:
        """Judge at least one draft by the target's `logits` [K + 1, candidates]."""
        ...

    def commit(self, tokens: Sequence[int]) -> None:
        """Count `tokens` as emitted."""
        ...


class DraftState(Rewindable, Protocol):
    """The state of a drafter for one sequence.

    Invariant between rounds: `length` equals that of the target's state.
    """

    @property
    def reads_hidden(self) -> bool:
        """Tell whether `read` needs hidden states, so that prefill must compute every row."""
        ...

    def read(self, tokens: mx.array, hidden: mx.array | None) -> None:
        """Append the `tokens` [n] that the target appended and keeps.

        `hidden` [n, hidden] are their hidden states; None unless the state `reads_hidden`. First
        the state drops what `propose` appended to it.
        """
        ...


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One sequence that asks for drafts."""

    state: DraftState
    anchor: Anchor
    depth: int  # K, at least 1
    rule: Rule


class Drafter(Protocol):
    """Proposes the target's next tokens."""

    def new_state(self, target_state: State) -> DraftState:
        """Return an empty state beside `target_state`."""
        ...

    def propose(self, rows: Sequence[DraftRow]) -> list[Drafts]:
        """Propose up to `depth` tokens for each row, all rows together."""
        ...
