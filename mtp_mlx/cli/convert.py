"""`mtp-mlx models convert`: make a quantised copy of a model on this disk.

Ending the process pauses it, and a new start goes on where it was. With --json each line of stdout
is an object; the last one has the phase "done" or "failed".
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtp_mlx.activity import awake
from mtp_mlx.cli.places import short, size
from mtp_mlx.cli.terminal import ProgressLine
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.hub.cache import PREFIX, is_complete, repository_of
from mtp_mlx.hub.own_folders import add_folder, own_folders
from mtp_mlx.hub.places import inventory
from mtp_mlx.paths import models_folder
from mtp_mlx.printable import json_line, printable

if TYPE_CHECKING:
    from mtp_mlx.hub.progress import Progress, Status
    from mtp_mlx.loading.convert import Converted


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A conversion that was asked for."""

    source: Path
    out: Path
    bits: int
    group: int | None  # None: what suits the bits


@click.command("convert")
@click.argument("source", metavar="SOURCE")
@click.argument("out", metavar="[OUT]", required=False)
@click.option("--bits", type=click.Choice(["4", "8"]), default="4", show_default=True)
@click.option(
    "--group",
    type=click.Choice(["32", "64"]),
    help="Numbers that share a scale; 32 for 4 bits and 64 for 8 where it is left out.",
)
@click.option("--drafter", "with_drafter", is_flag=True, help="Convert its drafter too.")
@click.option("--plan", "plans", is_flag=True, help="Only tell what would be written, and where.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON objects, one a line.")
def convert(
    source: str,
    out: str | None,
    bits: str,
    group: str | None,
    with_drafter: bool,
    plans: bool,
    as_json: bool,
) -> None:
    """Make a copy of SOURCE with 4 or 8 bits a weight, which is smaller and faster.

    SOURCE is a folder, or a repository on this disk, with bf16, fp16 or fp32 weights: a target or a
    drafter. It stays as it is. The copy is written to the folder OUT, which must not exist yet, or
    to a folder of this program; `mtp-mlx models places` lists it. When this is stopped and started
    again, it goes on there.
    """
    if plans:
        planned = _planned(_orders(source, out, bits, group, with_drafter=with_drafter))
        click.echo(json_line(planned) if as_json else printable("\n".join(_of_plan(planned))))
        return
    if as_json:
        _as_json(lambda: _orders(source, out, bits, group, with_drafter=with_drafter))
        return
    orders = _orders(source, out, bits, group, with_drafter=with_drafter)
    with ProgressLine() as on_terminal:
        from mtp_mlx.hub.progress import line

        width = shutil.get_terminal_size().columns - 1
        made = _carry_out(orders, lambda status: on_terminal.show(line(status)[:width]))
    for converted in made:
        for sentence in _sentences(converted):
            click.echo(printable(sentence))


def _orders(
    source: str, out: str | None, bits: str, group: str | None, *, with_drafter: bool
) -> list[Order]:
    """Return what is to be done, the drafter first: it is small. Raises ModelNotFound.

    A drafter that was converted into its place by an earlier call is left out.
    """
    from mtp_mlx.hub.resolve import on_this_disk, unpacked_drafter

    def order(folder: Path, out: Path) -> Order:
        chosen = None if group is None else int(group)
        return Order(source=folder, out=out, bits=int(bits), group=chosen)

    target = on_this_disk(source)
    place = (
        Path(out).expanduser().absolute() if out else models_folder() / _name(target, bits, group)
    )
    orders = [order(target, place)]
    if with_drafter:
        drafter = unpacked_drafter(target)
        beside = place.with_name(_name(drafter, bits, group))
        if not is_complete(beside):
            orders.insert(0, order(drafter, beside))
    return orders


