"""A perfect drafter that proposes the right token only where it is given the right inputs.

A wrong hidden row, K/V group or position lowers acceptance without changing any output. So this
drafter compares everything it is handed with what one plain forward pass over the known text
gives, and spoils its proposal at the first difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import mlx.core as mx
import numpy as np

from mtp_mlx.api import DraftPosition
from mtp_mlx.families.gemma4.target import GemmaTarget
from mtp_mlx.protocols import DraftStep, Scores, SharedKV

TOLERANCE = 2e-4


@dataclass(slots=True)
class Oracle:
    """Knows the whole text, prompt and reply, and the states a fresh target reaches on it."""

    text: Sequence[int]
    reference: GemmaTarget  # empty, over the same network
    rule: DraftPosition = "last-seen"
    miss: Callable[[int], bool] = lambda position: False  # positions to get wrong on purpose
    faults: list[str] = field(default_factory=list)
    _hidden: mx.array = field(init=False)
    _step: int = 0

    def __post_init__(self) -> None:
        self._hidden = self.reference.see(mx.array(list(self.text)))

    def step(self, token: mx.array, hidden: mx.array, shared: SharedKV, position: int) -> DraftStep:
        length = shared.full.keys.shape[2]
        first = not _is_marker(hidden)
        self._step = 1 if first else self._step + 1
        if first:
            self._compare("hidden state", hidden[0], self._hidden[length - 1])
            self._check_shared(shared, length)
        place = length + self._step - 1  # of `token`
        known = self.text[place] if place < len(self.text) else None
        if int(token.item()) != known:  # type: ignore[arg-type]
            self.faults.append(f"token at {place}")
        if position != length - (self.rule == "last-seen"):
            self.faults.append(f"position {position} at length {length}")
        return DraftStep(self._proposal(place + 1), mx.full(hidden.shape, 1e6))

    def _check_shared(self, shared: SharedKV, length: int) -> None:
        known = self.reference.shared()
        self._compare("full keys", shared.full.keys, known.full.keys[:, :, :length])
        self._compare("full values", shared.full.values, known.full.values[:, :, :length])
        window = shared.sliding.keys.shape[2]
        if window != min(length, self.reference.config.sliding_window):
            self.faults.append(f"{window} sliding keys at length {length}")

    def _compare(self, what: str, found: mx.array, expected: mx.array) -> None:
        if found.shape != expected.shape or not np.allclose(
            np.array(found), np.array(expected), atol=TOLERANCE
        ):
            self.faults.append(what)

    def _proposal(self, place: int) -> Scores:
        wrong = bool(self.faults) or self.miss(place) or place >= len(self.text)
        right = self.text[place] if place < len(self.text) else 0
        vocabulary = self.reference.config.vocab_size
        best = (right + 1) % vocabulary if wrong else right
        return Scores(mx.where(mx.arange(vocabulary) == best, 1e9, 0.0)[None])


def _is_marker(hidden: mx.array) -> bool:
    return bool((hidden == 1e6).all().item())
