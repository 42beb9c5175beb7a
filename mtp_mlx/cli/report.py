"""`mtp-mlx report`: print reports, export them in other formats, compare two, list a folder's."""

from __future__ import annotations

from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from mtp_mlx.printable import printable
from mtp_mlx.report.model import Paper

if TYPE_CHECKING:
    from mtp_mlx.report.folder import SortKey

_FILE = click.Path(path_type=Path)


@click.group(
    "report",
    short_help="Show, export, compare or list speed reports.",
    no_args_is_help=False,  # an error is one line here, and this would be one
)
def command() -> None:
    """Show, export, compare or list the reports that `bench --out` and the window save."""


@command.command("show", short_help="Print a report.")
@click.argument("file", type=_FILE)
def show(file: Path) -> int:
    """Print a report: its verdict, its tables, and how and on what it was measured."""
    from mtp_mlx.report import terminal
    from mtp_mlx.report.saving import load

    print(printable(terminal.report(load(file))))
    return 0


@command.command("export", short_help="Save a report as .csv, .md, .html, .txt, .pdf or .png.")
@click.argument("source", metavar="IN.json", type=_FILE)
@click.argument("target", metavar="OUT.EXT", type=_FILE)
@click.option(
    "--paper",
    type=click.Choice(["a4", "us-letter"]),
    help="The paper of a PDF. Default: that of your country.",
)
def export(source: Path, target: Path, paper: Paper | None) -> int:
    """Save a report as .json, .csv, .md, .html, .txt, .pdf or .png.

    .txt holds five lines that fit a message, .png a card to share.

    A file already there is replaced.
    """
    from mtp_mlx.report.saving import export

    export(source, target, paper)
    print(printable(f"Saved {target.name}."))
    return 0


@command.command("compare", short_help="Compare two reports: their differences and speeds.")
@click.argument("a", type=_FILE)
@click.argument("b", type=_FILE)
@click.argument("target", metavar="[OUT.EXT]", type=_FILE, required=False)
def compare(a: Path, b: Path, target: Path | None) -> int:
    """Show what differs between two reports, and the ratio of their speeds.

    A ratio is of two runs of the same prompt in the same repeat; the median of all ratios has an
    interval. Reports of different prompts, or one with replayed and one with real drafts, are not
    compared: the exit status is 1. With OUT.md, OUT.html or OUT.pdf the comparison is saved.
    """
    from mtp_mlx.report import terminal
    from mtp_mlx.report.comparing import side_by_side
    from mtp_mlx.report.saving import export_comparison, load

    first, second = load(a), load(b)
    if target is None:
        print(printable(terminal.comparison(first, second)))
    else:
        export_comparison(first, second, target)
        print(printable(f"Saved {target.name}."))
    return 1 if side_by_side(first, second).refusal else 0


@command.command("table", short_help="Show the reports of a folder in one table.")
@click.argument("folder", metavar="DIR", type=_FILE)
@click.argument("target", metavar="[OUT.EXT]", type=_FILE, required=False)
@click.option(
    "--sort",
    type=click.Choice(["date", "speed-up", "tokens/s", "machine", "pair"]),
    default="date",
    show_default=True,
    help="The newest, the greatest or the first by name stands on top.",
)
def table(folder: Path, target: Path | None, sort: SortKey) -> int:
    """Show all reports of a folder in one table: several machines, pairs, versions.

    A speed-up is a number only where a report's own page shows one. A file that is no report is
    named under the table. With OUT.md, OUT.csv or OUT.html the table is saved.
    """
    from mtp_mlx.report import folder_table
    from mtp_mlx.report.folder import read

    if target is not None:
        folder_table.checked(target)
    found = read(folder, sort)
    if target is None:
        print(printable(folder_table.terminal(found, get_terminal_size().columns)))
    else:
        folder_table.save(found, target)
        print(printable(f"Saved {target.name}."))
    return 0 if found.entries else 1
