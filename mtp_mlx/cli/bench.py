"""`mtp-mlx bench`: interleaved runs with MTP off and on, as a table and as a report."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtp_mlx import wire
from mtp_mlx.cli.interrupt import stops_on_interrupt
from mtp_mlx.cli.loading import load, shown
from mtp_mlx.cli.options import drafter_bits
from mtp_mlx.cli.types import mtp_modes, real
from mtp_mlx.errors import UsageError
from mtp_mlx.gemma4.shapes import SHAPE_NAMES
from mtp_mlx.values import Dtype, Mtp, Sampling, Verify

if TYPE_CHECKING:
    from mtp_mlx.bench.report import Subject
    from mtp_mlx.bench.runs import Plan, Run
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
@click.option("--suite", metavar="quick|FILE", help="Prompts. Default: quick.")
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
    "--cooldown", type=real(0, 600), metavar="S", default="0", help="Seconds between two runs."
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
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save as JSON.")
def command(**given: Any) -> int:
    """Measure every mode on every prompt, in turns, and print what it comes to.

    Ctrl-C keeps the runs that are finished.
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
    cooldown: float
    replay_acceptance: float | None
    dtype: Dtype
    out: Path | None

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
    engine = _engine(asked)
    plan = _plan(asked, engine)
    subject = _subject(asked, engine, plan)
    stop = Stop()
    with stops_on_interrupt(stop):
        finished = _watched(engine, plan, subject, stop)
    if not finished:
        print("mtp-mlx: Stopped before a run was finished. Run it again.", file=sys.stderr)
        return INTERRUPTED
    from mtp_mlx.bench.report import report
    from mtp_mlx.report.reading import encode
    from mtp_mlx.report.saving import write
    from mtp_mlx.report.table import table

    document = report(subject, plan, finished)
    print(f"{document.title}\n")
    print(table(document))
    if asked.out is not None:
        write(encode(document), asked.out)
    return INTERRUPTED if stop.cancelled else 0


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


def _plan(asked: Asked, engine: Engine) -> Plan:
    from mtp_mlx.bench.runs import Plan

    sampling = Sampling()
    if asked.temperature:
        recommended = engine.pair.recommended
        sampling = Sampling(
            temperature=asked.temperature,
            top_k=recommended.top_k or 64,
            top_p=recommended.top_p if recommended.top_p < 1 else 0.95,
        )
    return Plan(
        modes=asked.modes,
        repeats=asked.repeats,
        max_tokens=asked.max_tokens,
        sampling=sampling,
        verify=asked.verify,
        seed=asked.seed,
        cooldown_s=asked.cooldown,
        replay_acceptance=asked.acceptance,
    )


def _subject(asked: Asked, engine: Engine, plan: Plan) -> Subject:
    from mtp_mlx.bench.environment import environment
    from mtp_mlx.bench.prompts import load_suite, random_suite
    from mtp_mlx.bench.report import Subject
    from mtp_mlx.bench.runs import turns

    if asked.shape is None:
        suite = load_suite(asked.suite or "quick")
    else:
        suite = random_suite(engine.vocabulary)
    return Subject(
        pair=engine.pair,
        environment=environment(),
        suite=suite,
        planned=len(turns(plan, suite.prompts)),
    )


def _watched(engine: Engine, plan: Plan, subject: Subject, stop: Stop) -> list[Run]:
    """The finished runs; on a terminal, with a line of progress."""
    from mtp_mlx.bench.runs import runs

    started = time.monotonic()
    finished: list[Run] = []
    for run in runs(engine, plan, subject.suite.prompts, lambda: stop.cancelled):
        if run.finished.reason == "cancelled":
            break
        finished.append(run)
        left = subject.planned - len(finished)
        seconds = (time.monotonic() - started) / len(finished) * left
        if sys.stderr.isatty():
            told = f"{len(finished)} of {subject.planned} runs, {seconds:.0f} s left"
            print(f"\r\x1b[K{told}" * (left > 0) or "\r\x1b[K", end="", file=sys.stderr, flush=True)
    return finished
