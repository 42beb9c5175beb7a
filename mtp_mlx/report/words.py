"""Numbers, verdicts and facts in words, for every format of a report and the window. Pure.

A value of None is written as "not measured", or, where it does not apply, as a dash.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from mtp_mlx.printable import TURNS
from mtp_mlx.report.model import Environment, Mode, Pair, Report, Settings, Switch

NOT_MEASURED = "not measured"
NONE = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
TAU = "\N{GREEK SMALL LETTER TAU}"
_THIN_SPACE = "\N{THIN SPACE}"
_GB = 10**9
_MOST_SHOWN = 99  # the end of an interval above which it tells nothing
_UNSHOWN = {"Cc", "Cs", "Cn", "Zl", "Zp"}  # control, surrogate, unassigned; line, paragraph ends

Show = Callable[[Any], str]


def measured(show: Show) -> Show:
    """Return `show`, extended to write None as "not measured"."""
    return lambda value: NOT_MEASURED if value is None else show(value)


def mode(value: Mode) -> str:
    return f"K {value}" if isinstance(value, int) else value


def times(ratio: float) -> str:
    return f"{ratio:.2f}{TIMES}"


def ratio(value: float) -> str:
    """Return a ratio within a sentence: "2.10"."""
    return f"{value:.2f}"


def rate(tps: float) -> str:
    """Return at most three digits, for more are noise: "0.04", "4.6", "61.3", "214"."""
    if 0 < tps < 1:  # a tenth would say of a slow machine that it stands still
        return f"{tps:.2f}"
    return f"{tps:.1f}" if tps < 100 else f"{tps:.0f}"


def length(tokens: float) -> str:
    return f"{tokens:.2f}"


def count(number: int) -> str:
    """Return 1204 as "1 204", with a thin space."""
    return f"{number:,}".replace(",", _THIN_SPACE)


def percent(share: float) -> str:
    return f"{percents(share)} %"


def percents(share: float) -> str:
    """Return whole percents; 100 means all and 0 means none, so neither is rounded to."""
    whole = round(100 * share)
    return f"{min(max(whole, 1), 99) if 0 < share < 1 else whole}"


def seconds(duration: float) -> str:
    """Return a time such as "0.21 s", "12.3 s" or "1 min 15 s"."""
    if duration < 10:
        return f"{duration:.2f} s"
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"


def memory(size: float) -> str:
    """Return bytes as gigabytes of 10^9 bytes, the unit of memory everywhere."""
    return f"{size / _GB:.2f} GB"


def whole_memory(size: float) -> str:
    """Return a machine's memory without decimals: "24 GB"."""
    return f"{size / _GB:.0f} GB"


def margin(value: float) -> str:
    return f"{value:.3g}"


def yes_or_no(value: object) -> str:
    return "yes" if value else "no"


def prompt(name: str | None, context_tokens: int | None) -> str:
    """Return a prompt's id, with the length of the context before it."""
    context = f", after {count(context_tokens)}" if context_tokens else ""
    return f"{name or NONE}{context}"


def category(value: str | None) -> str:
    return "all" if value is None else value


def spread(low: float | None, high: float | None) -> str:
    """Return an interval of 95 %, or "" where there is none."""
    return "" if low is None or high is None else between(low, high)


def between(low: float, high: float) -> str:
    """Return an interval; of two runs each its upper end may be any number."""
    return f"{low:.2f} to {high:.2f}" if high < _MOST_SHOWN else f"{low:.2f} to {_MOST_SHOWN}+"


def line(text: str) -> str:
    """Return one line without control characters, which could steer a terminal or break XML."""
    return " ".join("".join(" " if _is_unshown(c) else c for c in text).split())


def whole(text: str) -> str:
    """Return a text with its lines, tabs and blanks, but without what `line` leaves out."""
    return "".join(c for c in text if c in "\n\t" or not _is_unshown(c))


def _is_unshown(char: str) -> bool:
    return ord(char) in TURNS or unicodedata.category(char) in _UNSHOWN


def shortened(text: str, most: int) -> str:
    """Return one line of at most `most` characters, cut with an ellipsis."""
    whole = line(text)
    return whole if len(whole) <= most else whole[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its value, ready to be shown."""

    name: str
    value: str


def pair_facts(pair: Pair) -> Sequence[Fact]:
    """Return the facts of a pair, without those of a drafter where it has none."""
    facts = all_pair_facts(pair)
    if pair.drafter is not None:
        return facts
    return [fact for fact in facts if not fact.name.startswith("Drafter ")]


def all_pair_facts(pair: Pair) -> Sequence[Fact]:
    """Return the facts of a pair, with the same names for every pair."""
    facts = _facts(pair, NOT_MEASURED)
    if pair.drafter is not None:
        return facts
    return [Fact(fact.name, "none") if fact.name == "Drafter" else fact for fact in facts]


def settings_facts(settings: Settings) -> Sequence[Fact]:
    """Return the sampling, then the other settings; a dash where one does not apply."""
    sampling = [
        Fact(f"Sampling {fact.name.lower()}", fact.value)
        for fact in _named(msgspec.to_builtins(settings.sampling), NONE)
    ]
    return [*sampling, *(fact for fact in _facts(settings, NONE) if fact.name != "Sampling")]


def environment_facts(report: Report) -> Sequence[Fact]:
    made = Fact("Made", measured(str)(report.created))
    return [made, *_facts(report.environment, NOT_MEASURED)]


def label(field: str) -> str:
    """Return the name under which a field of the document is shown."""
    return _LABELS.get(field) or field.replace("_", " ").capitalize()


def _facts(part: Environment | Pair | Settings, missing: str) -> list[Fact]:
    return _named({name: getattr(part, name) for name in part.__struct_fields__}, missing)


def _named(values: dict[str, object], missing: str) -> list[Fact]:
    return [
        Fact(label(name), missing if value is None else _shown(name, value))
        for name, value in values.items()
    ]


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return yes_or_no(value)
    return _SHOWN.get(name, str)(value)


def _modes(modes: Iterable[Mode]) -> str:
    return ", ".join(map(mode, modes))


def _lengths(tokens: Iterable[int]) -> str:
    return f"{', '.join(map(count, tokens))} tokens"


def _switches(turns: Iterable[Switch]) -> str:
    return "; ".join(f"{mode(turn.mtp)} from {turn.at_s:.2f} s" for turn in turns) or "no"


def _biases(pairs: Iterable[Sequence[float]]) -> str:
    return "; ".join(f"{bias:+g} for token {token}" for token, bias in pairs) or "none"


_LABELS = {
    "mtp": "MTP at the start",
    "switches": "MTP switched",
    "os": "System",
    "mlx": "MLX",
    "mlx_lm": "mlx-lm",
    "target_bytes": "Target size",
    "drafter_bytes": "Drafter size",
    "memory_bytes": "Memory",
    "target_sha256": "Target SHA-256",
    "drafter_sha256": "Drafter SHA-256",
    "gpu_cores": "GPU cores",
    "cpu": "CPU",
    "cpu_cores": "CPU cores",
    "suite_sha256": "Suite SHA-256",
    "plan_sha256": "Plan SHA-256",
    "context_tokens": "Context before the prompt",
    "context_sha256": "Context SHA-256",
    "cooldown_s": "Cool-down",
}
_SHOWN: dict[str, Show] = {
    "mtp": mode,
    "modes": _modes,
    "switches": _switches,
    "logit_bias": _biases,
    "cooldown_s": seconds,
    "context_tokens": _lengths,
    "target_bytes": memory,
    "drafter_bytes": memory,
    "memory_bytes": memory,
}
