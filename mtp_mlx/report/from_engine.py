"""What the engine tells of itself, as a report states it: without paths, which may name people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

import msgspec

from mtp_mlx.api import PairInfo, Stats
from mtp_mlx.report.model import Environment, Pair


def environment_of(values: Mapping[str, object]) -> Environment:
    """Return an environment of `values`; names that it has no field for are left out."""
    return msgspec.convert(dict(values), Environment)


def pair_of(info: PairInfo) -> Pair:
    return Pair(
        target=public_name(info.target),
        target_bytes=info.target_bytes,
        drafter=public_name(info.drafter) if info.drafter else None,
        drafter_bytes=info.drafter_bytes if info.drafter else None,
        quantization=info.quantization,
        context_length=info.context_length,
        sliding_window=info.sliding_window,
    )


def public_name(name: str) -> str:
    """Return a repository id as it is, and the last part of a folder's path.

    The other parts may carry a person's name.
    """
    path = PurePath(name.replace("\\", "/"))
    local = path.is_absolute() or name.startswith((".", "~")) or len(path.parts) > 2
    return (path.name or "a folder") if local or ":" in name else name


def numbers_of(stats: Stats | None) -> dict[str, Any]:
    """Return a run's numbers by name; all None where the engine ended before it had any."""
    return dict.fromkeys(Stats.__dataclass_fields__) if stats is None else asdict(stats)
