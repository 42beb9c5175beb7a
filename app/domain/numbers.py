"""A reply's numbers: one place for overlay, footer, timeline, comparison and report.

While a reply is being written they come from its rounds; afterwards from the engine's statistics,
as far as the engine could still give them. Names are those of `Stats`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from app.domain.conversation import ReplyRecord, RoundRecord, SwitchRecord
from mtp_mlx.api import MAX_DEPTH, Mtp, Stats
from mtp_mlx.numbers import Counts, tokens_per_round
from mtp_mlx.report.claims import Claim, Drafting, Evidence, claim

MEASURED_TOKENS = 32
"""Fewer tokens than these give no speed: a rate of so few is chance."""

MEASURED_S = 0.2
"""A shorter time than this, in seconds, gives no speed."""

STRETCH = 8
"""A stretch of fewer plain steps than these, without its first and last one, measures nothing."""

# A plain step that takes longer than both ends its stretch: the machine was busy with other things.
_STALL_S = 1.0  # seconds
_STALL_GAPS = 8.0  # times the usual step of the stretch


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens, the time they took, and the rounds that emitted them."""

    tokens: int = 0
    seconds: float = 0.0
    rounds: int = 0

    def plus(self, other: Span) -> Span:
        return Span(
            self.tokens + other.tokens, self.seconds + other.seconds, self.rounds + other.rounds
        )

    @property
    def tps(self) -> float | None:
        """Return tokens a second; None below MEASURED_TOKENS or MEASURED_S."""
        if self.tokens < MEASURED_TOKENS or self.seconds < MEASURED_S:
            return None
        return self.tokens / self.seconds


@dataclass(slots=True, kw_only=True)
class Tally:
    """The numbers of a reply so far. Not frozen: a long reply adds thousands of rounds to it.

    `on` sums the rounds during which the MTP switch was on, parked ones included.

    `plain` sums finished stretches of plain decoding, with the switch on or off. The first step of
    a stretch finds no other step in flight, and the last may only empty the pipe before a draft:
    neither runs at full speed, so that neither counts. The last step is `held` until the next
    round shows whether it was the last of its stretch.
    """

    counts: Counts = field(default_factory=Counts)
    is_on: bool = True
    is_auto: bool = False  # auto chose K, at any time of this reply
    was_off: bool = False  # at any time of this reply
    turned: bool = False  # the switch was turned since the last round
    on: Span = Span()
    plain: Span = Span()
    stretch: Span | None = None  # None: the last round was no plain step
    held: Span = Span()

    @property
    def plain_measured(self) -> Span:
        """Return plain decoding so far, with the stretch under way if it is long enough."""
        stretch = self.stretch or Span()
        return self.plain.plus(stretch) if stretch.tokens >= STRETCH else self.plain

    def switch(self, mtp: Mtp) -> None:
        self.is_on = is_on(mtp)
        self.is_auto = self.is_auto or mtp == "auto"
        self.was_off = self.was_off or not self.is_on
        self.turned = True

    def add(self, record: RoundRecord) -> None:
        before = self.counts.last_at
        self.counts.add(record, record.at)
        took = None
        # Round 0 reads a prompt, in a resumed reply too: its time is not decoding.
        if before is not None and record.index > 0:
            took = Span(len(record.tokens), record.at - before, 1)
        if took is not None and self.is_on and not self.turned:
            self.on = self.on.plus(took)
        self.turned = False
        if record.depth > 0 or record.index == 0:
            self._close()
        elif took is not None:
            self._step(took)

    def _step(self, took: Span) -> None:
        """Add a plain step to the stretch; end the stretch where the step stalled."""
        if self.stretch is None:
            self.stretch = Span()
            return
        self.stretch, self.held = self.stretch.plus(self.held), took
        so_far = self.stretch
        usual = so_far.seconds / so_far.tokens if so_far.tokens else took.seconds
        if took.seconds > max(_STALL_S, _STALL_GAPS * usual):
            self._close()
            self.stretch = Span()

    def _close(self) -> None:
        self.plain, self.stretch, self.held = self.plain_measured, None, Span()


def begun(mtp: Mtp) -> Tally:
    on = is_on(mtp)
    return Tally(is_on=on, is_auto=mtp == "auto", was_off=not on)


def tally_of(
    rounds: Iterable[RoundRecord], mtp: Mtp, switches: Iterable[SwitchRecord] = ()
) -> Tally:
    """A whole reply's, from what was stored of it."""
    tally = begun(mtp)
    turns = list(switches)
    for record in rounds:
        while turns and turns[0].at < record.at:
            tally.switch(turns.pop(0).mtp)
        tally.add(record)
    for turn in turns:
        tally.switch(turn.mtp)
    return tally


