"""The plain speed of the loaded pair: learned from every reply, asked for by every speed-up.

It holds for what was decoded at about the same time, behind a context of about the same length, on
a machine about as busy. Where nothing was measured so near there is no plain speed.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from app.domain.conversation import EngineRecord, ReplyRecord
from app.domain.numbers import Plain, Tally
from app.domain.speeds import Moment, baseline_key, plain_at, remembered
from app.services.data_folder import BaselineStore
from mtp_mlx.api import PairInfo


def today() -> str:
    """Return the day in the user's time zone, ISO 8601."""
    return dt.datetime.now(tz=dt.UTC).astimezone().date().isoformat()


def moment(context: int) -> Moment:
    """Return this moment, for what was decoded behind `context` tokens."""
    try:
        load = os.getloadavg()[0]
    except OSError:  # a system that does not tell
        load = None
    return Moment(at=time.time(), context=context, load=load, cores=os.cpu_count() or 1)


class PlainSpeed(QObject):
    def __init__(
        self,
        store: BaselineStore,
        day: Callable[[], str] = today,
        moment: Callable[[int], Moment] = moment,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._day = day
        self._moment = moment

    def of(self, pair: PairInfo, engine: EngineRecord, tally: Tally, context: int) -> Plain | None:
        """As known now, with what the reply itself has measured so far.

        `context` is the number of tokens in the cache in the middle of the reply.
        """
        known, now = self._store.get(baseline_key(pair, engine)), self._moment(context)
        return plain_at(remembered(known, tally.plain_measured, now, self._day()), now)

    def learn(self, reply: ReplyRecord, tally: Tally) -> None:
        """Store the plain decoding of a reply that has ended. Call it once for each reply.

        `tally` was counted while the reply was written; after a continuation it counts only what
        was added.
        """
        key, now = baseline_key(reply.pair, reply.engine), self._moment(middle(reply))
        known = self._store.get(key)
        made = remembered(known, tally.plain_measured, now, self._day())
        if made != known:
            self._store.put(key, made)


def middle(reply: ReplyRecord) -> int:
    """Return how many tokens the cache held in the middle of a reply."""
    written = len(reply.rounds) if reply.stats is None else reply.stats.generated_tokens
    return reply.prompt_tokens + written // 2
