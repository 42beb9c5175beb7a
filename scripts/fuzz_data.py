"""Start the real window over damaged data, again and again, and say what went wrong.

    QT_QPA_PLATFORM=offscreen .venv/bin/python -m scripts.fuzz_data --databases 2000 --settings 500

`tests/app/damage.py` says what a case is and what is looked for. A case is named by its number:
`--only N` runs it alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.app.damage import campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=100)
    parser.add_argument("--settings", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(
            Path(folder), options.databases, options.settings, options.seed, options.only, print
        )
    print(
        f"{found.cases} cases, {found.told} of them told, {len(found.faults)} faults,"
        f" {1000 * found.seconds / max(1, found.cases):.0f} ms a case"
    )
    return bool(found.faults)


if __name__ == "__main__":
    sys.exit(main())
