"""A whole benchmark, as the command line and the worker run it: order, session, file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from mtp_mlx import wire
from mtp_mlx.bench.environment import finished
from mtp_mlx.bench.keeping import Keeper
from mtp_mlx.bench.machine import conditions
from mtp_mlx.bench.order import order
from mtp_mlx.bench.pace import Progress
from mtp_mlx.bench.session import Session, Watch
from mtp_mlx.engine import Engine
from mtp_mlx.errors import MtpMlxError, ReportNotSaved
from mtp_mlx.report.model import Report, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    report: Report | None  # None: no run was finished
    saved: Path | None = None
    failure: MtpMlxError | None = None  # what cut it short, or kept it from its file


def benchmark(
    engine: Engine, asked: wire.Bench, watch: Watch, warn: Callable[[str], None]
) -> Outcome:
    """Raises what makes a benchmark impossible; what befalls it later is in the outcome."""
    watch.progress(Progress(phase="hashing", done=0, total=0))
    given = order(engine, asked, watch.cancelled)
    if given is None:
        return Outcome(report=None)
    keeper = None if given.out is None else Keeper(given.out, warn)

    def made(run: Run, report: Report) -> None:
        if keeper is not None:
            keeper.keep(report)
        watch.made(run, report)

    session = Session(engine, given.subject, given.plan, replace(watch, made=made))
    report = session.measure(given.earlier)
    if report is None:
        return Outcome(report=None)
    environment = finished(report.environment, conditions())
    report = msgspec.structs.replace(report, environment=environment)
    if keeper is None:
        return Outcome(report=report, failure=session.failure)
    try:
        keeper.finish(report)
    except ReportNotSaved as error:
        return Outcome(report=report, saved=keeper.spare, failure=error)
    return Outcome(report=report, saved=keeper.out, failure=session.failure)
