"""Counting tokens of texts that have not been sent: the engine does it, whenever it is free."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.engine.engine import Engine
from app.engine.state import State
from app.engine.ticket import CountTicket
from mtp_mlx.api import CountTokens, PairInfo


class TokenCounter(QObject):
    """Texts are known by a key; asked again under a key, the last text counts.

    What is asked for while the engine is busy, starting or dead is sent as soon as it is ready,
    and everything again for another pair.
    """

    counted = Signal(str, int)  # key, tokens
    refused = Signal(str)  # key of a text that the engine could not count

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._texts: dict[str, str] = {}
        self._open: set[str] = set()  # keys without an answer
        self._tickets: dict[str, CountTicket] = {}  # of those that were sent, by key
        self._pair: PairInfo | None = None
        engine.state_changed.connect(self._on_state)

    def ask(self, key: str, text: str) -> None:
        self._texts[key] = text
        self._open.add(key)
        self._drop(key)
        self._send(key)

    def forget(self, key: str) -> None:
        self._texts.pop(key, None)
        self._open.discard(key)
        self._drop(key)

    def _drop(self, key: str) -> None:
        ticket = self._tickets.pop(key, None)
        if ticket is not None:
            ticket.drop()

    def _send(self, key: str) -> None:
        if self._engine.idle is None:
            return
        ticket = self._engine.submit(CountTokens(text=self._texts[key]))
        self._tickets[key] = ticket
        ticket.finished.connect(lambda tokens: self._on_count(key, tokens))
        ticket.failed.connect(lambda: self._on_refused(key))

    def _on_state(self, _state: State) -> None:
        ready = self._engine.idle
        if ready is None:
            return
        if ready.pair != self._pair:
            self._pair = ready.pair
            self._open = set(self._texts)
        for key in sorted(self._open - set(self._tickets)):
            self._send(key)

    def _on_count(self, key: str, tokens: int | None) -> None:
        del self._tickets[key]
        self._open.discard(key)
        if tokens is not None:
            self.counted.emit(key, tokens)
        else:
            self.refused.emit(key)

    def _on_refused(self, key: str) -> None:
        self._tickets.pop(key, None)
        self.refused.emit(key)
