"""`mtp-mlx bench`: interleaved runs with MTP off and on, as a table and as a report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtp_mlx import wire
from mtp_mlx.api import Dtype, Mtp, Verify
from mtp_mlx.cli.bench_progress import ProgressLine
from mtp_mlx.cli.interrupt import stops_on_interrupt
from mtp_mlx.cli.loading import load, shown
from mtp_mlx.cli.options import drafter_bits
from mtp_mlx.cli.types import mtp_modes, real
from mtp_mlx.errors import UsageError
from mtp_mlx.families.gemma4.shapes import SHAPE_NAMES

if TYPE_CHECKING:
    from mtp_mlx.engine import Engine

INTERRUPTED = 130


@dataclass(slots=True)
class Stop:
    """Set by Ctrl-C: the run at hand is dropped, finished runs are kept."""

    cancelled: bool = False


@click.command("bench", short_help="Measure plain decoding against MTP, interleaved.")
@click.option("--target", default=wire.DEMO_PAIR, help="A folder or repository id.")
@click.option("--drafter", help="A folder or repository id; else the target's own.")
@drafter_bits
@click.option(
    "--shape", type=click.Choice(SHAPE_NAMES), help="Random weights of this size instead."
)
@click.option("--layers", type=click.IntRange(min=1), metavar="N", help="Of a shape: only N.")
@click.option("--bits", type=click.Choice(["4", "8", "16"]), help="Of a shape. Default: 4.")
@click.option(
    "--suite", metavar="quick|full|FILE", help="8 prompts, 64, or your own. Default: quick."
)
@click.option("--modes", type=mtp_modes, metavar="M,M,…", default="off,auto,3", show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), metavar="N", default=3, show_default=True)
@click.option(
    "--max-tokens", type=click.IntRange(min=2), metavar="N", default=128, show_default=True
)
@click.option(
    "--temperature", type=real(0, 100), metavar="X", help="Default: 0. Above it, Gemma's top-k."
)
@click.option("--verify", type=click.Choice(["coupled", "block", "token"]), default="coupled")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True)
@click.option(
    "--cooldown",
    type=real(0, 600),
    metavar="S",
    help="Seconds between two runs. Default: 5 on a battery or without a fan, else 0.",
)
@click.option(
    "--replay-acceptance",
    type=real(0, 1),
    metavar="A",
    help="Replace drafts so that each is right with this chance. Shapes: 0.8.",
)
@click.option(
    "--dtype", type=click.Choice(["auto", "float32", "bfloat16", "float16"]), default="auto"
)
@click.option(
    "--include-text", is_flag=True, help="Write prompts and replies into the report as well."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save as JSON, anew after every run.",
)
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the runs of this report and make the rest, with the options it was begun with.",
)
def command(**given: Any) -> int:
    """Measure every mode on every prompt, in turns, and print what it comes to.

    Ctrl-C drops the run at hand and keeps those that are finished; --resume goes on from there.
    """
    return measure(Asked(**given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options, as given."""

    target: str
    drafter: str | None
    drafter_bits: int | None
    shape: str | None
    layers: int | None
    bits: str | None
    suite: str | None
    modes: tuple[Mtp, ...]
    repeats: int
    max_tokens: int
    temperature: float | None
    verify: Verify
    seed: int
    cooldown: float | None
    replay_acceptance: float | None
    dtype: Dtype
    include_text: bool
    out: Path | None
    resume: Path | None

    def __post_init__(self) -> None:
        if self.shape is None and (self.layers is not None or self.bits is not None):
            raise UsageError("--layers and --bits belong to --shape.", "Give a shape with them.")
        if self.shape is not None and (self.target != wire.DEMO_PAIR or self.drafter or self.suite):
            raise UsageError(
                "A shape has random weights and no tokenizer.",
                "Leave --target, --drafter and --suite out.",
            )
        if self.out is not None and not self.out.resolve().parent.is_dir():
            raise UsageError(f"There is no folder for {self.out.name}.", "Make it first.")

    @property
    def acceptance(self) -> float | None:
        """Drafts between random weights are never right by themselves."""
        return 0.8 if self.shape and self.replay_acceptance is None else self.replay_acceptance


def measure(asked: Asked) -> int:
    """Load, run, print; the exit code."""
    from mtp_mlx.bench.benchmark import benchmark
    from mtp_mlx.bench.session import Watch
    from mtp_mlx.report.terminal import table

    _check_files(asked)
    engine = _engine(asked)
    stop = Stop()
    line = ProgressLine()
    with stops_on_interrupt(stop), line:
        watch = Watch(cancelled=lambda: stop.cancelled, progress=line.show)
        outcome = benchmark(engine, _order(asked), watch, line.warn)
    if outcome.report is None:
        print("mtp-mlx: Stopped before a run was finished. Run it again.", file=sys.stderr)
        return INTERRUPTED
    print(f"{outcome.report.title}\n")
    print(table(outcome.report))
    if outcome.failure is not None:
        raise outcome.failure
    return INTERRUPTED if stop.cancelled else 0


def _check_files(asked: Asked) -> None:
    """Before a model is loaded, which takes its time."""
    from mtp_mlx.bench.prompts import load_suite
    from mtp_mlx.report.saving import load as load_report

    if asked.suite is not None:
        load_suite(asked.suite)
    if asked.resume is not None:
        load_report(asked.resume)


def _order(asked: Asked) -> wire.Bench:
    return wire.Bench(
        id="bench",
        suite=asked.suite,
        modes=asked.modes,
        repeats=asked.repeats,
        max_tokens=asked.max_tokens,
        temperature=asked.temperature or 0.0,
        verify=asked.verify,
        seed=asked.seed,
        cooldown_s=asked.cooldown,
        replay_acceptance=asked.acceptance,
        include_text=asked.include_text,
        out=None if asked.out is None else str(asked.out),
        resume=None if asked.resume is None else str(asked.resume),
    )


def _engine(asked: Asked) -> Engine:
    if asked.shape is None:
        return load(_load_request(asked))
    from mtp_mlx.engine import Engine
    from mtp_mlx.loading.random_pair import random_pair

    bits = int(asked.bits or 4)
    with shown(asked.shape) as progress:
        pair = random_pair(
            asked.shape,
            layers=asked.layers,
            bits=bits,
            drafter_bits=asked.drafter_bits,
            dtype=asked.dtype,
            progress=progress,
        )
    return Engine(pair)


def _load_request(asked: Asked) -> wire.Load:
    return wire.Load(
        target=asked.target,
        drafter=asked.drafter,
        drafter_bits=asked.drafter_bits,
        dtype=asked.dtype,
    )
