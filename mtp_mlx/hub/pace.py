"""How slow the Hub may be: a request ends after silence, and where bytes only trickle in.

The library that fetches waits without end for both. `limit` is a hook that its client calls with
each request. Files that come through hf_xet have the limits of that library, which knows silence
alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Request

SILENCE_S = 20.0
"""Seconds without a byte from the Hub after which a request has failed."""

WINDOW_S = 60.0
"""Seconds of waiting over which bytes are counted. A longer time forgives longer stalls."""

LEAST_RATE = 1024
"""Bytes a second of all connections together, under which a transfer has failed."""


class TooSlowError(OSError):
    """Bytes come so slowly that a model would never be whole."""


class Pace:
    """The bytes that came lately over all connections, and the seconds that somebody waited."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0
        self._waited = 0.0
        self._until = 0.0  # when the last wait that was counted had ended

    def count(self, size: int, began: float, ended: float) -> None:
        """Count a read of `size` bytes. Raises TooSlowError.

        Waits at the same time count once. Time in which nobody reads counts as none, whatever the
        program does meanwhile.
        """
        with self._lock:
            self._waited += max(0.0, ended - max(began, self._until))
            self._until = max(self._until, ended)
            self._bytes += size
            if self._waited < WINDOW_S:
                return
            came, waited = self._bytes, self._waited
            self._bytes, self._waited = 0, 0.0
        if came < waited * LEAST_RATE:
            raise TooSlowError(f"only {came} bytes came in {waited:.0f} seconds")


_PACE = Pace()


def limit(request: Request) -> None:
    """Let a request fail after `SILENCE_S`, and where it is slower than `LEAST_RATE`."""
    limits = request.extensions.get("timeout", {})
    kinds = ("connect", "read", "write", "pool")
    request.extensions = {
        **request.extensions,
        "timeout": {kind: limits.get(kind) or SILENCE_S for kind in kinds},
        "trace": _measure_new_connections,
    }


def _measure_new_connections(event: str, info: Mapping[str, Any]) -> None:
    """Count the reads of each connection that is made; the client calls this at every step.

    Headers and contents come through the connection's `read`, unpacked later.
    """
    if event.endswith(("connect_tcp.complete", "start_tls.complete")):
        stream = info["return_value"]
        stream.read = _measured(stream.read)


def _measured(read: Callable[..., bytes]) -> Callable[..., bytes]:
    def reading(max_bytes: int, timeout: float | None = None) -> bytes:
        began = time.monotonic()
        data = read(max_bytes, timeout)
        _PACE.count(len(data), began, time.monotonic())
        return data

    return reading
