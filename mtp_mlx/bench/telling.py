"""A benchmark for the window: the same one, told in messages."""

from __future__ import annotations

from collections.abc import Callable

from mtp_mlx import wire
from mtp_mlx.bench.benchmark import Outcome, benchmark
from mtp_mlx.bench.keeping import elsewhere
from mtp_mlx.bench.pace import Progress
from mtp_mlx.bench.session import Watch
from mtp_mlx.engine import Control, Engine
from mtp_mlx.report.model import Report, Run
from mtp_mlx.report.saving import encode

Send = Callable[[wire.BenchProgress | wire.BenchRun], None]


def told(engine: Engine, asked: wire.Bench, control: Control, send: Send) -> wire.BenchFinished:
    """Progress and runs are sent as they come; the last message is returned."""
    warnings: list[str] = []

    def progress(now: Progress) -> None:
        send(_progress(asked.id, now))

    def made(run: Run, report: Report) -> None:
        total = report.settings.planned_runs or 0
        done = len(report.runs)
        send(wire.BenchRun(id=asked.id, done=done, total=total, run=run, summary=report.summary))

    watch = Watch(cancelled=lambda: control.cancelled, progress=progress, made=made)
    outcome = benchmark(engine, asked, watch, warnings.append)
    if outcome.failure is not None:
        warnings.append(str(outcome.failure))
    return _finished(asked.id, outcome, control.cancelled, tuple(warnings))


def _progress(bench_id: str, now: Progress) -> wire.BenchProgress:
    turn = now.turn
    return wire.BenchProgress(
        id=bench_id,
        phase=now.phase,
        done=now.done,
        total=now.total,
        mode=turn.mode if turn else None,
        category=turn.prompt.category if turn else None,
        prompt_id=turn.prompt.id if turn else None,
        repeat=turn.repeat if turn else None,
        elapsed_s=now.elapsed_s,
        left_s=now.left_s,
    )


def _finished(
    bench_id: str, outcome: Outcome, cancelled: bool, warnings: tuple[str, ...]
) -> wire.BenchFinished:
    report = outcome.report
    complete = report is not None and len(report.runs) >= (report.settings.planned_runs or 0)
    message = wire.BenchFinished(
        id=bench_id,
        reason="done" if complete else "cancelled" if cancelled else "failed",
        report=report,
        saved=None if outcome.saved is None else str(outcome.saved.resolve()),
        warnings=warnings,
    )
    return message if len(wire.encode(message)) <= wire.MAX_LINE_BYTES else _short(message)


def _short(message: wire.BenchFinished) -> wire.BenchFinished:
    """Without its report, which is in a file."""
    assert message.report is not None
    spare = None if message.saved else elsewhere(encode(message.report), "benchmark")
    saved = message.saved or (None if spare is None else str(spare))
    return wire.BenchFinished(
        id=message.id,
        reason=message.reason,
        report=None,
        saved=saved,
        warnings=message.warnings,
    )
