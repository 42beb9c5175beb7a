"""The root command; every error becomes one line and an exit code here."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import cast

import click

from mtp_mlx import __version__
from mtp_mlx.errors import MtpMlxError, UsageError
from mtp_mlx.files import brief
from mtp_mlx.printable import printable

DONE, FAILED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130
TRACEBACK = "MTP_MLX_TRACEBACK"
"""Set this variable to see the traceback of an unexpected error."""

QT_PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1"

COMMANDS = {
    "app": "Open the window.",
    "chat": "Talk with the model in the terminal.",
    "generate": "Write one reply and end.",
    "bench": "Measure plain decoding against MTP, interleaved.",
    "report": "Show, export, compare or list speed reports.",
    "calibrate": "Measure what verifying and drafting cost here.",
    "models": "Show the pairs this program knows and which are on this disk.",
    "doctor": "Show the versions, the device, and what is slow here and why.",
    "worker": "Serve the window: JSON lines on stdin and stdout.",
}


class LazyGroup(click.Group):
    """Lists its commands without importing them, so that `--help` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mtp_mlx.cli.{cmd_name}")
        return cast("click.Command", module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mtp-mlx")
def root() -> None:
    """Gemma 4 with multi-token prediction: the same text, sooner.

    Without --target the small built-in pair is used.
    """


@root.command("app", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def open_window(arguments: tuple[str, ...]) -> int:
    """Open the window."""
    try:
        from app.__main__ import main

        return main(list(arguments))
    except ImportError as error:
        raise MtpMlxError(
            f"The window's libraries are missing: {error}.",
            f"On Debian or Ubuntu install {QT_PACKAGES}, or use `mtp-mlx chat`.",
        ) from error


@root.command("worker")
def be_worker() -> int:
    """Serve the window: one JSON message a line on stdin, events on stdout."""
    from mtp_mlx.transport.lines import main

    return main()


@root.command("reader", hidden=True)
def be_reader() -> int:
    """Serve a worker whose model comes from a stranger: prompts and texts."""
    from mtp_mlx.text.reader import main

    return main()


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Raises nothing."""
    _read_and_write_utf8()
    if any(_is_broken(argument) for argument in arguments):
        return _tell("An argument is not UTF-8 text. Convert it first.", BAD_USAGE)
    try:
        with root.make_context("mtp-mlx", list(arguments) or ["--help"]) as ctx:
            result = root.invoke(ctx)
        sys.stdout.flush()
    except click.exceptions.Exit as done:  # raised by --help and --version
        return done.exit_code
    except SystemExit as done:  # the window reads its own arguments, with argparse
        return done.code if isinstance(done.code, int) else DONE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the seam: no tracebacks
        return _tell(_message(error), _code(error))
    return result if isinstance(result, int) else DONE


def _code(error: BaseException) -> int:
    match error:
        case UsageError() | click.UsageError():
            return BAD_USAGE
        case KeyboardInterrupt() | click.Abort():
            return INTERRUPTED
        case BrokenPipeError():
            _forget_stdout()
    return FAILED


def _message(error: BaseException) -> str:
    """Return a sentence about the error, and its remedy."""
    match error:
        case MtpMlxError():
            return str(error)
        case click.UsageError():
            path = "mtp-mlx" if error.ctx is None else error.ctx.command_path
            return f"{error.format_message()} See `{path} --help`."
        case click.ClickException():
            return error.format_message()
        case KeyboardInterrupt() | click.Abort():
            return "Interrupted."
        case BrokenPipeError():
            return "The reader of the output went away. Read it to its end."
    return _surprise(error)


def _surprise(error: BaseException) -> str:
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    return (
        f"Unexpected {type(error).__name__}: {brief(error)}. This is a mistake in the program: set "
        f"{TRACEBACK}=1 to see where, and report it."
    )


def _tell(message: str, code: int) -> int:
    with contextlib.suppress(OSError):
        print(f"mtp-mlx: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)
    return code


def _is_broken(argument: str) -> bool:
    """Tell whether the system handed over bytes that are no UTF-8: Python keeps them as halves."""
    return any("\ud800" <= character <= "\udfff" for character in argument)


def _read_and_write_utf8() -> None:
    """Let print replace what the terminal cannot show by question marks; read UTF-8 alone."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _forget_stdout() -> None:
    """Redirect stdout to nowhere: Python flushes it at exit and would raise a second time."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
