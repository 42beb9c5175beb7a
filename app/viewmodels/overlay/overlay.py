"""The overlay: what the open chat's reply does right now, or what its last one did.

It changes with the chat and the version that is read. Numbers are handed out at a bearable pace.
The first half is a reducer, pure, with the time handed in: the phase, the rate of this moment, the
plot. `app.domain.numbers` counts what the rounds of a reply add up to. `now` is in seconds on one
monotonic clock, as `requested` is; all other times count from the request.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import ReplyRecord, RoundRecord
from app.domain.numbers import Numbers, numbers_of
from app.domain.speeds import Course, Recent
from app.engine.engine import Engine
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.footer import drafted_text, speed_up_note, speed_up_short
from app.viewmodels.common import format as fmt
from app.viewmodels.common.throttle import Pace
from mtp_mlx.api import Memory
from mtp_mlx.events import PromptProgress

Phase = Literal["idle", "waiting", "prompt", "decoding", "ended"]

SPAN_S = 60.0
"""How much of a reply the plot shows."""
PLOT_MS = 100
NUMBERS_MS = 250
HISTORY_LENGTH = 600  # a minute at ten samples a second


@dataclass(frozen=True, slots=True)
class Sample:
    """A point of the plot: a rate at a time, on the drafting or the plain curve."""

    at: float
    tps: float
    drafting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The state of the reply being written, or of the last one. `memory` is the engine's."""

    phase: Phase = "idle"
    requested: float = 0.0
    last_round: float | None = None
    prompt_done: int = 0
    prompt_total: int = 0
    prompt_reused: int = 0
    recent: Recent = field(default_factory=Recent)
    depth: int = 0
    history: tuple[Sample, ...] = ()
    memory: Memory | None = None

    @property
    def running(self) -> bool:
        return self.phase in {"waiting", "prompt", "decoding"}


def requested(live: Live, now: float) -> Live:
    """Return the state of a new reply, which has just been asked for."""
    return Live(phase="waiting", requested=now, memory=live.memory)


def ended(live: Live) -> Live:
    """Return the state once the reply has ended."""
    return replace(live, phase="ended", recent=Recent()) if live.running else live


def reading(live: Live, progress: PromptProgress) -> Live:
    """Return the state with how much of the prompt is read."""
    return replace(
        live,
        phase="prompt",
        prompt_done=progress.done,
        prompt_total=progress.total,
        prompt_reused=progress.reused,
    )


def recorded(live: Live, record: RoundRecord) -> Live:
    """Return the state with one more round."""
    return replace(
        live,
        phase="decoding",
        last_round=record.at,
        recent=live.recent.plus(record.at, len(record.tokens)),
        depth=record.depth,
    )


def replayed(reply: ReplyRecord | None, memory: Memory | None) -> Live:
    """Return what is left of a reply that has ended: the last minute of its plot."""
    if reply is None or not reply.rounds:
        return Live(memory=memory)
    end = reply.rounds[-1].at
    rounds = reply.rounds[_first_since(reply.rounds, end - SPAN_S) :]
    course, samples = Course(rounds), list[Sample]()
    for row, record in enumerate(rounds):
        if samples and record.at - samples[-1].at < 0.9 * PLOT_MS / 1000:
            continue
        if samples and course.tps(row - 1) is not None:
            last = samples[-1]  # a slow round has the rate before it in its midst
            until = min(record.at, last.at + course.stale_after(row - 1))
            steps = range(1, int((until - last.at) * 1000 / PLOT_MS))
            samples += [replace(last, at=last.at + i * PLOT_MS / 1000) for i in steps]
        tps = course.tps(row)
        if tps is not None and (not samples or record.at - samples[-1].at >= 0.9 * PLOT_MS / 1000):
            samples.append(Sample(record.at, tps, drafting=record.depth > 0))
    return Live(phase="ended", history=tuple(samples)[-HISTORY_LENGTH:], memory=memory)


