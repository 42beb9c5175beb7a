"""How numbers and findings of a report are told, in every format alike. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mtp_mlx.report.model import Group, Mode

NOT_MEASURED = "not measured"
NONE = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
TAU = "\N{GREEK SMALL LETTER TAU}"
SLOWER, FASTER, EQUAL = "slower", "faster", "the same speed"
_GIB = 1024**3

Show = Callable[[Any], str]


def measured(show: Show) -> Show:
    return lambda value: NOT_MEASURED if value is None else show(value)


def mode(value: Mode) -> str:
    return f"K {value}" if isinstance(value, int) else value


def times(ratio: float) -> str:
    return f"{ratio:.2f}{TIMES}"


def rate(tps: float) -> str:
    return f"{tps:.1f}"


def length(tokens: float) -> str:
    return f"{tokens:.2f}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def seconds(value: float) -> str:
    return f"{value:.2f} s"


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
    return f"{group.speedup_low:.2f} to {group.speedup_high:.2f}"


def verdict(group: Group) -> str:
    """Faster or slower, by the two digits that are shown; "" where no speed-up was measured."""
    if group.speedup is None:
        return ""
    shown = round(group.speedup, 2)
    told = EQUAL if shown == 1 else SLOWER if shown < 1 else FASTER
    low, high = group.speedup_low, group.speedup_high
    if low is None or high is None or told == EQUAL or not low < 1 < high:
        return told
    return f"{told}, within the spread"


def is_slower(group: Group) -> bool:
    return verdict(group).startswith(SLOWER)
