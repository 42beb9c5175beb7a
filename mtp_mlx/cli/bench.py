"""`mtp-mlx bench`: interleaved runs with MTP off and on, as a table and as a report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from mtp_mlx.api import DEMO_PAIR, MAX_REPEATS, Bench, Dtype, Load, LoadRandom, Mtp, Verify
from mtp_mlx.cli import options
from mtp_mlx.cli.terminal import ProgressLine, bench_line, load, run_line, stops_on_interrupt
from mtp_mlx.errors import UsageError
from mtp_mlx.events import BenchFinished, BenchProgress, BenchRun
from mtp_mlx.families import PAIRS, SHAPE_NAMES, reported_acceptance, shape
from mtp_mlx.families.base import ReportedAcceptance
from mtp_mlx.printable import json_line, printable

if TYPE_CHECKING:
    from mtp_mlx.host import Ticket

FAILED, INTERRUPTED = 1, 130
MAX_TOKENS = 128

_SHAPES = tuple(dict.fromkeys((*SHAPE_NAMES, *(pair.name.lower() for pair in PAIRS))))
_REPORTED: Literal["reported"] = "reported"


def _acceptance(text: str) -> float | Literal["reported"]:
    """Parse a chance, or the word for that which others measured."""
    return _REPORTED if text == _REPORTED else options.real(0, 1)(text)


@click.command("bench", short_help="Measure plain decoding against MTP, interleaved.")
@options.target
@options.drafter
@options.drafter_bits
@click.option(
    "--shape",
    type=click.Choice(_SHAPES, case_sensitive=False),
    help="Random weights of this size instead.",
)
@click.option(
    "--layers", type=click.IntRange(min=1), metavar="N", help="Only so many layers of the shape."
)
@click.option(
    "--bits",
    type=click.Choice(["4", "8", "16"]),
    help="Bits of the shape's weights. Default: 4.",
)
@click.option(
    "--suite", metavar="quick|full|FILE", help="8 prompts, 64, or your own. Default: quick."
)
@click.option(
    "--modes", type=options.mtp_modes, metavar="M,M,…", default="off,auto,3", show_default=True
)
@click.option(
    "--repeats", type=click.IntRange(1, MAX_REPEATS), metavar="N", default=3, show_default=True
)
@click.option(
    "--max-tokens", type=click.IntRange(min=2), metavar="N", help=f"Default: {MAX_TOKENS}."
)
@click.option(
    "--temperature",
    type=options.real(0, 100),
    metavar="X",
    help="Default: 0, greedy. Above 0 the model's own top-k and top-p hold.",
)
@click.option("--verify", type=click.Choice(["coupled", "block", "token"]), default="coupled")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True)
@click.option(
    "--cooldown",
    type=options.real(0, 600),
    metavar="S",
    help="Seconds between two runs. Default: 5 on a battery or without a fan, else 0.",
)
@click.option(
    "--replay-acceptance",
    type=_acceptance,
    metavar="A|reported",
    help="Replace drafts so that each is right with this chance, or as others measured it of a "
    "shape's pair. Default for shapes: 0.8.",
)
@click.option(
    "--depth",
    type=options.token_counts,
    metavar="N,N,…",
    default="0",
    show_default=True,
    help="Tokens of context before each prompt; each length is measured.",
)
@options.dtype
@options.anyway
@click.option(
    "--include-text", is_flag=True, help="Write prompts and replies into the report as well."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save as JSON, anew after every run.",
)
@click.option(
    "--jsonl",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append a line of JSON for every run.",
)
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the runs of this report and make the rest, with the options it was begun with.",
)
@click.option(
    "--estimate",
    "estimates",
    is_flag=True,
    help="Only tell what measuring a shape would take: memory, time, and the acceptance.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON objects, one a line.")
def command(**given: Any) -> int:
    """Measure every mode on every prompt, in turns, and print the speed-ups.

    Ctrl-C drops the run at hand and keeps those that are finished; --resume goes on from there.
    """
    asked = Asked(**given)
    if asked.estimates:
        return _estimate(asked)
    return measure_as_json(asked) if asked.as_json else measure(asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command; None where one is left out."""

    target: str
    drafter: str | None
    drafter_bits: int | None
    shape: str | None
    layers: int | None
    bits: str | None
    suite: str | None
    modes: tuple[Mtp, ...]
    repeats: int
    max_tokens: int | None
    temperature: float | None
    verify: Verify
    seed: int
    cooldown: float | None
    replay_acceptance: float | Literal["reported"] | None
    depth: tuple[int, ...]
    dtype: Dtype
    anyway: bool
    include_text: bool
    out: Path | None
    jsonl: Path | None
    resume: Path | None
    estimates: bool
    as_json: bool

    def __post_init__(self) -> None:
        if self.shape is None and (self.layers is not None or self.bits is not None):
            raise UsageError("--layers and --bits belong to --shape.", "Give a shape with them.")
        if self.shape is not None and (self.target != DEMO_PAIR or self.drafter or self.suite):
            raise UsageError(
                "A shape has random weights and no tokenizer.",
                "Leave --target, --drafter and --suite out.",
            )
        if self.shape is None and (self.estimates or self.replay_acceptance == "reported"):
            raise UsageError(
                "An estimate and a reported acceptance are of a shape.", "Give --shape with them."
            )
        for file in filter(None, (self.out, self.jsonl)):
            if not file.resolve().parent.is_dir():
                raise UsageError(f"There is no folder for {file.name}.", "Make it first.")

    @property
    def acceptance(self) -> float | None:
        """Return the replayed acceptance, which a shape needs: its own drafts are never right."""
        if self.replay_acceptance == "reported":
            return None if self.reported is None else self.reported.chance
        return 0.8 if self.shape and self.replay_acceptance is None else self.replay_acceptance

    @property
    def reported(self) -> ReportedAcceptance | None:
        """Return the acceptance that others measured of the shape's pair."""
        return reported_acceptance(self.shape or "")

    @property
    def pair(self) -> Load | LoadRandom:
        if self.shape is None:
            return Load(
                target=self.target,
                drafter=self.drafter,
                drafter_bits=self.drafter_bits,
                dtype=self.dtype,
                anyway=self.anyway,
            )
        return LoadRandom(
            shape=self.shape,
            layers=self.layers,
            bits=int(self.bits or 4),
            drafter_bits=self.drafter_bits,
            dtype=self.dtype,
            anyway=self.anyway,
        )

    @property
    def bench(self) -> Bench:
        return Bench(
            suite=self.suite,
            modes=self.modes,
            repeats=self.repeats,
            max_tokens=self.max_tokens or MAX_TOKENS,
            temperature=self.temperature or 0.0,
            verify=self.verify,
            seed=self.seed,
            cooldown_s=self.cooldown,
            context_tokens=self.depth,
            replay_acceptance=self.acceptance,
            include_text=self.include_text,
            out=None if self.out is None else str(self.out),
            jsonl=None if self.jsonl is None else str(self.jsonl),
            resume=None if self.resume is None else str(self.resume),
        )


