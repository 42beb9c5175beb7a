"""The overlay's numbers: reduced from events, formatted, and handed out at a bearable pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from app import strings
from app.domain.settings import MtpChoice
from app.engine.state import EngineState, Failed, Generating, Restarting, Starting
from app.engine.supervisor import Supervisor
from app.viewmodels import format as fmt
from app.viewmodels import live as reducer
from app.viewmodels.chat import ChatViewModel
from app.viewmodels.live import Live
from app.viewmodels.mtp import MtpViewModel
from mtp_mlx.wire import Event, Generate, Loaded

PLOT_MS = 100
NUMBERS_MS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayNumbers:
    """What the overlay says; "" stands for "not measured" and takes no room."""

    rate: str = ""
    rate_note: str = ""
    live: bool = False  # the rate is of this moment
    speed_up: str = ""
    acceptance: str = ""
    tau: str = ""
    by_position: tuple[float, ...] = ()
    memory: str = ""
    memory_share: float = 0.0
    prompt: str = ""
    prompt_share: float | None = None  # None: no prompt is being read


class OverlayViewModel(QObject):
    """Timers run only while a reply does."""

    numbers_changed = Signal(object)  # OverlayNumbers
    history_changed = Signal(object)  # tuple[Sample, ...]

    def __init__(
        self,
        supervisor: Supervisor,
        chat: ChatViewModel,
        mtp: MtpViewModel,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self.live = Live()
        self.numbers = OverlayNumbers()
        self._plots = QTimer(self, interval=PLOT_MS)
        self._plots.timeout.connect(self.sample)
        self._pace = QTimer(self, interval=NUMBERS_MS)
        self._pace.timeout.connect(self.publish)
        supervisor.received.connect(self._on_event)
        supervisor.state_changed.connect(self._on_state)
        chat.reply_started.connect(self._on_request)
        mtp.wish_changed.connect(self._on_switch)

    def plain_tps(self) -> float | None:
        """Plain speed of the loaded pair, measured in this session."""
        return self.live.plain.tps

    def sample(self) -> None:
        before = len(self.live.history), self.live.history[-1:]
        self.live = reducer.sampled(self.live, self._clock())
        if (len(self.live.history), self.live.history[-1:]) != before:
            self.history_changed.emit(self.live.history)

    def publish(self) -> None:
        numbers = overlay_numbers(self.live, self._clock())
        if numbers != self.numbers:
            self.numbers = numbers
            self.numbers_changed.emit(numbers)

    def _on_request(self, request: Generate) -> None:
        self.live = reducer.requested(self.live, request.mtp, self._clock())
        self.history_changed.emit(self.live.history)
        self._plots.start()
        self._pace.start()
        self.publish()

    def _on_switch(self, wish: MtpChoice) -> None:
        if self.live.running:
            self.live = reducer.switched(self.live, wish.wire())

    def _on_event(self, event: Event) -> None:
        was_running = self.live.running
        if isinstance(event, Loaded):
            self.live = reducer.loaded(self.live, event.pair, event.memory)
        self.live = reducer.reduce(self.live, event, self._clock())
        if not self.live.running:
            self._rest()
            self.publish()
        elif was_running and self.numbers.prompt and self.live.phase == "decoding":
            self.publish()  # the first token is worth more than the pace

    def _on_state(self, state: EngineState) -> None:
        if self.live.running and not isinstance(state, Generating):
            self.live = reducer.ended(self.live)
            self._rest()
            self.publish()
        match state:
            case Starting() | Restarting() | Failed(alive=False):
                self.live = replace(self.live, memory=None)  # the process that held it is gone
                self.publish()
            case _:
                pass

    def _rest(self) -> None:
        self._plots.stop()
        self._pace.stop()


def overlay_numbers(live: Live, now: float) -> OverlayNumbers:
    numbers = OverlayNumbers(
        speed_up="" if live.speed_up is None else fmt.times(live.speed_up),
        acceptance="" if live.acceptance is None else fmt.percent(live.acceptance),
        tau="" if live.tau is None else f"{live.tau:.2f}",
        by_position=live.by_position,
    )
    return _with_memory(_with_prompt(_with_rate(numbers, live, now), live, now), live)


def _with_rate(numbers: OverlayNumbers, live: Live, now: float) -> OverlayNumbers:
    tps = reducer.rate(live, now)
    if tps is not None:
        return replace(numbers, rate=fmt.rate(tps), rate_note=strings.RATE_NOW, live=True)
    if live.phase == "ended" and live.stats is not None and live.stats.decode_tps is not None:
        return replace(numbers, rate=fmt.rate(live.stats.decode_tps), rate_note=strings.RATE_LAST)
    if live.phase == "decoding" and live.last_round is not None:
        silence = now - live.last_round
        if silence > reducer.stale_after(live):
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
