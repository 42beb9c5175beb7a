"""`python -m mtp_mlx` and the `mtp-mlx` command."""

from __future__ import annotations

import sys


def main() -> int:
    from mtp_mlx.cli.main import run
    from mtp_mlx.files import open_standard_files

    open_standard_files()
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
