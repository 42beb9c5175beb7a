"""`mtp-mlx app`: the window."""

from __future__ import annotations

import os
import sys

import click

from mtp_mlx.errors import MtpMlxError

QT_PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1"


@click.command("app", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Open the window."""
    check_display()
    try:
        from app.__main__ import main
    except ImportError as error:
        raise MtpMlxError(
            f"The window's libraries are missing: {error}.",
            f"On Debian or Ubuntu install {QT_PACKAGES}, or use `mtp-mlx chat`.",
        ) from error
    return main(["mtp-mlx", *arguments])


def check_display() -> None:
    """Raises MtpMlxError where no window can be shown."""
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform == "linux" and not shown:
        raise MtpMlxError(
            "There is no display to open a window on.",
            "Talk in the terminal instead: `scripts/run chat` (or `mtp-mlx chat`).",
        )
