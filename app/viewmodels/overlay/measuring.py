"""One click measures plain speed beside the last reply, where none was measured near it.

The middle of the reply is decoded once more with MTP off, outside of the chat, so that context,
time and load are those of the reply.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from PySide6.QtCore import QObject, Signal

from app.domain.conversation import FINISHES, ChatMessage
from app.domain.speeds import NEAR_S
from app.engine.engine import Engine
from app.viewmodels.chat.asking import turns, whole
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.reply import Reply
from app.viewmodels.overlay.plain_speed import PlainSpeed, middle
from mtp_mlx.api import Generate
from mtp_mlx.events import Finished, Round

TOKENS = 64
"""Tokens of a measurement: twice what the least one needs."""


class PlainMeasuring(QObject):
    changed = Signal()  # whether a measurement runs

    def __init__(
        self,
        engine: Engine,
        chat: ChatViewModel,
        plain: PlainSpeed,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._chat = chat
        self._plain = plain
        self._clock = clock
        self._now = now
        self._message: ChatMessage | None = None
        self._reply: Reply | None = None

    @property
    def running(self) -> bool:
        return self._reply is not None

    def begin(self) -> bool:
        """Measure plain decoding for the last reply that is read; False where that cannot be.

        A reply of another pair, or of long ago, has no plain speed near it any more.
        """
        ready, message = self._engine.idle, self._last()
        if ready is None or message is None or self._chat.obstacle:
            return False
        if message.reply is None or message.reply.pair != ready.pair or self._is_old(message):
            return False
        request = self._request(message)
        self._message = message
        self._reply = Reply(request, ready.pair, self._engine.identity, self._clock)
        ticket = self._engine.submit(request, "comparison")
        ticket.round.connect(self._on_round)
        ticket.finished.connect(self._on_finished)
        ticket.failed.connect(self._rest)
        self.changed.emit()
        return True

    def _is_old(self, message: ChatMessage) -> bool:
        rounds = () if message.reply is None else message.reply.rounds
        ended = message.created + (rounds[-1].at if rounds else 0.0)
        return self._now() - ended > NEAR_S

    def _last(self) -> ChatMessage | None:
        messages = reversed(self._chat.messages.messages)
        return next((one for one in messages if one.reply is not None), None)

    def _request(self, message: ChatMessage) -> Generate:
        """Return a request to go on, plainly, from the middle of the reply."""
        path = self._chat.history.path(message.id)
        half = msgspec.structs.replace(message, text=whole(message.text[: len(message.text) // 2]))
        reply = message.reply
        return Generate(
            prompt=tuple(turns(self._chat.chat.settings.system, [*path[:-1], half])),
            continue_reply=bool(half.text),
            sampling=None if reply is None else reply.sampling,
            seed=0 if reply is None else reply.seed,
            mtp="off",
            max_tokens=TOKENS,
            ignore_eos=True,
        )

    def _on_round(self, event: Round) -> None:
        if self._reply is not None:
            self._reply.add(event)

    def _on_finished(self, event: Finished) -> None:
        reply, message = self._reply, self._message
        self._rest()
        if reply is None or message is None:
            return
        measured = reply.record(FINISHES[event.reason], event)
        self._plain.learn(measured, reply.tally)
        asked = message.reply
        if asked is not None:
            plain = self._plain.of(asked.pair, asked.engine, reply.tally, middle(asked))
            self._chat.set_plain(message.id, plain)

    def _rest(self) -> None:
        self._reply = None
        self.changed.emit()
