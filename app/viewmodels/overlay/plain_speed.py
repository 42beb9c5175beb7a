"""The plain speed of a pair: every reply adds to it, and speed-ups are computed from it."""

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
    """Return the day in the user's time zone, ISO 8601."""
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
        """Return the stored plain speed with the plain decoding that `tally` has counted."""
        stored = self._store.get(baseline_key(pair, engine))
        now = updated(stored, tally.plain_measured, self._day())
        return None if now is None else Plain(tps=now.tps, day=now.day)

    def learn(self, reply: ReplyRecord, tally: Tally) -> None:
        """Store the plain decoding of a reply that has ended. Call it once for each reply.

        `tally` was counted while the reply was written; after a continuation it counts only what
        was added.
        """
        key = baseline_key(reply.pair, reply.engine)
        stored = self._store.get(key)
        now = updated(stored, tally.plain_measured, self._day())
        if now is None or now == stored:
            return
        self._store.put(key, now)