def _planned(orders: Sequence[Order]) -> dict[str, Any]:
    """Return what would be written, and the room that there is for it. Raises LoadError."""
    from mtp_mlx.hub.listing import RESERVE_BYTES, free_bytes
    from mtp_mlx.loading.conversion_place import check_place
    from mtp_mlx.loading.convert import plan

    models: list[dict[str, Any]] = []
    for order in orders:
        check_place(order.out)
        made = plan(order.source, bits=order.bits, group=order.group)
        models.append(
            {"name": order.out.name, "folder": str(order.out), "bits": order.bits} | asdict(made)
        )
    folder = orders[-1].out.parent
    size_bytes = sum(model["size_bytes"] for model in models)
    return {
        "name": orders[-1].out.name,
        "folder": str(folder),
        "size_bytes": size_bytes,
        "free_bytes": free_bytes(folder),
        "is_enough": free_bytes(folder) >= size_bytes + RESERVE_BYTES,
        "models": models,
    }


def _of_plan(planned: Mapping[str, Any]) -> Iterator[str]:
    for model in planned["models"]:
        yield (
            f"{model['name']}: {size(model['source_bytes'])} become {size(model['size_bytes'])}, "
            f"in {short(model['folder'])}."
        )
    room = "" if planned["is_enough"] else ", which is too little"
    yield f"{size(planned['free_bytes'])} are free there{room}."


def _name(source: Path, bits: str, group: str | None) -> str:
    """Return the name of a conversion: from it the list of models tells its drafter."""
    cached = next((part for part in source.parts if part.startswith(PREFIX)), None)
    name = repository_of(Path(cached)) if cached else source.resolve().name
    ending = "" if group is None else f"-g{group}"
    return f"{name.rpartition('/')[2]}-{bits}bit{ending}"


def _carry_out(orders: Sequence[Order], show: Callable[[Status], None]) -> list[Converted]:
    from mtp_mlx.hub.progress import shown
    from mtp_mlx.loading.convert import convert as make

    def all_of_them(progress: Progress) -> list[Converted]:
        return [
            make(order.source, order.out, progress, bits=order.bits, group=order.group)
            for order in orders
        ]

    with awake("Converting a model"):
        made = shown(all_of_them, show)
    for converted in made:
        _remember(converted.folder)
    return made


def _remember(folder: Path) -> None:
    """Have a conversion listed from now on, wherever it lies."""
    models = (model for place in inventory(own_folders()).places for model in place.models)
    if not any(Path(model.path).resolve() == folder.resolve() for model in models):
        add_folder(folder.parent if folder.parent == models_folder() else folder)


def _as_json(orders: Callable[[], Sequence[Order]]) -> None:
    last: dict[str, object] = {}

    def tell(values: Mapping[str, object]) -> None:
        print(json_line(values), flush=True)

    def show(status: Status) -> None:
        last.update(asdict(status))
        tell(last)

    try:
        made = _carry_out(orders(), show)
    except MtpMlxError as error:
        tell(
            {"phase": "failed", "code": error.code, "message": error.message}
            | {"remedy": error.remedy}
        )
        raise
    tell(
        last
        | {"phase": "done", "file": None, "done": last["total"], "rate": 0}
        | {"folder": str(made[-1].folder), "models": list(map(_values, made))}
    )


def _values(converted: Converted) -> dict[str, object]:
    worst = converted.worst
    values = asdict(converted) | {"folder": str(converted.folder)}
    return values | {
        "worst": {"tensor": worst.tensor, "error": worst.error},
        "is_suspect": converted.is_suspect,
    }


def _sentences(converted: Converted) -> Iterator[str]:
    smaller = f"{size(converted.source_bytes)} became {size(converted.size_bytes)}"
    yield f"{converted.folder.name} is in {short(str(converted.folder))}: {smaller}."
    worst = converted.worst
    yield f"No tensor is off by more than {100 * worst.error:.2f} % ({worst.tensor})."
    measured, source = converted.perplexity, converted.source_perplexity
    if measured is not None:
        before = "" if source is None else f", and its source {source:.2f}"
        yield f"On a short text its perplexity is {measured:.2f}{before}."
    if converted.is_suspect:
        yield "That is far worse: choose 8 bits, or convert another copy of the model."
    if converted.unmeasured is not None:
        yield converted.unmeasured
