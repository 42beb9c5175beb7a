"""Numbers as a person reads them. Nothing here invents one: what was not measured has no text."""

from __future__ import annotations

_THIN_SPACE = "\u2009"
_TIMES = "\u00d7"
_GIB = 1024**3
_MIB = 1024**2


def count(number: int) -> str:
    """1204 -> "1 204", with thin spaces."""
    return f"{number:,}".replace(",", _THIN_SPACE)


def rate(per_second: float) -> str:
    """Three digits that mean something: "4.6", "61.3", "214"."""
    return f"{per_second:.1f}" if per_second < 100 else f"{per_second:.0f}"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def times(ratio: float) -> str:
    """1.874 -> "1.9x"; near 1 two decimals, for there they decide."""
    return f"{ratio:.2f}{_TIMES}" if 0.9 < ratio < 1.1 else f"{ratio:.1f}{_TIMES}"


def seconds(duration: float) -> str:
    """0.21 -> "0.21 s", 12.34 -> "12.3 s", 75 -> "1 min 15 s"."""
    if duration < 10:
        return f"{duration:.2f} s"
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"


def clock(duration: float) -> str:
    """A running clock does not jitter: "3 s", "1:05"."""
    minutes, rest = divmod(int(duration), 60)
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"


def memory(size: int) -> str:
    """Bytes as "412 MB" or "4.2 GB", counted in powers of two as systems do."""
    return f"{size / _MIB:.0f} MB" if size < _GIB else f"{size / _GIB:.1f} GB"


def file_size(size: int) -> str:
    """Bytes as "312 bytes", "4 KB" or "1.2 MB"."""
    if size < 1024:
        return f"{size} bytes"
    return f"{size / 1024:.0f} KB" if size < _MIB else f"{size / _MIB:.1f} MB"
