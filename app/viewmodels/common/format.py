"""Numbers and titles as text for people."""

from __future__ import annotations

from app import strings
from mtp_mlx.report.words import count, percent, rate, seconds, times
from mtp_mlx.report.words import length as tau

__all__ = ["clock", "count", "memory", "one_line", "percent", "rate", "seconds", "tau", "times"]

_GB = 10**9
_MB = 10**6
_MINUTE, _HOUR = 60, 3600  # seconds
TITLE_LENGTH = 200
"""Characters of a title that are shown or typed; a line holds fewer, a tooltip no more."""


def clock(duration: float) -> str:
    """Return seconds for a running clock, in whole ones: "3 s", "1:05"."""
    minutes, rest = divmod(int(duration), 60)
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"


def memory(size: int) -> str:
    """Return bytes as "412 MB" or "4.2 GB": GB is 10^9 bytes everywhere, as in reports."""
    return f"{size / _MB:.0f} MB" if size < _GB else f"{size / _GB:.1f} GB"


def file_size(size: int) -> str:
    """Bytes as "312 bytes", "4 KB" or "1.2 MB"."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} KB" if size < _MB else f"{size / _MB:.1f} MB"


def one_line(title: str | None) -> str:
    """Return a title in one line of at most TITLE_LENGTH characters; None: the chat has none."""
    if title is None:
        return strings.UNTITLED
    return " ".join(title[: 4 * TITLE_LENGTH].split())[:TITLE_LENGTH]


def left(seconds: float) -> str:
    """Return the time left in rounded words: it is an estimate."""
    if seconds < _MINUTE:
        return strings.TIME_LEFT_SECONDS
    if seconds < _HOUR:
        return strings.TIME_LEFT_MINUTES.format(count=round(seconds / _MINUTE))
    hours, rest = divmod(round(seconds / _MINUTE), 60)
    return strings.TIME_LEFT_HOURS.format(hours=hours, minutes=rest)


def span(seconds: float) -> str:
    """Return how long something is expected to take, in rounded words."""
    minutes = round(seconds / _MINUTE)
    if seconds < _MINUTE:
        return strings.SPAN_SECONDS
    if seconds < _HOUR:
        return strings.SPAN_MINUTE if minutes == 1 else strings.SPAN_MINUTES.format(count=minutes)
    hours, rest = divmod(minutes, 60)
    return strings.SPAN_HOURS.format(hours=hours, minutes=rest)