def _first_since(rounds: Sequence[RoundRecord], at: float) -> int:
    return bisect_left(rounds, at, key=lambda record: record.at)


def rate(live: Live, now: float) -> float | None:
    """Return tokens a second now; None before the second round and once the rate is stale."""
    if live.phase != "decoding" or silence(live, now) > live.recent.stale_after:
        return None
    return live.recent.tps


def silence(live: Live, now: float) -> float:
    """Return the seconds since the last round, or since the request where none has come."""
    return now - live.requested - (live.last_round or 0.0)


def sampled(live: Live, now: float) -> Live:
    """Return the state with one more point in the plot, if there is a rate."""
    tps = rate(live, now)
    if tps is None:
        return live
    sample = Sample(now - live.requested, tps, drafting=live.depth > 0)
    return replace(live, history=(*live.history, sample)[-HISTORY_LENGTH:])


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayNumbers:
    """The overlay's texts. One that is "" was not measured and takes no space."""

    rate: str = ""
    rate_note: str = ""
    live: bool = False  # the rate is of this moment
    speed_up: str = ""  # with its word: faster, slower, no difference
    speed_up_note: str = ""  # the verdict; what the plain speed is, and when it was measured
    lacks_plain: bool = False  # it drafted, and no plain speed was measured near it
    drafted: str = ""  # in how many of all rounds
    tokens_per_round: str = ""
    acceptance: str = ""
    tau: str = ""
    by_position: tuple[float, ...] = ()
    memory: str = ""
    memory_share: float = 0.0
    prompt: str = ""
    prompt_share: float | None = None  # None: no prompt is being read


