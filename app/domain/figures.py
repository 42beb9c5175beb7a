"""How a measured figure is written, in the window and in reports: the same to the last digit."""

from __future__ import annotations

_TIMES = "\u00d7"


def rate(per_second: float) -> str:
    """Three digits that mean something: "4.6", "61.3", "214"."""
    return f"{per_second:.1f}" if per_second < 100 else f"{per_second:.0f}"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def times(ratio: float) -> str:
    """1.874 -> "1.9x"; near 1 two decimals, for there they decide."""
    return f"{ratio:.2f}{_TIMES}" if 0.9 < ratio < 1.1 else f"{ratio:.1f}{_TIMES}"


def tau(tokens: float) -> str:
    return f"{tokens:.2f}"


def seconds(duration: float) -> str:
    """0.21 -> "0.21 s", 12.34 -> "12.3 s", 75 -> "1 min 15 s"."""
    if duration < 10:
        return f"{duration:.2f} s"
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"
