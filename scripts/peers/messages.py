"""What is asked of an engine, and what it answers. Standard library only: peers import it too."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

TOP_K, TOP_P = 64, 0.95  # wherever the temperature is above 0; Gemma's own recommendation


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One reply of exactly `tokens` tokens: end tokens do not end it."""

    prompt: list[int]
    tokens: int
    depth: int = 0  # drafts a round; 0: plain decoding
    temperature: float = 0.0
    seed: int = 0
    keyed: bool = False  # mlx-vlm at temperature > 0: pass `seed`, which chooses its other sampler
    proposals: list[int] = field(default_factory=list)  # replay: the draft for each token


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One reply. `seconds` run from its first token to its last, as its consumer sees them."""

    tokens: list[int]
    seconds: float
    cpu_seconds: float  # of all threads in that time; a busy machine changes it least
    rounds: int = 0  # verify passes with at least one draft
    drafted: int = 0
    accepted: int = 0
    deepest: int = 0  # most drafts in a round, which shows that K was what was asked for

    @property
    def tps(self) -> float:
        return (len(self.tokens) - 1) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """A token's processor time."""
        return 1e3 * self.cpu_seconds / (len(self.tokens) - 1)


@dataclass(frozen=True, slots=True)
class Timed:
    tokens: list[int]
    seconds: float
    cpu_seconds: float


def timed(tokens: Iterable[int]) -> Timed:
    """Consume a reply; a round's tokens come in a burst, so only first and last are timed."""
    first = last = (0.0, 0.0)
    found: list[int] = []
    for token in tokens:
        last = (time.perf_counter(), time.process_time())
        first = last if not found else first
        found.append(token)
    return Timed(found, last[0] - first[0], last[1] - first[1])
