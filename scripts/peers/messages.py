"""What is asked of an engine, and what it answers. Standard library only: peers import it too.

A reply is written in slices: `begin` reads the prompt and yields the first token, each `go` some
more. So engines can take turns within a reply, and what else the machine does falls on all alike.
"""

from __future__ import annotations

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
class Slice:
    """Some tokens of a reply, and the time until the device was done with what they started."""

    tokens: list[int]
    seconds: float
    cpu_seconds: float  # of all threads in that time


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a finished reply drafted."""

    rounds: int = 0  # verify passes with at least one draft
    drafted: int = 0
    accepted: int = 0
    deepest: int = 0  # most drafts in a round, which shows that K was what was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One reply; its times leave out the prompt and the first token."""

    tokens: list[int]
    seconds: float
    cpu_seconds: float
    counts: Counts

    @property
    def tps(self) -> float:
        return (len(self.tokens) - 1) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """A token's processor time."""
        return 1e3 * self.cpu_seconds / (len(self.tokens) - 1)
