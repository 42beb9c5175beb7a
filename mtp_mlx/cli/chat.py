"""`mtp-mlx chat`: a conversation in the terminal; lines from a pipe work as well."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from mtp_mlx.cli.dialogue import Dialogue
from mtp_mlx.cli.footer import dim
from mtp_mlx.cli.loading import load
from mtp_mlx.cli.options import Options, engine_options

if TYPE_CHECKING:
    from mtp_mlx.engine import Engine

PROMPT = "> "


@click.command("chat", short_help="Talk with the model in the terminal.")
@engine_options
def command(options: Options) -> int:
    """Talk with the model. /help lists the commands."""
    engine = load(options.load())
    _greet(engine)
    dialogue = Dialogue(engine, options, mtp=options.mtp, system=options.system)
    while (line := _read_line()) is not None:
        dialogue.take(line.strip())
    return 0


def _greet(engine: Engine) -> None:
    if sys.stdin.isatty():
        drafter = engine.pair.drafter or f"no drafter ({engine.pair.no_drafter_reason})"
        print(dim(f"{engine.pair.target} with {drafter}. /help for commands, Ctrl-D to leave."))


def _read_line() -> str | None:
    """The next line; None at its end. Ctrl-C gives up the line, not the chat."""
    if not sys.stdin.isatty():
        return sys.stdin.readline() or None
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - editing and history for input()
    try:
        return input(PROMPT)
    except KeyboardInterrupt:
        print()
        return ""
    except EOFError:
        print()
        return None
