"""How numbers and findings are told, in every format of a report and in the window alike. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from mtp_mlx.report.model import Group, Mode

NOT_MEASURED = "not measured"
NONE = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
TAU = "\N{GREEK SMALL LETTER TAU}"
SLOWER, FASTER, EQUAL = "slower", "faster", "the same speed"
_GIB = 1024**3
_UNSHOWN = {"Cc", "Cs", "Cn", "Zl", "Zp"}  # control, half a character, none, line, paragraph

Show = Callable[[Any], str]


def measured(show: Show) -> Show:
    return lambda value: NOT_MEASURED if value is None else show(value)


def mode(value: Mode) -> str:
    return f"K {value}" if isinstance(value, int) else value


def times(ratio: float) -> str:
    return f"{ratio:.2f}{TIMES}"


def rate(tps: float) -> str:
    """Three digits that mean something: "4.6", "61.3", "214"."""
    return f"{tps:.1f}" if tps < 100 else f"{tps:.0f}"


def length(tokens: float) -> str:
    return f"{tokens:.2f}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def seconds(duration: float) -> str:
    """0.21 -> "0.21 s", 12.34 -> "12.3 s", 75 -> "1 min 15 s"."""
    if duration < 10:
        return f"{duration:.2f} s"
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"


def memory(size: float) -> str:
    return f"{size / _GIB:.2f} GiB"


def margin(value: float) -> str:
    return f"{value:.3g}"


def yes_or_no(value: object) -> str:
    return "yes" if value else "no"


def category(value: str | None) -> str:
    return "all" if value is None else value


def spread(group: Group) -> str:
    """The interval of a speed-up; "" where one ratio or none was measured."""
    if group.speedup_low is None or group.speedup_high is None:
        return ""
    return between(group.speedup_low, group.speedup_high)


def between(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"


def told(ratio: float) -> str:
    """Faster or slower, by the two digits that are shown."""
    shown = round(ratio, 2)
    return EQUAL if shown == 1 else SLOWER if shown < 1 else FASTER


def verdict(group: Group) -> str:
    """Of the median; "" where no speed-up was measured."""
    if group.speedup is None:
        return ""
    said = told(group.speedup)
    low, high = group.speedup_low, group.speedup_high
    if low is None or high is None or said == EQUAL or not low < 1 < high:
        return said
    return f"{said}, within the spread"


def is_slower(group: Group) -> bool:
    return verdict(group).startswith(SLOWER)


def line(text: str) -> str:
    """One line without control characters: a stranger's title must not steer a terminal or XML."""
    shown = "".join(" " if unicodedata.category(c) in _UNSHOWN else c for c in text)
    return " ".join(shown.split())


def shortened(text: str, most: int) -> str:
    told = line(text)
    return told if len(told) <= most else told[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
