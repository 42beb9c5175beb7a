"""Small files: written whole or not at all, read as JSON or refused."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtp_mlx.errors import DamagedModel

_READ_AND_WRITE = 0o666


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, making its folder.

    After a crash the file holds its old content or all of the new. Nobody may read it who may not
    read its folder. Raises OSError, after which no temporary file is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    mode = path.parent.stat().st_mode & _READ_AND_WRITE
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:  # noqa: PTH123  (a mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_object(file: Path) -> Mapping[str, Any]:
    """Return the JSON object in a checkpoint's file; empty where there is no such file.

    Raises DamagedModel.
    """
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
    """Return the error for a file that is there and cannot be used; `why` is cut to one line."""
    reason = " ".join(why.split()).rstrip(".")[:200]
    return DamagedModel(
        f"{file.name} cannot be read: {reason}.",
        "Download the model again.",
    )
