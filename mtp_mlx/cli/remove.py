"""`mtp-mlx models remove`: delete a model from the Hub's cache, after asking."""

from __future__ import annotations

import click
import msgspec

from mtp_mlx.cli.places import short, size
from mtp_mlx.hub.own_folders import own_folders
from mtp_mlx.hub.places import inventory
from mtp_mlx.hub.removal import Removal, plan_removal
from mtp_mlx.hub.removal import remove as carry_out
from mtp_mlx.printable import json_line, printable


@click.command("remove", short_help="Delete a model from the Hub's cache.")
@click.argument("model", metavar="MODEL")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and do not ask.")
def remove(model: str, yes: bool, as_json: bool) -> None:
    """Delete a model from the Hub's cache, which other programs share.

    A conversion that lies in this program's own folder, or is not finished, can be deleted too.
    Nothing is deleted in the folders of other programs or in your own. With --json and without
    --yes nothing at all is deleted: the object says what would be.
    """
    removal = plan_removal(model, inventory(own_folders()).places)
    if as_json:
        if yes:
            carry_out(removal)
        click.echo(json_line(msgspec.to_builtins(removal) | {"removed": yes}))
        return
    for line in _lines(removal):
        click.echo(printable(line))
    if not yes:
        click.confirm("Remove it?", abort=True)
    carry_out(removal)
    click.echo(printable(f"Removed, {size(removal.freed_bytes)} are free again."))


def _lines(removal: Removal) -> list[str]:
    lines = [
        f"{removal.repository}: {size(removal.freed_bytes)} in {short(removal.folder)}",
        *(f"A copy stays in {short(path)}." for path in removal.copies),
    ]
    if removal.is_loaded:
        lines.append("A running MTP MLX has loaded it, and can use it until it unloads it.")
    if removal.readers:
        lines.append(f"Files of it are open in {', '.join(removal.readers)}.")
    return lines
