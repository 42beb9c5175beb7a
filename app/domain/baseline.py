"""Plain speed: what a speed-up is against. Measured on this machine with this pair, or unknown.

A wrong baseline is worse than none. So it is kept for one release of the engine on one device, it
has a date that is shown with it, and a new day's measurement replaces it instead of being averaged
in: the power supply, the temperature and the system may all have changed.
"""

from __future__ import annotations

import msgspec

from app.domain.conversation import EngineRecord
from app.domain.tally import Span
from mtp_mlx.api import PairInfo

_REMEMBERED = 1024
_VERSIONS = ("mtp-mlx", "mlx")


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """About the last thousand plainly decoded tokens of one day."""

    tokens: float
    seconds: float
    day: str  # ISO 8601, by the clock of this machine

    @property
    def tps(self) -> float:
        return self.tokens / self.seconds


def updated(known: Baseline | None, span: Span, day: str) -> Baseline | None:
    """With what was measured now; `span` counts only where it is a measurement by itself."""
    if span.tps is None:
        return known
    if known is None or known.day != day:
        return Baseline(tokens=span.tokens, seconds=span.seconds, day=day)
    faded = min(1.0, max(0, _REMEMBERED - span.tokens) / known.tokens)
    return Baseline(
        tokens=known.tokens * faded + span.tokens,
        seconds=known.seconds * faded + span.seconds,
        day=day,
    )


def baseline_key(pair: PairInfo, engine: EngineRecord) -> str:
    """The drafter has no part in it."""
    versions = [f"{name} {engine.versions.get(name, '?')}" for name in _VERSIONS]
    device = str(engine.device.get("name", "?"))
    return " | ".join([pair.target, pair.quantization, device, *versions])
