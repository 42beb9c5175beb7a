"""What makers of reports share: the bench and the window tell of pairs and replies alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import msgspec

from mtp_mlx.api import PairInfo, Stats
from mtp_mlx.report.model import Environment, Pair

_UNTOLD: dict[str, Any] = dict.fromkeys(Stats.__dataclass_fields__)


def environment(known: Mapping[str, object]) -> Environment:
    """Of the schema's fields those that are known; the rest was not measured."""
    return msgspec.convert(dict(known), Environment)


def pair(info: PairInfo) -> Pair:
    return Pair(
        target=public(info.target),
        target_bytes=info.target_bytes,
        drafter=public(info.drafter) if info.drafter else None,
        drafter_bytes=info.drafter_bytes if info.drafter else None,
        quantization=info.quantization,
        context_length=info.context_length,
        sliding_window=info.sliding_window,
    )


def pair_names(info: PairInfo) -> str:
    """For titles."""
    target = public(info.target)
    return f"{target} + {public(info.drafter)}" if info.drafter else f"{target}, no drafter"


def public(name: str) -> str:
    """A repository id as it is; of a folder its last part, for paths carry people's names."""
    path = PurePath(name.replace("\\", "/"))
    local = path.is_absolute() or name.startswith((".", "~")) or len(path.parts) > 2
    return (path.name or "a folder") if local or ":" in name else name


def measured(stats: Stats | None) -> dict[str, Any]:
    """A run's numbers by name; all None where the engine ended before it could say."""
    return _UNTOLD if stats is None else asdict(stats)


def now() -> str:
    """The time a report is made at, to the second, in UTC: no time zone tells where."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
