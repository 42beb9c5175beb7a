"""The overlay's numbers: the state of the reply being written, as text, a few times a second.

The first half is pure: functions that take a state and an event or the time, and return the next
state. `now` and `requested` are seconds on one monotonic clock; all other times count from the
request. `app.domain.numbers` adds up what the rounds were.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import ChatMessage, RoundRecord
from app.domain.numbers import Numbers, numbers_of
from app.domain.speeds import RATE_WINDOW_S, Arrival, rate_of, stale_after, within
from app.engine.engine import Engine
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.footer import plain_text
from app.viewmodels.common import format as fmt
from app.viewmodels.common.throttle import Pace
from mtp_mlx.api import Memory
from mtp_mlx.events import PromptProgress

Phase = Literal["idle", "waiting", "prompt", "decoding", "ended"]

HISTORY_LENGTH = 600  # samples in the plot: a minute, at ten a second


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
    recent: tuple[Arrival, ...] = ()
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
    return replace(live, phase="ended", recent=()) if live.running else live


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
    arrival = Arrival(record.at, len(record.tokens))
    return replace(
        live,
        phase="decoding",
        last_round=record.at,
        recent=(*within(live.recent, record.at - RATE_WINDOW_S), arrival),
        depth=record.depth,
    )


def rate(live: Live, now: float) -> float | None:
    """Return tokens a second now; None before the second round and once the rate is stale."""
    if live.phase != "decoding" or silence(live, now) > stale_after(live.recent):
        return None
    return rate_of(live.recent)


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


PLOT_MS = 100
NUMBERS_MS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayNumbers:
    """The overlay's texts. One that is "" was not measured and takes no space."""

    rate: str = ""
    rate_note: str = ""
    live: bool = False  # `rate` is the rate now, not that of the last reply
    speed_up: str = ""
    speed_up_note: str = ""  # the plain speed and the day it was measured on
    acceptance: str = ""
    tau: str = ""
    by_position: tuple[float, ...] = ()
    memory: str = ""
    memory_share: float = 0.0
    prompt: str = ""
    prompt_share: float | None = None  # None: no prompt is being read


class OverlayViewModel(QObject):
    """Publishes the numbers of the reply being written, whichever chat it belongs to.

    Between replies only the memory changes.
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
        self._last = Numbers()  # of the reply that ended last
        self.live = Live()
        self.numbers = OverlayNumbers()
        self._paces = (
            Pace(PLOT_MS, self.sample, clock, self),
            Pace(NUMBERS_MS, self.publish, clock, self),
        )
        engine.memory_changed.connect(self._on_memory)
        chat.reply_started.connect(self._on_request)
        chat.streaming.prompt.connect(self._on_prompt)
        chat.streaming.recorded.connect(self._on_round)
        chat.streaming.streamed.connect(self._on_text)
        chat.streaming.ended.connect(self._on_ended)

    def is_ticking(self) -> bool:
        """Return whether numbers or plot are renewed as time passes."""
        return any(pace.running for pace in self._paces)

    def sample(self) -> None:
        """Add a point to the plot."""
        before = len(self.live.history), self.live.history[-1:]
        self.live = sampled(self.live, self._clock())
        if (len(self.live.history), self.live.history[-1:]) != before:
            self.history_changed.emit(self.live.history)

    def publish(self) -> None:
        """Emit the numbers, where they have changed."""
        measured = self._chat.streaming.numbers if self.live.running else self._last
        shown = overlay_numbers(self.live, measured, self._clock())
        if shown != self.numbers:
            self.numbers = shown
            self.numbers_changed.emit(shown)

    def _on_request(self) -> None:
        self.live = requested(self.live, self._clock())
        self.history_changed.emit(self.live.history)
        for pace in self._paces:
            pace.start()
        self.publish()

    def _on_round(self, record: RoundRecord) -> None:
        self.live = recorded(self.live, record)
        if self.numbers.prompt:
            self.publish()  # the first token ends the wait: show that at once

    def _on_text(self) -> None:
        """Renew numbers and plot together with the text, which paints the window anyway."""
        for pace in self._paces:
            pace.offer()

    def _on_ended(self, message: ChatMessage) -> None:
        self._last = Numbers() if message.reply is None else numbers_of(message.reply)
        self.live = ended(self.live)
        for pace in self._paces:
            pace.stop()
        self.publish()

    def _on_prompt(self, progress: PromptProgress) -> None:
        self.live = reading(self.live, progress)

    def _on_memory(self, memory: Memory | None) -> None:
        """Take the engine's memory; show it at once while no reply is being written."""
        self.live = replace(self.live, memory=memory)
        if memory is None or not self.live.running:
            self.publish()


def overlay_numbers(live: Live, measured: Numbers, now: float) -> OverlayNumbers:
    numbers = OverlayNumbers(
        speed_up=_worded(measured.speed_up, fmt.times),
        speed_up_note=plain_text(measured),
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
        if since > stale_after(live.recent):
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
