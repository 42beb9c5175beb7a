"""The plain speed of the loaded pair: learned from every reply, asked for by every speed-up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QObject

from app.domain.conversation import EngineRecord, ReplyRecord
from app.domain.numbers import Plain, Tally
from app.domain.speeds import baseline_key, updated
from app.services.data_folder import BaselineStore
from mtp_mlx.api import PairInfo


def today() -> str:
    """By the user's clock: "measured on" is read by a person."""
    return dt.datetime.now(tz=dt.UTC).astimezone().date().isoformat()


class PlainSpeed(QObject):
    def __init__(
        self,
        store: BaselineStore,
        day: Callable[[], str] = today,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._day = day

    def of(self, pair: PairInfo, engine: EngineRecord, tally: Tally) -> Plain | None:
        """As known before a reply, with what the reply itself has measured so far."""
        known = self._store.get(baseline_key(pair, engine))
        now = updated(known, tally.plain_measured, self._day())
        return None if now is None else Plain(tps=now.tps, day=now.day)

    def learn(self, reply: ReplyRecord, tally: Tally) -> None:
        """Once for each reply, when it has ended; of a continued one, what was added.

        `tally` is the reply's: counted while it was written, for counting it again takes a while.
        """
        key = baseline_key(reply.pair, reply.engine)
        known = self._store.get(key)
        now = updated(known, tally.plain_measured, self._day())
        if now is None or now == known:
            return
        self._store.put(key, now)
