"""`mtp-mlx models`: the pairs this program knows, and which are on this disk."""

from __future__ import annotations

import click

from mtp_mlx.families import PAIRS, pair_of
from mtp_mlx.families.base import Conversion, KnownPair
from mtp_mlx.hub.cache import CachedModel, cached_models
from mtp_mlx.printable import json_line, printable

GB = 10**9
ON_DISK, CUT = "on this disk", "download not finished"


@click.group("models", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the pairs this program knows and which are on this disk."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_models, as_json=False)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_models(as_json: bool) -> None:
    """List the pairs; a repository named here can be given to --target."""
    cached = {model.repository: model for model in cached_models()}
    if as_json:
        click.echo(json_line(as_object(cached)))
    else:
        click.echo(printable("\n".join(as_lines(cached))))


def as_lines(cached: dict[str, CachedModel]) -> list[str]:
    """Return a block of lines for each pair: its conversions, its drafter, and their states."""
    lines = ["built-in (demo): always there"]
    for pair in PAIRS:
        lines += ["", pair.title]
        lines += [_line("target", entry, cached) for entry in _targets(pair, cached)]
        lines += [_line("drafter", entry, cached) for entry in pair.drafters]
    return lines


def as_object(cached: dict[str, CachedModel]) -> dict[str, object]:
    """Return the content of `as_lines` as plain values."""
    return {
        "pairs": [
            {
                "name": pair.name,
                "targets": [_values(entry, cached) for entry in _targets(pair, cached)],
                "drafters": [_values(entry, cached) for entry in pair.drafters],
            }
            for pair in PAIRS
        ]
    }


def _targets(pair: KnownPair, cached: dict[str, CachedModel]) -> list[Conversion]:
    """Return the conversions of the catalogue and others of this pair that the cache holds."""
    listed = {entry.repository for entry in pair.targets}
    others = [
        Conversion(repository=name, precision="other", size_bytes=model.size_bytes)
        for name, model in cached.items()
        if name not in listed and pair_of(name) is pair
    ]
    return [*pair.targets, *others]


def _line(part: str, entry: Conversion, cached: dict[str, CachedModel]) -> str:
    size = "size unknown" if entry.size_bytes is None else f"{entry.size_bytes / GB:.1f} GB"
    state = _state(entry, cached)
    mark = f"  [{state}]" if state else ""
    return f"  {part:8} {entry.repository:42} {entry.precision:6} {size:>12}{mark}"


def _state(entry: Conversion, cached: dict[str, CachedModel]) -> str | None:
    model = cached.get(entry.repository)
    if model is None:
        return None
    return ON_DISK if model.complete else CUT


def _values(entry: Conversion, cached: dict[str, CachedModel]) -> dict[str, object]:
    return {
        "repository": entry.repository,
        "precision": entry.precision,
        "size_bytes": entry.size_bytes,
        "state": _state(entry, cached),
    }
