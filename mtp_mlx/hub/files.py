"""The weight files a checkpoint's folder should hold."""

from __future__ import annotations

import json
from pathlib import Path

INDEX = "model.safetensors.index.json"


def weight_names(folder: Path) -> list[str]:
    """The names in the index, else the safetensors files there; empty where there are none.

    A damaged index lists nothing: such a folder is not complete.
    """
    index = folder / INDEX
    if not index.is_file():
        return sorted(file.name for file in folder.glob("*.safetensors"))
    try:
        weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return sorted({str(name) for name in weight_map.values()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