class OverlayViewModel(QObject):
    """It belongs to the chat and the version that are open: a reply written elsewhere is not shown.

    `live` is the reply being written, in whatever chat, and `shown` what is read.
    """

    numbers_changed = Signal(object)  # OverlayNumbers
    history_changed = Signal(object)  # tuple[Sample, ...]

    def __init__(
        self,
        engine: Engine,
        chat: ChatViewModel,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._chat = chat
        self._clock = clock
        self._read: ReplyRecord | None = None
        self._numbers = Numbers()  # of the reply that is read
        self._rest = Live()
        self.live = Live()
        self.numbers = OverlayNumbers()
        self._paces = (
            Pace(PLOT_MS, self.sample, clock, self),
            Pace(NUMBERS_MS, self.publish, clock, self),
        )
        engine.memory_changed.connect(self._on_memory)
        chat.reply_started.connect(self._on_request)
        chat.started_elsewhere.connect(self._on_request)
        chat.streaming.prompt.connect(self._on_prompt)
        chat.streaming.recorded.connect(self._on_round)
        chat.streaming.streamed.connect(self._on_text)
        chat.streaming.ended.connect(self._on_ended)
        chat.opened.connect(self.turn)
        chat.branches.changed.connect(self.turn)
        chat.renumbered.connect(self.turn)

    @property
    def shown(self) -> Live:
        return self.live if self._chat.writing else self._rest

    def is_ticking(self) -> bool:
        """Return whether numbers or plot are renewed as time passes."""
        return any(pace.running for pace in self._paces)

    def sample(self) -> None:
        before = self.live.history
        self.live = sampled(self.live, self._clock())
        if self.live.history is not before and self._chat.writing:
            self.history_changed.emit(self.live.history)

    def publish(self) -> None:
        writing = self._chat.writing
        measured = self._chat.streaming.numbers if writing else self._numbers
        shown = overlay_numbers(self.shown, measured, self._clock())
        if shown != self.numbers:
            self.numbers = shown
            self.numbers_changed.emit(shown)

    def turn(self) -> None:
        """Show what is read now: another chat, another version, or a reply that has ended."""
        reply = self._chat.last_reply
        if reply is not self._read:
            self._read = reply
            self._numbers = Numbers() if reply is None else numbers_of(reply)
            self._rest = replayed(reply, self.live.memory)
        self.history_changed.emit(self.shown.history)
        self.publish()

    def _on_request(self) -> None:
        self.live = requested(self.live, self._clock())
        self.history_changed.emit(self.shown.history)
        for pace in self._paces:
            pace.start()
        self.publish()

    def _on_round(self, record: RoundRecord) -> None:
        self.live = recorded(self.live, record)
        if self.numbers.prompt and self._chat.writing:
            self.publish()  # the first token is worth more than the pace

    def _on_text(self) -> None:
        """Renew numbers and plot together with the text, which paints the window anyway."""
        for pace in self._paces:
            pace.offer()

    def _on_ended(self) -> None:
        self.live = ended(self.live)
        for pace in self._paces:
            pace.stop()
        self.turn()

    def _on_prompt(self, progress: PromptProgress) -> None:
        self.live = reading(self.live, progress)

    def _on_memory(self, memory: Memory | None) -> None:
        """Take the engine's memory; show it at once while no reply is being written."""
        self.live = replace(self.live, memory=memory)
        self._rest = replace(self._rest, memory=memory)
        if memory is None or not self.live.running:
            self.publish()


def overlay_numbers(live: Live, measured: Numbers, now: float) -> OverlayNumbers:
    numbers = OverlayNumbers(
        speed_up=speed_up_short(measured),
        speed_up_note=speed_up_note(measured),
        lacks_plain=bool(measured.draft_n) and measured.plain is None,
        drafted=drafted_text(measured),
        tokens_per_round=_worded(measured.tokens_per_round, fmt.tau) if measured.draft_n else "",
        acceptance=_worded(measured.acceptance_rate, fmt.percent),
        tau=_worded(measured.mean_acceptance_length, fmt.tau),
        by_position=measured.acceptance_by_position,
    )
    rated = _with_rate(numbers, live, measured, now)
    return _with_memory(_with_prompt(rated, live, now), live)


def _worded(value: float | None, show: Callable[[float], str]) -> str:
    return "" if value is None else show(value)


def _with_rate(
    numbers: OverlayNumbers, live: Live, measured: Numbers, now: float
) -> OverlayNumbers:
    tps = rate(live, now)
    if tps is not None:
        return replace(numbers, rate=fmt.rate(tps), rate_note=strings.RATE_NOW, live=True)
    if live.phase == "ended" and measured.decode_tps is not None:
        return replace(numbers, rate=fmt.rate(measured.decode_tps), rate_note=strings.RATE_LAST)
    if live.phase == "decoding":
        since = silence(live, now)
        if since > live.recent.stale_after:
            return replace(numbers, rate_note=strings.RATE_STALE.format(clock=fmt.clock(since)))
        return replace(numbers, rate_note=strings.RATE_FIRST)
    return numbers


def _with_prompt(numbers: OverlayNumbers, live: Live, now: float) -> OverlayNumbers:
    elapsed = fmt.clock(now - live.requested)
    if live.phase == "waiting":
        return replace(numbers, prompt=strings.PROMPT_WAITING.format(clock=elapsed))
    if live.phase != "prompt":
        return numbers
    text = strings.PROMPT_READING.format(
        done=fmt.count(live.prompt_done), total=fmt.count(live.prompt_total), clock=elapsed
    )
    return replace(numbers, prompt=text, prompt_share=live.prompt_done / max(1, live.prompt_total))


def _with_memory(numbers: OverlayNumbers, live: Live) -> OverlayNumbers:
    if live.memory is None:
        return numbers
    if live.memory.limit <= 0:  # the limit is unknown, and so is the share
        return replace(numbers, memory=fmt.memory(live.memory.active))
    text = strings.MEMORY_OF.format(
        active=fmt.memory(live.memory.active), limit=fmt.memory(live.memory.limit)
    )
    return replace(numbers, memory=text, memory_share=live.memory.active / live.memory.limit)