def is_on(mtp: Mtp) -> bool:
    return mtp not in {"off", 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """The plain speed that holds for a reply, and the day it was measured on."""

    tps: float
    day: str | None = None  # None: not kept
    noise: float | None = None  # the share by which its stretches differ; None: there was one


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What footer, overlay and reports show of a reply. None means "not measured"."""

    generated_tokens: int = 0
    draft_rounds: int = 0
    draft_n: int = 0
    draft_n_accepted: int = 0
    acceptance_rate: float | None = None
    mean_acceptance_length: float | None = None
    acceptance_histogram: tuple[int, ...] = ()
    acceptance_by_position: tuple[float, ...] = ()
    conditional_acceptance: tuple[float, ...] = ()
    decode_tps: float | None = None
    ttft_s: float | None = None
    rounds: int = 0  # all: with drafts, and plain steps
    tokens_per_round: float | None = None  # over all rounds
    plain: Plain | None = None
    speed_up: float | None = None
    partly: bool = False  # MTP was off for a part of the reply: the speed-up is the other part's
    most: float | None = None  # the greatest speed-up that the drafts explain
    is_auto: bool = True  # K was the engine's choice: it parks where drafts do not pay

    @property
    def claim(self) -> Claim:
        """What may be said of the speed-up: it is one run's, so it is never sure."""
        return claim(
            Evidence(
                ratio=self.speed_up,
                most=self.most,
                noise=None if self.plain is None else self.plain.noise,
                mode="auto" if self.is_auto else MAX_DEPTH,
                drafting=self._drafting,
            )
        )

    @property
    def _drafting(self) -> Drafting | None:
        if not self.rounds or self.tokens_per_round is None:
            return None
        return Drafting(
            draft_rounds=self.draft_rounds,
            rounds=self.rounds,
            tokens_per_round=self.tokens_per_round,
        )


def numbers_of(reply: ReplyRecord) -> Numbers:
    """Return a stored reply's numbers; rounds are counted only where its statistics fall short."""
    plain = None
    if reply.plain_tps:
        plain = Plain(tps=reply.plain_tps, day=reply.plain_day, noise=reply.plain_noise)
    wishes = (reply.mtp, *(turn.mtp for turn in reply.switches))
    was_off = any(not is_on(wish) for wish in wishes)
    if reply.stats is not None and not (was_off and plain and reply.stats.draft_n):
        tally = Tally(was_off=was_off, is_auto="auto" in wishes)
        counted = rounds_of(reply.rounds, reply.stats.generated_tokens)
        return _compared(_measured(reply.stats, counted), tally, plain)
    return numbers(tally_of(reply.rounds, reply.mtp, reply.switches), plain, reply.stats)


def numbers(tally: Tally, plain: Plain | None = None, stats: Stats | None = None) -> Numbers:
    counted = Span(tokens=tally.counts.decoded_tokens, rounds=tally.counts.rounds)
    return _compared(_measured(stats or tally.counts.stats(), counted), tally, plain)


def rounds_of(records: Sequence[RoundRecord], generated: int) -> Span:
    """Return how many rounds a reply of `generated` tokens had, and the tokens they emitted.

    Rounds are numbered through, and a prefill, which emits one token, has the number 0: the last
    round tells it all, so that a chat with hundreds of thousands of rounds opens at once.
    """
    rounds = next((record.index for record in reversed(records) if record.index), 0)
    return Span(tokens=max(0, generated - (len(records) - rounds)), rounds=rounds)


def _measured(stats: Stats, counted: Span) -> Numbers:
    """Return the statistics with the rounds, where all of these are there."""
    if counted.rounds < stats.draft_rounds:
        counted = Span()
    return Numbers(
        generated_tokens=stats.generated_tokens,
        draft_rounds=stats.draft_rounds,
        draft_n=stats.draft_n,
        draft_n_accepted=stats.draft_n_accepted,
        acceptance_rate=stats.acceptance_rate,
        mean_acceptance_length=stats.mean_acceptance_length,
        acceptance_histogram=stats.acceptance_histogram,
        acceptance_by_position=stats.acceptance_by_position,
        conditional_acceptance=stats.conditional_acceptance,
        decode_tps=stats.decode_tps,
        ttft_s=stats.ttft_s,
        rounds=counted.rounds,
        tokens_per_round=tokens_per_round(counted.tokens, counted.rounds),
    )


def _compared(measured: Numbers, tally: Tally, plain: Plain | None) -> Numbers:
    """A few tokens have no speed-up: a rate of so little is chance."""
    tps, most = measured.decode_tps, measured.tokens_per_round
    if tally.was_off:
        tps, most = tally.on.tps, tokens_per_round(tally.on.tokens, tally.on.rounds)
    elif measured.generated_tokens <= MEASURED_TOKENS:
        tps = None
    compared = replace(measured, plain=plain, is_auto=tally.is_auto)
    if plain is None or tps is None or not measured.draft_n:
        return compared
    return replace(compared, speed_up=tps / plain.tps, partly=tally.was_off, most=most)
