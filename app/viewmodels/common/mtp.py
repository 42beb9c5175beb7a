"""The MTP switch: the user's wish, and what the engine's rounds show that it does."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.settings import Depth, MtpChoice
from app.engine.engine import Engine
from app.engine.state import Dead, Ready, State, Unloaded
from app.engine.ticket import ReplyTicket
from app.viewmodels.common.throttle import Throttle
from mtp_mlx.api import PairInfo
from mtp_mlx.events import Round

PACE_MS = 250  # between two texts: rounds come faster than anybody reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The text beside the switch. `live`: it describes the reply being written now."""

    text: str
    live: bool = False


class MtpViewModel(QObject):
    """Holds the wish of the open chat and the effect on the reply being written.

    A new wish changes the effect only with the next round. A reply that is written in another chat
    keeps the wish it was asked with.
    """

    wish_changed = Signal(object)  # MtpChoice
    effect_changed = Signal(object)  # Effect

    def __init__(self, engine: Engine, wish: MtpChoice, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self.wish = wish
        self._ticket: ReplyTicket | None = None  # of the reply being written
        self._round: Round | None = None  # the reply's last round after prefill
        self._running = wish  # the wish that holds for the reply being written
        self._elsewhere = False  # the reply belongs to a chat that is not open
        self._pending = False  # no round has come since the wish was changed
        self._pace = Throttle(PACE_MS, self._refresh, self)
        self.effect = Effect(text=strings.EFFECT_WAITING)
        engine.state_changed.connect(self._on_state)

    def turn(self, on: bool) -> None:
        self.wish_for(MtpChoice(on=on, depth=self.wish.depth))

    def toggle(self) -> None:
        self.turn(on=not self.wish.on)

    def choose(self, depth: Depth) -> None:
        """Choose K, or "auto", and turn MTP on."""
        self.wish_for(MtpChoice(on=True, depth=depth))

    def follow(self, ticket: ReplyTicket, asked: MtpChoice) -> None:
        """Steer the reply of `ticket` with the switch and show its effect.

        `asked` is the wish of its request: to compare, it may differ from the switch.
        """
        self._ticket = ticket
        self._running = asked
        self._elsewhere = False
        ticket.round.connect(self._on_round)
        self._refresh()

    def show(self, wish: MtpChoice, *, elsewhere: bool) -> None:
        """Show the wish of the chat that was opened.

        `elsewhere`: the reply being written belongs to another chat.
        """
        self._elsewhere = elsewhere
        if wish != self.wish:
            self.wish = wish
            self.wish_changed.emit(wish)
        self._refresh()

    def wish_for(self, wish: MtpChoice) -> None:
        """Take the wish; a reply being written in the open chat follows it from its next round."""
        if wish == self.wish:
            return
        self.wish = wish
        if not self._elsewhere:
            self._running = wish
            self._pending = self._round is not None
            if self._ticket is not None:
                self._ticket.set_mtp(wish.wire())
        self.wish_changed.emit(wish)
        self._refresh()

    def _on_state(self, state: State) -> None:
        if not isinstance(state, Ready) or state.busy is None:
            self._ticket = None
            self._round = None
            self._pending = False
        self._refresh()

    def _on_round(self, event: Round) -> None:
        if event.index > 0:
            self._round = event
            self._pending = False
            self._pace.request()

    def _refresh(self) -> None:
        effect = self._effect()
        if effect != self.effect:
            self.effect = effect
            self.effect_changed.emit(effect)

    def _effect(self) -> Effect:
        match self._engine.state:
            case Ready(pair=pair) if self._ticket is None:
                return Effect(text=idle_text(self.wish, pair))
            case Ready(pair=pair) if self._elsewhere:
                now = strings.EFFECT_ELSEWHERE.format(now=self._now(pair))
                return Effect(text=now, live=True)
            case Ready(pair=pair):
                now = self._now(pair)
                text = strings.EFFECT_NEXT_ROUND.format(now=now) if self._pending else now
                return Effect(text=text, live=True)
            case Unloaded():
                return Effect(text=strings.EFFECT_OFF_BECAUSE.format(reason=strings.NO_MODEL))
            case Dead(restarting=False):
                return Effect(text=strings.EFFECT_OFF_BECAUSE.format(reason=strings.NO_ENGINE))
            case _:
                return Effect(text=strings.EFFECT_WAITING)

    def _now(self, pair: PairInfo) -> str:
        """Return what the reply being written does, whichever chat it belongs to."""
        if self._round is not None:
            return round_text(self._round)
        reading = self._running.on and pair.drafter is not None
        return strings.EFFECT_READING if reading else idle_text(self._running, pair)


def idle_text(wish: MtpChoice, pair: PairInfo) -> str:
    """Return what the next reply will do."""
    if pair.drafter is None:
        reason = pair.no_drafter_reason or strings.NO_DRAFTER
        return strings.EFFECT_OFF_BECAUSE.format(reason=reason)
    if not wish.on:
        return strings.EFFECT_OFF
    if wish.depth == "auto":
        return strings.EFFECT_READY_AUTO
    return strings.EFFECT_READY_DEPTH.format(depth=wish.depth)


def round_text(event: Round) -> str:
    """Return what a round shows of the effect."""
    match event.state:
        case "drafting":
            return strings.EFFECT_DRAFTING.format(depth=event.depth)
        case "probe":
            return event.reason or strings.EFFECT_PROBE.format(depth=event.depth)
        case "parked":
            return strings.EFFECT_PARKED.format(
                reason=event.reason or strings.EFFECT_PARKED_DEFAULT
            )
        case "plain":
            if event.reason:
                return strings.EFFECT_OFF_BECAUSE.format(reason=event.reason)
            return strings.EFFECT_OFF


def depth_label(depth: Depth) -> str:
    return strings.AUTO if depth == "auto" else strings.DEPTH.format(depth=depth)
