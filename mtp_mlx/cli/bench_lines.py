"""A benchmark as lines of JSON for a program that runs it, and what it would take.

Each line of a benchmark is an object, one at each step:

- `phase`: loading, hashing, warming up, measuring, cooling down or comparing; the last line has
  done or failed.
- `done`, `total`: runs; `left_s`: the seconds that are left, null before the first run.
- done has `title`, `created` and `machine` in words, `saved`, the report's file, and `summary`: the
  medians of each mode over all prompts, with the names of the report. failed has only `code`,
  `message` and `remedy` besides its phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

from mtp_mlx.cli.terminal import duration
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.events import BenchFinished, BenchProgress
from mtp_mlx.families.base import ReportedAcceptance
from mtp_mlx.printable import json_line
from mtp_mlx.report.naming import machine_name

if TYPE_CHECKING:
    from mtp_mlx.bench.estimate import Estimate
    from mtp_mlx.host import Ticket
    from mtp_mlx.report.model import Report


def benchmark_lines(begin: Callable[[], Ticket]) -> None:
    """Print the lines of the benchmark that `begin` begins once its pair is loaded.

    Raises MtpMlxError after the last line where it failed.
    """
    try:
        _tell({"phase": "loading"})
        finished = _finished(begin())
        report = _whole(finished)
    except MtpMlxError as error:
        _tell(
            {"phase": "failed", "code": error.code, "message": error.message}
            | {"remedy": error.remedy}
        )
        raise
    overall = [msgspec.to_builtins(group) for group in report.summary if group.category is None]
    _tell(
        {"phase": "done", "title": report.title, "created": report.created}
        | {"machine": machine_name(report.environment), "saved": finished.saved}
        | {"summary": overall}
    )


def _whole(finished: BenchFinished) -> Report:
    """Return the report. Raises MtpMlxError where runs are missing."""
    if finished.report is None or finished.reason != "done":
        raise MtpMlxError(finished.failure or "The benchmark was stopped.", "Start it again.")
    return finished.report


def _finished(ticket: Ticket) -> BenchFinished:
    for event in ticket:
        match event:
            case BenchProgress():
                _tell(
                    {"phase": event.phase, "done": event.done, "total": event.total}
                    | {"left_s": event.left_s}
                )
            case BenchFinished():
                finished = event
    return finished


def _tell(values: Mapping[str, object]) -> None:
    print(json_line(values), flush=True)


def estimate_object(judged: Estimate, reported: ReportedAcceptance | None) -> dict[str, object]:
    """Return an estimate as plain values; bytes and seconds."""
    need = judged.fit.need
    return {
        "need": asdict(need) | {"total": need.total},
        "have": judged.fit.have,
        "context": judged.fit.context,
        "verdict": judged.fit.verdict,
        "max_tokens": judged.max_tokens,
        "seconds": round(judged.seconds),
        "reported": None if reported is None else asdict(reported) | {"chance": reported.chance},
    }


def estimate_lines(judged: Estimate, reported: ReportedAcceptance | None) -> Iterator[str]:
    """Yield an estimate in sentences."""
    from mtp_mlx.loading.memory import addends

    need, have = judged.fit.need.total / 1e9, judged.fit.have / 1e9
    yield (
        f"Measuring it takes about {duration(judged.seconds)}, with {judged.max_tokens} tokens a "
        "run."
    )
    yield f"It needs {need:.1f} GB of memory ({addends(judged.fit)}), and {have:.1f} GB are free."
    if reported is not None:
        yield (
            f"--replay-acceptance reported is {reported.chance:.2f}, after a measurement of "
            f"{reported.pair}: {reported.source}."
        )
