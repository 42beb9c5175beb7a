"""A benchmark under way: the user's choice, and the progress in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app import strings
from app.viewmodels.common import format as fmt
from mtp_mlx.api import Bench, Mtp, PairInfo
from mtp_mlx.events import BenchProgress, BenchRun
from mtp_mlx.report import words
from mtp_mlx.report.claims import claim_of
from mtp_mlx.report.model import Group, Run

MOST_SHOWN = 6  # of the last runs while the benchmark runs; the report has all
Suite = Literal["quick", "full"]
Contexts = tuple[int, ...]
"""Lengths of text before each prompt, in tokens, that are measured one beside the other."""

CONTEXTS: tuple[Contexts, ...] = ((0,), (0, 1024), (0, 4096), (0, 4096, 16384), (0, 16384, 65536))
_PROMPT = 1024  # tokens; a prompt of the shipped suites has fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to measure. `own_sampling`: at the model's recommended temperature rather than at 0."""

    suite: Suite = "quick"
    modes: tuple[Mtp, ...] = ("off", "auto")
    repeats: int = 3
    max_tokens: int = 128
    own_sampling: bool = False
    include_text: bool = False
    context_tokens: Contexts = (0,)

    @property
    def compares(self) -> bool:
        """Return whether there can be a speed-up: with plain decoding and another mode."""
        return "off" in self.modes and len(self.modes) > 1

    def request(self, pair: PairInfo, out: str) -> Bench:
        return Bench(
            suite=self.suite,
            modes=self.modes,
            repeats=self.repeats,
            max_tokens=self.max_tokens,
            temperature=pair.recommended.temperature if self.own_sampling else 0.0,
            include_text=self.include_text,
            context_tokens=self.context_tokens,
            out=out,
        )


def contexts_within(context_length: int, max_tokens: int) -> list[Contexts]:
    """Return the contexts that a model holds with a prompt and a reply; none is always possible."""
    most = context_length - max_tokens - _PROMPT
    return [contexts for contexts in CONTEXTS if max(contexts) <= max(most, 0)]


def contexts_text(contexts: Contexts) -> str:
    if contexts == (0,):
        return strings.BENCH_NO_CONTEXT
    return strings.BENCH_CONTEXTS.format(lengths=strings.SEPARATOR.join(map(fmt.count, contexts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchState:
    """How far a benchmark is. `runs` are the last ones; `summary` is of all runs so far."""

    name: str  # of the report's file
    progress: BenchProgress | None = None
    runs: tuple[Run, ...] = ()
    summary: tuple[Group, ...] = ()
    done: int = 0
    total: int = 0
    stopping: bool = False

    def progressed(self, event: BenchProgress) -> BenchState:
        """Return the state with the progress of `event`."""
        return replace(self, progress=event, done=event.done, total=event.total)

    def ran(self, event: BenchRun) -> BenchState:
        """Return the state with one more run."""
        runs = (*self.runs, event.run)[-MOST_SHOWN:]
        return replace(self, runs=runs, summary=event.summary, done=event.done, total=event.total)

    @property
    def share(self) -> float | None:
        """Return the share of runs that are done; None until their number is known."""
        return self.done / self.total if self.total else None


def headings() -> tuple[str, ...]:
    return strings.BENCH_COLUMNS


def overall(state: BenchState) -> Sequence[Group]:
    """Return the group of each mode over all categories."""
    return [group for group in state.summary if group.category is None]


def progress_text(state: BenchState) -> str:
    """Return one line about the phase, the runs that are done and the time left."""
    now = state.progress
    if state.stopping:
        return strings.BENCH_STOPPING
    if now is None:
        return strings.BENCH_BEGINS
    parts = [strings.BENCH_PHASES[now.phase]]
    if state.total:
        parts.append(
            strings.BENCH_DONE.format(done=fmt.count(state.done), total=fmt.count(state.total))
        )
    if now.phase == "measuring" and now.mode is not None:
        parts.append(f"{words.line(now.prompt_id or words.NONE)}, {mode_text(now.mode)}")
        parts += _context(now.context_tokens)
    if now.left_s is not None:
        parts.append(fmt.left(now.left_s))
    return strings.SEPARATOR.join(parts)


def _context(context: int | None) -> list[str]:
    return [strings.BENCH_AFTER.format(count=fmt.count(context))] if context else []


def mode_text(mode: Mtp) -> str:
    return strings.BENCH_MODES.get(str(mode)) or words.mode(mode)


def group_cells(group: Group) -> tuple[str, ...]:
    """By the columns of `headings`."""
    said, on = claim_of(group), group.mode != "off"
    return (
        mode_text(group.mode),
        str(group.runs),
        words.measured(words.rate)(group.decode_tps),
        words.times(said.ratio) if said.ratio is not None else words.NONE,
        said.verdict if on else words.NONE,
        said.drafted or words.NONE if on else words.NONE,
        words.measured(words.percent)(group.acceptance_rate) if on else words.NONE,
    )


def run_text(run: Run) -> str:
    """Return one line about a run: prompt, mode, speed and acceptance."""
    parts = [f"{words.line(run.prompt_id or run.category)}, {mode_text(run.mode)}"]
    parts += _context(run.context_tokens)
    speed = run.decode_tps
    parts.append(words.NOT_MEASURED if speed is None else f"{words.rate(speed)} tok/s")
    if run.mode != "off" and run.acceptance_rate is not None:
        parts.append(strings.BENCH_ACCEPTED.format(percent=words.percent(run.acceptance_rate)))
    return strings.SEPARATOR.join(parts)
