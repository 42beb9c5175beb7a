"""`mtp-mlx models fit`: what a pair needs of this machine's memory, and which conversion suits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import click

from mtp_mlx.api import DEMO_PAIR
from mtp_mlx.cli import options
from mtp_mlx.cli.places import size as words
from mtp_mlx.errors import LoadError, ModelNotFound, UsageError
from mtp_mlx.families import PAIRS, drafter_for, family_of
from mtp_mlx.families.base import Conversion, KnownPair
from mtp_mlx.files import brief
from mtp_mlx.hub.cache import whole_snapshot
from mtp_mlx.hub.fit import (
    DEFAULT_CONTEXT,
    Fit,
    PairSize,
    Verdict,
    fit,
    judged_context,
    listed_drafter,
    listed_size,
    suited,
)
from mtp_mlx.hub.local_model import LocalModel
from mtp_mlx.hub.own_folders import own_folders
from mtp_mlx.hub.places import inventory
from mtp_mlx.hub.resolve import DEMO_FOLDER, on_this_disk, resolve_drafter
from mtp_mlx.printable import json_line, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A pair by its target, and where its size is known from."""

    name: str  # of the target
    precision: str | None
    drafter: str | None
    size: PairSize
    context_length: int
    source: Literal["files", "catalogue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How a pair's drafter is to be loaded: `Load` has the same fields."""

    name: str | None = None  # a folder or a repository; None: the target's own
    is_left_out: bool = False
    bits: int | None = None


OWN = Head()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The conversions of a known pair, judged; `suited` is the number of the one to take."""

    pair: KnownPair
    judged: Sequence[tuple[Sized, Fit]]
    suited: int | None

    @property
    def reason(self) -> str:
        """Return why this conversion, or why none, in a sentence."""
        if self.suited is None:
            least = min((one for _, one in self.judged), key=lambda one: one.need.total)
            return f"None fits: the smallest needs {words(least.need.total)}."
        one = self.judged[self.suited][1]
        suggested = "The suggested conversion"
        needs = f"needs {words(one.need.total)} of {words(one.have)}"
        if one.verdict == "tight":
            return f"{suggested} {needs}: it is the smallest, and even it is tight."
        return f"{suggested} {needs}: the most precise up to 8 bits that fits."


@click.command("fit")
@click.argument("target", required=False)
@click.option(
    "--context",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Tokens of prompt and reply together. Default: {DEFAULT_CONTEXT}.",
)
@click.option(
    "--have",
    type=click.IntRange(min=0),
    metavar="BYTES",
    help="Memory to judge by, in place of what this machine has now.",
)
@click.option("--drafter", help="A folder or repository on this disk; else the target's own.")
@click.option("--no-drafter", is_flag=True, help="Judge the target alone.")
@options.drafter_bits
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def fit_command(
    target: str | None,
    context: int | None,
    have: int | None,
    drafter: str | None,
    no_drafter: bool,
    drafter_bits: int | None,
    as_json: bool,
) -> None:
    """Tell whether TARGET fits this machine's memory, with the sum. Nothing is loaded or fetched.

    TARGET is a folder, or a repository on this disk or of the catalogue. Without it every known
    pair is judged, and the conversion that suits this machine is marked.
    """
    from mtp_mlx.loading.memory import machine_memory

    if target is None and (drafter or no_drafter or drafter_bits):
        raise UsageError("A drafter belongs to a target.", "Name the target with it.")
    if have is None:
        have = machine_memory().have
    if target is None:
        every = advice(context or DEFAULT_CONTEXT, have)
        shown = (
            json_line({"have": have, "pairs": [_of_pair(one) for one in every]})
            if as_json
            else "\n".join(_all_lines(every, have))
        )
    else:
        sized = find(target, Head(name=drafter, is_left_out=no_drafter, bits=drafter_bits))
        judged = fit(sized.size, _context(sized, context), have)
        shown = json_line(_of(sized, judged)) if as_json else "\n".join(_lines(sized, judged))
    click.echo(printable(shown))


def _context(sized: Sized, asked: int | None) -> int:
    if asked is not None and asked > sized.context_length:
        raise UsageError(
            f"{brief(sized.name)} holds {sized.context_length} tokens at the most.",
            "Give a smaller --context.",
        )
    return judged_context(sized.context_length, asked)


def find(target: str, head: Head = OWN) -> Sized:
    """Return the size of a target, from its files where they are on this disk.

    Raises ModelNotFound for one that is neither there nor in the catalogue, and LoadError.
    """
    if target == DEMO_PAIR:
        drafter: Path | None = DEMO_FOLDER / "drafter"
        if head.name is not None:
            drafter = on_this_disk(head.name)
        return _of_files("built-in", DEMO_FOLDER / "target", drafter, head)
    own_folder = _folder(target)
    folder = own_folder or whole_snapshot(target)
    if folder is not None:
        if head.name is not None:
            drafter = on_this_disk(head.name)
        elif own_folder is not None:
            drafter = _drafter_of(target, own_folder)
        else:
            repository = drafter_for(target)
            drafter = whole_snapshot(repository) if repository else None
        return _of_files(target, folder, drafter, head)
    if head != OWN:
        raise ModelNotFound(
            f"{brief(target)} is not on this disk, so only its own drafter can be judged with it.",
            "Leave out what is said of the drafter, or fetch the target first.",
        )
    for pair in PAIRS:
        for conversion in pair.targets:
            sized = _of_catalogue(pair, conversion)
            if conversion.repository == target and sized is not None:
                return sized
    raise ModelNotFound(
        f"{brief(target)} is not on this disk, and the catalogue does not have its size.",
        "Name a folder, or a model that `mtp-mlx models list` shows.",
    )


def _drafter_of(target: str, folder: Path) -> Path | None:
    """Return the drafter that a load of a folder takes; None where that is not on this disk."""
    try:
        own = resolve_drafter(None, target, folder)  # of a folder it asks no Hub
    except LoadError:
        return None
    return None if own is None else own.folder


def _folder(name: str) -> Path | None:
    try:
        folder = Path(name).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # the name is too long, or of an unknown user's home
        return None


def _of_files(name: str, folder: Path, drafter: Path | None, asked: Head = OWN) -> Sized:
    """Return the size of a target on this disk. A drafter that is not counts as published."""
    from mtp_mlx.loading.checkpoint import open_checkpoint
    from mtp_mlx.loading.device import compute_dtype
    from mtp_mlx.loading.memory import pair_size

    target = open_checkpoint(folder)
    family = family_of(target.config)
    identity = family.identify(target.config)
    pair = next((pair for pair in PAIRS if pair.name == identity.name), None)
    if asked.is_left_out:
        drafter = pair = None
    if drafter is None and pair is not None:
        drafter = whole_snapshot(pair.drafter)
    head = None if drafter is None else open_checkpoint(drafter)
    blueprint = family.blueprint(target.config, None if head is None else head.config)
    size = pair_size(blueprint, target, head, compute_dtype("auto"), asked.bits)
    if head is None and pair is not None:
        if asked.bits is not None:
            raise ModelNotFound(
                f"The drafter of {brief(name)} is not on this disk, so its packed size is unknown.",
                "Fetch the drafter first, or leave out --drafter-bits.",
            )
        size = replace(size, drafter=listed_drafter(pair, size.bytes_a_number))
    published = None if pair is None else pair.drafter
    return Sized(
        name=name,
        precision=None,
        drafter=published if head is None else head.name,
        size=size,
        context_length=blueprint.context_length,
        source="files",
    )


def _of_catalogue(pair: KnownPair, target: Conversion) -> Sized | None:
    """Return what the catalogue has of a conversion; None where it does not have its size."""
    from mtp_mlx.loading.device import compute_dtype

    dtype = compute_dtype("auto")
    size = listed_size(pair, target, 2 if dtype is None else dtype.size)
    if size is None:
        return None
    return Sized(
        name=target.repository,
        precision=target.precision,
        drafter=drafter_for(target.repository) or pair.drafter,
        size=size,
        context_length=pair.context_length,
        source="catalogue",
    )


def advice(context: int, have: int) -> list[Advice]:
    """Judge every conversion of the catalogue, and every other target on this disk that is known.

    A model of the catalogue that lies on this disk is judged by its files.
    """
    places = inventory(own_folders()).places
    local = [m for place in places for m in place.models if m.part == "target" and m.is_usable]
    return [
        _advice(pair, [m for m in local if m.title == pair.title], context, have) for pair in PAIRS
    ]


def _advice(pair: KnownPair, local: Sequence[LocalModel], context: int, have: int) -> Advice:
    listed = {conversion.repository: conversion for conversion in pair.targets}
    copies = {model.name: model for model in local if model.name in listed}
    sized = [
        (name in copies and _of_model(copies[name])) or _of_catalogue(pair, conversion)
        for name, conversion in listed.items()
    ]
    sized += [_of_model(model) for model in local if model.name not in listed]
    known = [one for one in sized if one]
    judged = [(one, fit(one.size, min(context, one.context_length), have)) for one in known]
    return Advice(
        pair=pair,
        judged=judged,
        suited=suited([(one.precision or "", judgement) for one, judgement in judged]),
    )


def _of_model(model: LocalModel) -> Sized | None:
    """Return the size of a model on this disk; None where its files have changed meanwhile."""
    try:
        sized = _of_files(model.name, Path(model.path), None)
    except LoadError:
        return None
    return replace(sized, precision=model.precision)


def _of(sized: Sized, judged: Fit) -> dict[str, Any]:
    return {
        "target": sized.name,
        "drafter": sized.drafter,
        "precision": sized.precision,
        "source": sized.source,
        "context": judged.context,
        "chunk": judged.chunk,
        "need": asdict(judged.need) | {"total": judged.need.total},
        "have": judged.have,
        "verdict": judged.verdict,
        "longest_context": sized.context_length,
    }


def _of_pair(one: Advice) -> dict[str, Any]:
    return {
        "name": one.pair.name,
        "suited": None if one.suited is None else one.judged[one.suited][0].name,
        "reason": one.reason,
        "targets": [_of(sized, judged) for sized, judged in one.judged],
    }


def _lines(sized: Sized, judged: Fit) -> Iterator[str]:
    need = judged.need
    yield f"{sized.name} with {sized.drafter or 'no drafter'}, {judged.context:,} tokens of context"
    parts = {
        "target": need.target,
        "drafter": need.drafter,
        "keys and values": need.kv,
        f"reading {judged.chunk:,} rows of a prompt": need.scores,
        "margin": need.margin,
    }
    yield from (f"  {part:32}{words(size):>10}" for part, size in parts.items())
    yield f"  {'needed':32}{words(need.total):>10}"
    yield f"  {'here for a model':32}{words(judged.have):>10}"
    yield f"  {_VERDICTS[judged.verdict]}"


_VERDICTS: dict[Verdict, str] = {
    "fits": "It fits.",
    "tight": "It is tight: close other programs before long prompts.",
    "too-big": "It is too big for this machine; --anyway loads it all the same.",
}


def _all_lines(every: Sequence[Advice], have: int) -> Iterator[str]:
    yield f"This machine has {words(have)} for a model. A * marks the suggested conversions."
    for one in every:
        yield from ("", one.pair.title)
        for i, (sized, judged) in enumerate(one.judged):
            word = judged.verdict.replace("-", " ")
            mark = "*" if i == one.suited else " "
            needs = words(judged.need.total)
            yield f"{mark} {sized.name:42} {sized.precision or '':6} {needs:>10}  {word}"
        yield f"  {one.reason}"
