"""How many tokens a text is: only the engine knows, and only when it idles."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.engine.state import EngineState, Generating, Ready
from app.engine.supervisor import Supervisor
from mtp_mlx.wire import CountTokens, Error, Event, PairInfo, TokenCount


class TokenCounter(QObject):
    """Texts are known by a key; asked again under a key, the last text counts.

    What is asked for while the engine is busy, starting or dead is sent as soon as it is ready,
    and everything again for another pair.
    """

    counted = Signal(str, int)  # key, tokens

    def __init__(self, supervisor: Supervisor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._texts: dict[str, str] = {}
        self._open: set[str] = set()  # keys without an answer
        self._asked: dict[str, str] = {}  # id of a question -> its key
        self._number = 0
        self._pair: PairInfo | None = None
        supervisor.state_changed.connect(self._on_state)
        supervisor.received.connect(self._on_event)

    def ask(self, key: str, text: str) -> None:
        self._texts[key] = text
        self._open.add(key)
        self._send(key)

    def forget(self, key: str) -> None:
        self._texts.pop(key, None)
        self._open.discard(key)
        self._asked = {question: of for question, of in self._asked.items() if of != key}

    def _send(self, key: str) -> None:
        self._asked = {question: of for question, of in self._asked.items() if of != key}
        self._number += 1
        question = f"count-{self._number}"
        if self._supervisor.count_tokens(CountTokens(id=question, text=self._texts[key])):
            self._asked[question] = key

    def _on_state(self, state: EngineState) -> None:
        if not isinstance(state, Ready):
            if not isinstance(state, Generating):
                self._asked.clear()  # whoever was asked is gone
            return
        if state.pair != self._pair:
            self._pair = state.pair
            self._open = set(self._texts)
        for key in sorted(self._open - set(self._asked.values())):
            self._send(key)

    def _on_event(self, event: Event) -> None:
        match event:
            case TokenCount(id=question, tokens=tokens) if question in self._asked:
                key = self._asked.pop(question)
                self._open.discard(key)
                if tokens is not None:
                    self.counted.emit(key, tokens)
            case Error(id=str(question)):
                self._asked.pop(question, None)
            case _:
                pass
