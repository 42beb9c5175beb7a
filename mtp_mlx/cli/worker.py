"""`mtp-mlx worker`: the process the window talks to."""

from __future__ import annotations

import click


@click.command("worker")
def command() -> int:
    """Serve the window: one JSON message a line on stdin, events on stdout."""
    from mtp_mlx.transport.lines import main

    return main()
