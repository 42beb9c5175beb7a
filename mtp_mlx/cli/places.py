"""`mtp-mlx models places`, `add` and `forget`: what lies on this disk, and where to look for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from mtp_mlx.hub.local_model import LocalModel
from mtp_mlx.hub.matching import DrafterChoice, Merit, Pairing
from mtp_mlx.hub.own_folders import add_folder, forget_folder, own_folders
from mtp_mlx.hub.places import Inventory, Place, inventory
from mtp_mlx.printable import json_line, printable

GB = 10**9

_MERITS: dict[Merit, str] = {
    "published": "published for it",
    "beside": "lies beside it",
    "trained-alike": "trained alike",
    "published-for-shape": "published for its shape",
    "unpacked": "not quantised",
}


@click.command("places", short_help="List the models on this disk, of all programs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def places(as_json: bool) -> None:
    """List the models on this disk: in the Hub's cache, of other programs, in your folders.

    It fetches and changes nothing. --target and --drafter take the folder of each usable model.
    """
    found = inventory(own_folders())
    click.echo(json_line(found) if as_json else printable("\n".join(_lines(found))))


@click.command("add")
@click.argument("folder", metavar="DIR")
def add(folder: str) -> None:
    """Look for models in this folder of yours too, from now on."""
    click.echo(printable(f"Models are listed from {add_folder(folder)} too."))


@click.command("forget")
@click.argument("folder", metavar="DIR")
def forget(folder: str) -> None:
    """Stop looking for models in a folder of yours; its files stay."""
    click.echo(printable(f"Models are not listed from {forget_folder(folder)} any more."))


def _lines(found: Inventory) -> Iterator[str]:
    drafters = {pairing.target.path: pairing for pairing in found.pairings}
    for place in found.places:
        yield f"{place.title}: {short(place.path)}{_remark(place)}"
        for model in place.models:
            yield from (f"  {line}" for line in _model(model, drafters.get(model.path)))
        yield ""
    if not found.places:
        yield from ("No program keeps models in a folder known here.", "")
    yield "`mtp-mlx models add DIR` adds a folder of yours."


def _remark(place: Place) -> str:
    if place.state == "not-connected":
        return " (not connected)"
    if place.problem is not None:
        return f" ({place.problem.rstrip('.')})"
    if not place.models:
        return " (no models)"
    partial = ", and more that was not looked at" if place.is_partial else ""
    return f" ({size(place.size_bytes)}{partial})"


def _model(model: LocalModel, pairing: Pairing | None) -> Iterator[str]:
    """Yield a line about a model, one with its folder, and one with its drafter or its trouble."""
    words = [model.part or "other", model.title, model.precision, size(model.size_bytes)]
    yield f"{model.name}: {', '.join(word for word in words if word)}"
    if model.problem is not None:
        yield f"    {model.state}: {model.problem} {model.remedy}"
        return
    yield f"    {short(model.path)}"
    if model.lacks:
        yield f"    without {' and '.join(model.lacks)}"
    if pairing is not None:
        yield f"    {_drafters(pairing)}"


def _drafters(pairing: Pairing) -> str:
    if not pairing.drafters:
        known = f"; {pairing.published} is its own" if pairing.published else ""
        return f"no drafter on this disk{known}"
    return f"drafter: {'; or '.join(map(_choice, pairing.drafters))}"


def _choice(choice: DrafterChoice) -> str:
    merits = ", ".join(_MERITS[merit] for merit in choice.merits)
    return f"{choice.model.name} ({merits})" if merits else choice.model.name


def size(number: int) -> str:
    """Return a number of bytes in the unit that suits it, as the Finder counts."""
    if number >= GB // 10:
        return f"{number / GB:.1f} GB"
    return f"{number / 10**6:.1f} MB"


def short(path: str) -> str:
    """Return a path with the user's home as `~`."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if path.startswith(f"{home}{os.sep}") else path
