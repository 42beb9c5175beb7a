"""`mtp-mlx models`: the pairs this program knows, and which are on this disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from mtp_mlx.cli.convert import convert
from mtp_mlx.cli.fetch import fetch
from mtp_mlx.cli.fit import fit_command
from mtp_mlx.cli.places import add, forget, places, short, size
from mtp_mlx.cli.remove import remove
from mtp_mlx.families import PAIRS, drafter_for, pair_of
from mtp_mlx.families.base import Conversion, KnownPair, Part
from mtp_mlx.hub.conversions import unfinished
from mtp_mlx.hub.local_model import LocalModel, State
from mtp_mlx.hub.own_folders import own_folders
from mtp_mlx.hub.places import Inventory, inventory
from mtp_mlx.paths import models_folder
from mtp_mlx.printable import json_line, printable

_STATES: dict[State, str] = {
    "usable": "on this disk",
    "incomplete": "download not finished",
    "damaged": "damaged",
    "unsupported": "not usable",
}


@click.group("models", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the pairs this program knows and which are on this disk."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_models, as_json=False)


for other in (add, convert, fetch, fit_command, forget, places, remove):
    command.add_command(other)


@command.command("list", short_help="List the pairs, and which are on this disk.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_models(as_json: bool) -> None:
    """List the pairs, and which are on this disk.

    --target takes each repository and each folder of the list.
    """
    found = inventory(own_folders())
    shown = json_line(as_object(found)) if as_json else printable("\n".join(as_lines(found)))
    click.echo(shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model of a pair: one of the catalogue, one on this disk, or both."""

    part: Part
    listed: Conversion | None = None
    model: LocalModel | None = None

    @property
    def name(self) -> str:
        return self.listed.repository if self.listed else self._local.name

    @property
    def precision(self) -> str:
        return self.listed.label if self.listed else self._local.precision or "?"

    @property
    def size_bytes(self) -> int | None:
        """Return the bytes on this disk where they are whole, else those of the catalogue."""
        if self.model is not None and self.model.is_usable:
            return self.model.size_bytes
        return self.listed.size_bytes if self.listed else self._local.size_bytes

    @property
    def missing_bytes(self) -> int | None:
        """Return the bytes that a fetch has to bring; None where the catalogue lacks the size."""
        if self.model is not None and self.model.is_usable:
            return 0
        size = self.listed.size_bytes if self.listed else None
        here = self.model.size_bytes if self.model and self.model.state == "incomplete" else 0
        return None if size is None else max(0, size - here)

    @property
    def state(self) -> str | None:
        return _STATES[self.model.state] if self.model else None

    @property
    def _local(self) -> LocalModel:
        assert self.model is not None
        return self.model


def entries(pair: KnownPair, part: Part, models: Sequence[LocalModel]) -> Iterator[Entry]:
    """Yield the conversions of the catalogue, then what else of this pair lies on the disk."""
    left = [model for model in models if _is_of(model, pair, part)]
    for listed in pair.targets if part == "target" else pair.drafters:
        copies = [model for model in models if model.name == listed.repository]
        best = min(copies, key=lambda model: not model.is_usable, default=None)
        left = [model for model in left if model is not best]
        yield Entry(part=part, listed=listed, model=best)
    for model in left:
        yield Entry(part=part, model=model)


def _is_of(model: LocalModel, pair: KnownPair, part: Part) -> bool:
    """Tell whether a model is of a pair; a download without its config.json has only a name."""
    if model.part is None:
        return part == "target" and model.state == "incomplete" and pair_of(model.name) is pair
    return model.part == part and model.title == pair.title


def as_lines(found: Inventory) -> Iterator[str]:
    """Yield a block of lines for each pair: its targets, its drafters, and their states."""
    models = [model for place in found.places for model in place.models]
    left = models
    yield "built-in (demo): always there"
    for pair in PAIRS:
        yield from ("", pair.title)
        for part in _PARTS:
            for entry in entries(pair, part, models):
                left = [model for model in left if model is not entry.model]
                yield from _lines(entry)
    yield from _others(left)
    yield from _begun()


def _begun() -> Iterator[str]:
    """Yield the conversions that were interrupted, and how to go on with each or remove it."""
    for one in unfinished(own_folders()):
        percent = 100 * one.done // max(1, one.total)
        state = "being made" if one.is_running else f"not finished: {percent} %"
        yield from ("", f"Conversion {one.name}: {state}", f"  {short(one.out)}")
        if not one.is_running:
            again = f"{short(one.source)} {short(one.out)} --bits {one.bits} --group {one.group}"
            yield f"  Go on with `mtp-mlx models convert {again}`"
            yield f"  or remove it with `mtp-mlx models remove {short(one.out)}`."


_PARTS: tuple[Part, ...] = ("target", "drafter")


def _others(models: Sequence[LocalModel]) -> Iterator[str]:
    """Yield the models that are of no known pair, and how many of them cannot be used."""
    others = [model for model in models if model.is_usable]
    if others:
        yield from ("", "Others on this disk")
    for model in others:
        yield from _lines(Entry(part=model.part or "target", model=model))
    unusable = len(models) - len(others)
    if unusable:
        yield ""
        yield f"{unusable} more cannot be used; `mtp-mlx models places` says why."


def _lines(entry: Entry) -> Iterator[str]:
    """Yield a line about a model, and one with its folder where only that can be loaded."""
    bytes_ = entry.size_bytes
    words = "size unknown" if bytes_ is None else size(bytes_)
    mark = f"  [{entry.state}]" if entry.state else ""
    yield f"  {entry.part:8} {entry.name:42} {entry.precision:6} {words:>12}{mark}"
    model = entry.model
    if model is not None and model.is_usable and model.owner != "hub":
        yield f"           {short(model.path)}"


def as_object(found: Inventory) -> dict[str, Any]:
    """Return the content of `as_lines`, the places and the pairings as plain values."""
    models = [model for place in found.places for model in place.models]
    pairs = [
        {"name": pair.name, "title": pair.title}
        | {f"{part}s": [_values(e) for e in entries(pair, part, models)] for part in _PARTS}
        for pair in PAIRS
    ]
    whole: dict[str, Any] = msgspec.to_builtins(found)
    begun = [msgspec.to_builtins(one) for one in unfinished(own_folders())]
    return {"pairs": pairs, "conversions": begun, "made_here": str(models_folder()), **whole}


def _values(entry: Entry) -> dict[str, object]:
    return {
        "repository": entry.listed.repository
        if entry.listed
        else entry.model and entry.model.repository,
        "name": entry.name,
        "precision": entry.precision,
        "size_bytes": entry.size_bytes,
        "missing_bytes": entry.missing_bytes,
        "drafter": drafter_for(entry.name) if entry.part == "target" else None,
        "state": entry.state,
        "path": entry.model and entry.model.path,
    }
