"""mlx-lm's model files, without the rest of mlx-lm."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def mlx_lm_model(architecture: str) -> ModuleType:
    """Import `mlx_lm.models.<architecture>`, such as "gemma4_text".

    Importing the `mlx_lm` package runs an `__init__` that imports transformers, which costs every
    worker a second; the model files alone cost a tenth of that. So they are imported beneath an
    empty stand-in for the package, which is removed again: a later `import mlx_lm` finds the real
    package, and where that is imported already it is used.

    Raises ModuleNotFoundError where mlx-lm or the architecture is missing.
    """
    name = f"mlx_lm.models.{architecture}"
    if "mlx_lm" in sys.modules:
        return import_module(name)
    spec = find_spec("mlx_lm")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("mlx-lm is not installed", name="mlx_lm")
    stand_in = ModuleType("mlx_lm")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["mlx_lm"] = stand_in
    try:
        return import_module(name)
    finally:
        del sys.modules["mlx_lm"]