def measure(asked: Asked) -> int:
    """Load the pair, measure it, print the result, and return the exit code."""
    from mtp_mlx.report.terminal import table

    _check_files(asked)
    ticket = load(asked.pair).submit(asked.bench)
    with stops_on_interrupt(ticket), ProgressLine() as line:
        for event in ticket:
            match event:
                case BenchProgress():
                    line.show(bench_line(event))
                case BenchRun(warning=warning):
                    line.finished(run_line(event))
                    if warning is not None:
                        line.warn(warning)
                case BenchFinished():
                    finished = event
    if finished.report is None:
        print("mtp-mlx: Stopped before a run was finished. Run it again.", file=sys.stderr)
        return INTERRUPTED
    print(printable(f"{finished.report.title}\n\n{table(finished.report)}"))
    if finished.failure is not None:
        print(f"mtp-mlx: {printable(finished.failure)}", file=sys.stderr)
        return FAILED
    return INTERRUPTED if ticket.is_cancelled else 0


def measure_as_json(asked: Asked) -> int:
    """Load the pair and measure it, with an object for each step; return the exit code."""
    from mtp_mlx.cli.bench_lines import benchmark_lines

    def begin() -> Ticket:
        _check_files(asked)
        return load(asked.pair).submit(asked.bench)

    benchmark_lines(begin)
    return 0


def _estimate(asked: Asked) -> int:
    """Print what measuring a shape would take; return the exit code."""
    from mtp_mlx.bench.estimate import estimate
    from mtp_mlx.cli.bench_lines import estimate_lines, estimate_object

    assert asked.shape is not None
    judged = estimate(
        shape(asked.shape, asked.layers),
        bits=int(asked.bits or 4),
        modes=asked.modes,
        repeats=asked.repeats,
        max_tokens=asked.max_tokens,
    )
    if asked.as_json:
        print(json_line(estimate_object(judged, asked.reported)))
    else:
        print(printable("\n".join(estimate_lines(judged, asked.reported))))
    return 0


def _check_files(asked: Asked) -> None:
    """Read the files before the model, so that an error in them comes at once."""
    from mtp_mlx.bench.keeping import RunLines
    from mtp_mlx.bench.prompts import load_suite
    from mtp_mlx.report.saving import load as load_report

    if asked.suite is not None:
        load_suite(asked.suite)
    if asked.resume is not None:
        load_report(asked.resume)
    if asked.jsonl is not None:
        RunLines(asked.jsonl, lambda _: None)
