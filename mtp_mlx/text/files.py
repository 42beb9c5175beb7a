"""Reading the small JSON files that lie beside a checkpoint's weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtp_mlx.errors import DamagedModel


def read_object(file: Path) -> Mapping[str, Any]:
    """The JSON object in a file; empty where there is no such file. Raises DamagedModel."""
    if not file.is_file():
        return {}
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file, str(error)) from error
    if not isinstance(value, dict):
        raise damaged(file, "it holds no JSON object")
    return value


def damaged(file: Path, why: str) -> DamagedModel:
    """The error for a file that is there and cannot be used; `why` is cut to one line."""
    reason = " ".join(why.split()).rstrip(".")[:200]
    return DamagedModel(
        f"{file.name} cannot be read: {reason}.",
        "Download the model again.",
    )
