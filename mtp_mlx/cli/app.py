"""`mtp-mlx app`: the window."""

from __future__ import annotations

import click

from mtp_mlx.errors import MtpMlxError

QT_PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1"


@click.command("app", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Open the window."""
    try:
        from app.__main__ import main

        return main(list(arguments))
    except ImportError as error:
        raise MtpMlxError(
            f"The window's libraries are missing: {error}.",
            f"On Debian or Ubuntu install {QT_PACKAGES}, or use `mtp-mlx chat`.",
        ) from error
