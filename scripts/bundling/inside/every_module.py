"""Import every module of the program: `python3 every_module.py BUNDLE`, run by a bundle's Python.

Exits with 0, or with a line for each module that cannot be imported, and for each folder outside
of the bundle in which Python would look for modules.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

PACKAGES = ("mtp_mlx", "app")
_THIS = ("__main__", "__mp_main__")  # names of this file


def main() -> None:
    bundle = Path(sys.argv[1]).resolve()
    del sys.path[0]  # the folder of this file
    faults = [
        f"Python looks for modules in {path}."
        for path in sys.path
        if not Path(path).resolve().is_relative_to(bundle)
    ]
    count = 0
    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):
                count += 1
                try:
                    importlib.import_module(module.name)
                except ImportError as error:
                    faults.append(f"{module.name} cannot be imported: {error}.")
    strangers = {name for name, module in sys.modules.items() if _is_strange(module, bundle)}
    faults += [
        f"{name} is not the bundle's own."
        for name in sorted(strangers - {"__main__", "__mp_main__"})
    ]
    if faults:
        sys.exit("\n".join(faults))
    print(f"{count} modules")


def _is_strange(module: ModuleType, bundle: Path) -> bool:
    """Whether a module was read from a file elsewhere; PySide6 has modules in its libraries."""
    file = Path(module.__dict__.get("__file__") or "")
    return file.is_file() and not file.resolve().is_relative_to(bundle)


if __name__ == "__main__":
    main()
