"""The one place that counts rounds, drafts, tokens and their rates. Pure.

Engine, window and reports fold rounds with these classes, one round at a time. Names and
definitions are those of `api.Stats`; the field's engines (vLLM, llama.cpp) use the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from typing import Protocol

from mtp_mlx.api import Stats


class DraftedRound(Protocol):
    """The part of a round that acceptance is counted from."""

    @property
    def depth(self) -> int:
        """Return K, the number of tokens drafted."""
        ...

    @property
    def accepted(self) -> int:
        """Return the number of drafts that were emitted: none past an end token or a length cut."""
        ...


class TimedRound(DraftedRound, Protocol):
    """The part of a round that a reply's numbers are counted from."""

    @property
    def index(self) -> int:
        """Return the number of the round; 0 is the token that prefill yields."""
        ...

    @property
    def tokens(self) -> Sized: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The outcomes of the drafts at position i (1 ... K), counted in rounds."""

    drafted: int  # rounds that drafted at least i tokens
    reached: int  # of those, the rounds whose first i - 1 drafts were accepted
    accepted: int  # of those, the rounds whose draft i was accepted too

    @property
    def share(self) -> float:
        """Return the acceptance at i. Where all rounds have one K, 1 + the sum of these is tau."""
        return self.accepted / self.drafted

    @property
    def conditional(self) -> float | None:
        """Return the conditional acceptance a_i; None where no round reached this position."""
        return self.accepted / self.reached if self.reached else None


@dataclass(slots=True)
class Acceptance:
    """Counts drafting rounds. Adding a round takes constant time, however many there are."""

    _rounds: Counter[tuple[int, int]] = field(default_factory=Counter)  # by (K, accepted)

    def add(self, round_: DraftedRound) -> None:
        """Count `round_`; a round that drafted nothing is a plain step and is not counted."""
        if round_.depth > 0:
            self._rounds[round_.depth, round_.accepted] += 1

    @property
    def draft_rounds(self) -> int:
        return self._rounds.total()

    @property
    def draft_n(self) -> int:
        return sum(depth * n for (depth, _), n in self._rounds.items())

    @property
    def draft_n_accepted(self) -> int:
        return sum(accepted * n for (_, accepted), n in self._rounds.items())

    @property
    def histogram(self) -> tuple[int, ...]:
        """Return the rounds by the number of drafts accepted: 0 ... the greatest K."""
        if not self._rounds:
            return ()
        counts = [0] * (self._deepest + 1)
        for (_, accepted), n in self._rounds.items():
            counts[accepted] += n
        return tuple(counts)

    @property
    def positions(self) -> tuple[Position, ...]:
        """Return the outcomes at positions 1 ... the greatest K."""
        rounds = self._rounds.items()
        return tuple(
            Position(
                drafted=sum(n for (depth, _), n in rounds if depth >= i),
                reached=sum(n for (depth, kept), n in rounds if depth >= i and kept >= i - 1),
                accepted=sum(n for (_, kept), n in rounds if kept >= i),
            )
            for i in range(1, self._deepest + 1)
        )

    @property
    def _deepest(self) -> int:
        return max((depth for depth, _ in self._rounds), default=0)


def acceptance_of(rounds: Iterable[DraftedRound]) -> Acceptance:
    acceptance = Acceptance()
    for round_ in rounds:
        acceptance.add(round_)
    return acceptance


def acceptance_rate(accepted: int, drafted: int) -> float | None:
    """Return the share of drafts that were emitted; None where nothing was drafted."""
    return accepted / drafted if drafted else None


def mean_acceptance_length(accepted: int, draft_rounds: int) -> float | None:
    """Return tau, the mean number of tokens of a drafting round; None where there was none."""
    return 1 + accepted / draft_rounds if draft_rounds else None


def tokens_per_round(tokens: int, rounds: int) -> float | None:
    """Return the mean number of tokens of all rounds, plain steps too; None where there was none.

    `tokens` are those that the rounds emitted, without the ones that prefills yield.
    """
    return tokens / rounds if rounds else None


@dataclass(slots=True, kw_only=True)
class Counts:
    """Counts the rounds of one reply. Times are in seconds since the request.

    A reply that was stopped and resumed has a second round 0. The time from the last token before
    it to its own token is a pause, not decoding.
    """

    acceptance: Acceptance = field(default_factory=Acceptance)
    generated_tokens: int = 0
    rounds: int = 0  # all that decoded: with drafts, and plain steps
    resumed: int = 0
    first_at: float | None = None
    last_at: float | None = None
    paused_s: float = 0.0

    def add(self, round_: TimedRound, at: float) -> None:
        """Count `round_`, whose tokens came at `at`."""
        self.acceptance.add(round_)
        self.generated_tokens += len(round_.tokens)
        self.rounds += round_.index > 0
        if self.last_at is not None and round_.index == 0:
            self.resumed += 1
            self.paused_s += at - self.last_at
        self.first_at = at if self.first_at is None else self.first_at
        self.last_at = at

    @property
    def decoded_tokens(self) -> int:
        """Return the number of tokens without those that prefills yield: n - 1 without a pause."""
        return max(self.generated_tokens - 1 - self.resumed, 0)

    @property
    def decode_s(self) -> float:
        """Return t_last - t_first, pauses left out."""
        if self.first_at is None or self.last_at is None:
            return 0.0
        return self.last_at - self.first_at - self.paused_s

    @property
    def decode_tps(self) -> float | None:
        """Return decoded tokens a second, (n - 1) / (t_last - t_first); None below two tokens."""
        timed = self.decoded_tokens > 0 and self.decode_s > 0
        return self.decoded_tokens / self.decode_s if timed else None

    def stats(
        self, *, prefill_tps: float | None = None, peak_memory_bytes: int | None = None
    ) -> Stats:
        """Return all numbers of the reply so far; the arguments are those no round holds."""
        acceptance = self.acceptance
        drafted, accepted = acceptance.draft_n, acceptance.draft_n_accepted
        positions = acceptance.positions
        return Stats(
            draft_rounds=acceptance.draft_rounds,
            draft_n=drafted,
            draft_n_accepted=accepted,
            acceptance_rate=acceptance_rate(accepted, drafted),
            mean_acceptance_length=mean_acceptance_length(accepted, acceptance.draft_rounds),
            acceptance_histogram=acceptance.histogram,
            acceptance_by_position=tuple(position.share for position in positions),
            conditional_acceptance=tuple(position.conditional or 0.0 for position in positions),
            generated_tokens=self.generated_tokens,
            decode_tps=self.decode_tps,
            prefill_tps=prefill_tps,
            ttft_s=self.first_at,
            peak_memory_bytes=peak_memory_bytes,
        )
