"""The overlay's numbers: reduced from events, formatted, and handed out at a bearable pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.conversation import ChatMessage, RoundRecord
from app.domain.numbers import Numbers, numbers_of
from app.domain.rates import stale_after
from app.engine.state import EngineState, Failed, Restarting, Starting
from app.engine.supervisor import Supervisor
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.footer import plain_text
from app.viewmodels.chat.pace import Pace
from app.viewmodels.common import format as fmt
from app.viewmodels.overlay import live as reducer
from app.viewmodels.overlay.live import Live
from mtp_mlx.wire import Event

PLOT_MS = 100
NUMBERS_MS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayNumbers:
    """What the overlay says; "" stands for "not measured" and takes no room."""

    rate: str = ""
    rate_note: str = ""
    live: bool = False  # the rate is of this moment
    speed_up: str = ""
    speed_up_note: str = ""  # what the plain speed is, and when it was measured
    acceptance: str = ""
    tau: str = ""
    by_position: tuple[float, ...] = ()
    memory: str = ""
    memory_share: float = 0.0
    prompt: str = ""
    prompt_share: float | None = None  # None: no prompt is being read


class OverlayViewModel(QObject):
    """They change only while a reply runs, in whatever chat. The numbers are its own."""

    numbers_changed = Signal(object)  # OverlayNumbers
    history_changed = Signal(object)  # tuple[Sample, ...]

    def __init__(
        self,
        supervisor: Supervisor,
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
        self._paces = (Pace(PLOT_MS, self.sample, self), Pace(NUMBERS_MS, self.publish, self))
        supervisor.received.connect(self._on_event)
        supervisor.state_changed.connect(self._on_state)
        chat.reply_started.connect(self._on_request)
        chat.streaming.recorded.connect(self._on_round)
        chat.streaming.streamed.connect(self._on_text)
        chat.streaming.ended.connect(self._on_ended)

    def sample(self) -> None:
        before = len(self.live.history), self.live.history[-1:]
        self.live = reducer.sampled(self.live, self._clock())
        if (len(self.live.history), self.live.history[-1:]) != before:
            self.history_changed.emit(self.live.history)

    def publish(self) -> None:
        measured = self._chat.streaming.numbers if self.live.running else self._last
        shown = overlay_numbers(self.live, measured, self._clock())
        if shown != self.numbers:
            self.numbers = shown
            self.numbers_changed.emit(shown)

    def _on_request(self) -> None:
        self.live = reducer.requested(self.live, self._clock())
        self.history_changed.emit(self.live.history)
        for pace in self._paces:
            pace.start()
        self.publish()

    def _on_round(self, record: RoundRecord) -> None:
        self.live = reducer.recorded(self.live, record)
        if self.numbers.prompt:
            self.publish()  # the first token is worth more than the pace

    def _on_text(self) -> None:
        """Numbers and plot change with the text, where there is some."""
        for pace in self._paces:
            pace.offer()

    def _on_ended(self, message: ChatMessage) -> None:
        self._last = Numbers() if message.reply is None else numbers_of(message.reply)
        self.live = reducer.ended(self.live)
        for pace in self._paces:
            pace.stop()
        self.publish()

    def _on_event(self, event: Event) -> None:
        before, self.live = self.live, reducer.reduce(self.live, event)
        if self.live != before and not self.live.running:
            self.publish()

    def _on_state(self, state: EngineState) -> None:
        match state:
            case Starting() | Restarting() | Failed(alive=False):
                self.live = replace(self.live, memory=None)  # the process that held it is gone
                self.publish()
            case _:
                pass


def overlay_numbers(live: Live, measured: Numbers, now: float) -> OverlayNumbers:
    numbers = OverlayNumbers(
        speed_up=_said(measured.speed_up, fmt.times),
        speed_up_note=plain_text(measured),
        acceptance=_said(measured.acceptance_rate, fmt.percent),
        tau=_said(measured.mean_acceptance_length, fmt.tau),
        by_position=measured.acceptance_by_position,
    )
    rated = _with_rate(numbers, live, measured, now)
    return _with_memory(_with_prompt(rated, live, now), live)


def _said(value: float | None, show: Callable[[float], str]) -> str:
    return "" if value is None else show(value)


def _with_rate(
    numbers: OverlayNumbers, live: Live, measured: Numbers, now: float
) -> OverlayNumbers:
    tps = reducer.rate(live, now)
    if tps is not None:
        return replace(numbers, rate=fmt.rate(tps), rate_note=strings.RATE_NOW, live=True)
    if live.phase == "ended" and measured.decode_tps is not None:
        return replace(numbers, rate=fmt.rate(measured.decode_tps), rate_note=strings.RATE_LAST)
    if live.phase == "decoding":
        silence = reducer.silence(live, now)
        if silence > stale_after(live.recent):
            return replace(numbers, rate_note=strings.RATE_STALE.format(clock=fmt.clock(silence)))
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
    if live.memory.limit <= 0:  # no limit known: a share of nothing says nothing
        return replace(numbers, memory=fmt.memory(live.memory.active))
    text = strings.MEMORY_OF.format(
        active=fmt.memory(live.memory.active), limit=fmt.memory(live.memory.limit)
    )
    return replace(numbers, memory=text, memory_share=live.memory.active / live.memory.limit)
