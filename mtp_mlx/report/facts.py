"""Pair, settings and environment as facts with a name each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from mtp_mlx.report import words
from mtp_mlx.report.model import Environment, Pair, Report, Settings, Switch
from mtp_mlx.report.words import NONE, Show, measured

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
    "cooldown_s": "Cool-down",
}


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str


def pair(known: Pair) -> Sequence[Fact]:
    """Of a drafter that there is none of, nothing is unmeasured."""
    told = all_of_pair(known)
    return told if known.drafter is not None else [f for f in told if not _describes_drafter(f)]


def all_of_pair(known: Pair) -> Sequence[Fact]:
    named = _facts(known, words.NOT_MEASURED)
    none = known.drafter is None
    return [Fact(f.name, "none") if none and f.name == "Drafter" else f for f in named]


def _describes_drafter(fact: Fact) -> bool:
    return fact.name.startswith("Drafter ")


def settings(known: Settings) -> Sequence[Fact]:
    """What is absent does not apply."""
    law = [
        Fact(f"Sampling {fact.name.lower()}", fact.value)
        for fact in _named(msgspec.to_builtins(known.sampling), NONE)
    ]
    return [*law, *(fact for fact in _facts(known, NONE) if fact.name != "Sampling")]


def environment(report: Report) -> Sequence[Fact]:
    created = measured(str)(report.created)
    return [Fact("Made", created), *_facts(report.environment, words.NOT_MEASURED)]


def label(name: str) -> str:
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def _facts(known: Environment | Pair | Settings, missing: str) -> list[Fact]:
    return _named({name: getattr(known, name) for name in known.__struct_fields__}, missing)


def _named(known: dict[str, object], missing: str) -> list[Fact]:
    return [
        Fact(label(name), missing if value is None else _shown(name, value))
        for name, value in known.items()
    ]


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return words.yes_or_no(value)
    return _SHOWN.get(name, str)(value)


def _switches(turns: Iterable[Switch]) -> str:
    return "; ".join(f"{words.mode(turn.mtp)} from {turn.at_s:.2f} s" for turn in turns) or "no"


def _biases(pairs: Iterable[Sequence[float]]) -> str:
    return "; ".join(f"{bias:+g} for token {token}" for token, bias in pairs) or "none"


_SHOWN: dict[str, Show] = {
    "mtp": words.mode,
    "modes": lambda modes: ", ".join(map(words.mode, modes)),
    "switches": _switches,
    "logit_bias": _biases,
    "cooldown_s": words.seconds,
    "target_bytes": words.memory,
    "drafter_bytes": words.memory,
    "memory_bytes": words.memory,
}
