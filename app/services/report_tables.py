"""Markdown tables of a report: null is "not measured", in every column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.domain import figures

NOT_MEASURED = "not measured"
NONE = "\N{EN DASH}"
_GIB = 1024**3
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
    "cooldown_s": "Cool-down",
}

Cell = Callable[[Any], str]
Column = tuple[str, str, Cell]
"""Head, name in the document, how to show it."""


def plain(value: object) -> str:
    """One line, and no character that Markdown would read as its own."""
    text = " ".join(str(value).split())
    return "".join("\\" + c if c in "\\`*_[]<>|#~" else c for c in text)


def measured(show: Cell) -> Cell:
    return lambda value: NOT_MEASURED if value is None else show(value)


def present(show: Cell) -> Cell:
    return lambda value: NONE if value is None else show(value)


def mode(value: object) -> str:
    return f"K {value}" if isinstance(value, int) else plain(value)


def yes_or_no(value: object) -> str:
    return "yes" if value else "no"


anything = measured(plain)
rate = measured(figures.rate)
length = measured(figures.tau)
times = measured(figures.times)
percent = measured(figures.percent)
seconds = measured(figures.seconds)
memory = measured(lambda value: f"{value / _GIB:.2f} GiB")


def table(columns: Sequence[Column], rows: Iterable[dict[str, Any]]) -> str:
    body = ([show(item.get(key)) for _, key, show in columns] for item in rows)
    return grid([name for name, _, _ in columns], body)


def grid(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    return "\n".join(row(cells) for cells in (head, ["---"] * len(head), *body))


def row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def facts(values: dict[str, Any], missing: str = NOT_MEASURED) -> str:
    """A line a fact; those of an object inside are named after both."""
    lines = list[tuple[str, str]]()
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [(label(f"{name} {key}"), fact(key, item)) for key, item in value.items()]
        else:
            lines.append((label(name), missing if value is None else fact(name, value)))
    return grid(("", ""), lines)


def label(name: str) -> str:
    return _LABELS.get(name) or plain(name.replace("_", " ").capitalize())


def fact(name: str, value: object) -> str:
    if isinstance(value, bool):
        return yes_or_no(value)
    return _SHOWN.get(name, plain)(value)


def switches(value: Iterable[dict[str, Any]]) -> str:
    return "; ".join(f"{mode(item['mtp'])} from {item['at_s']:.2f} s" for item in value) or "no"


def biases(value: Iterable[tuple[int, float]]) -> str:
    return "; ".join(f"{bias:+g} for token {token}" for token, bias in value) or "none"


_SHOWN: dict[str, Cell] = {
    "mtp": mode,
    "switches": switches,
    "logit_bias": biases,
    "cooldown_s": seconds,
    "target_bytes": memory,
    "drafter_bytes": memory,
    "memory_bytes": memory,
}
