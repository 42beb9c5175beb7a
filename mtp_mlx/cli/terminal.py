"""Helpers of commands on a terminal: loading, Ctrl-C, a line of progress, a reply's numbers."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Self

from mtp_mlx.api import Load, LoadRandom, Stats
from mtp_mlx.errors import UsageError
from mtp_mlx.events import BenchProgress, BenchRun, LoadProgress
from mtp_mlx.printable import printable

if TYPE_CHECKING:
    from mtp_mlx.host import Host, Ticket

ERASE = "\r\x1b[K"
SEPARATOR = " · "
GB = 10**9


def load(request: Load | LoadRandom) -> Host:
    """Return a host with this pair; a terminal shows which part is being loaded."""
    from mtp_mlx.host import Host

    host = Host()
    name = request.target if isinstance(request, Load) else request.shape
    with ProgressLine() as line:

        def show(event: object) -> None:
            if isinstance(event, LoadProgress):
                line.show(_loading(name, event))
                if event.note is not None:
                    line.warn(event.note)

        host.submit(request, deliver=show).wait()
        for note in host.pair.notes:
            line.warn(note)
    return host


def _loading(name: str, event: LoadProgress) -> str:
    """Return how far a load is, for one line."""
    words = f"Loading {name}: {event.phase}"
    if event.total:
        words = f"{words} {event.done / GB:.2f} of {event.total / GB:.2f} GB"
    return words if event.waits is None else f"{words} ({event.waits})"


def from_stdin(read: Callable[[], str]) -> str:
    """Return what `read` gives of stdin. Raises UsageError for anything but UTF-8."""
    try:
        return read()
    except UnicodeDecodeError as error:
        raise UsageError(
            "The input is not UTF-8 text.", "Convert it first, for example with iconv."
        ) from error


@contextmanager
def stops_on_interrupt(ticket: Ticket) -> Iterator[None]:
    """Let the first Ctrl-C cancel the request, and a second stop the program."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if ticket.is_cancelled:
            raise KeyboardInterrupt
        ticket.cancel()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class ProgressLine:
    """One line on stderr, erased in the end; without a terminal warnings and what was finished."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._erase()

    def show(self, text: str) -> None:
        if self._watched:
            print(f"{ERASE}{printable(text)}", end="", file=sys.stderr, flush=True)

    def finished(self, text: str) -> None:
        """Write a line for what was finished where there is no terminal, such as into a log."""
        if not self._watched:
            print(printable(text), file=sys.stderr, flush=True)

    def warn(self, sentence: str) -> None:
        self._erase()
        print(f"mtp-mlx: {printable(sentence)}", file=sys.stderr, flush=True)

    def _erase(self) -> None:
        if self._watched:
            print(ERASE, end="", file=sys.stderr, flush=True)


def bench_line(now: BenchProgress) -> str:
    """Return the progress of a benchmark, short enough for a line of 80 characters."""
    from mtp_mlx.report import words

    if now.phase == "hashing":
        return "Hashing the weights, once"
    counted = f"{now.done} of {now.total} runs"
    if now.left_s is not None:
        counted += f", {duration(now.left_s)} left"
    at_hand = "" if now.mode is None else f", {now.prompt_id}, {words.mode(now.mode)}"
    if now.context_tokens:
        at_hand += f", after {now.context_tokens} tokens"
    return f"{counted}: {now.phase}{at_hand}"[:79]


def run_line(made: BenchRun) -> str:
    """Return a finished run of a benchmark in a line, without its prompt or its reply."""
    from mtp_mlx.report import words

    run = made.run
    what = [words.mode(run.mode), f"repeat {run.repeat + 1}"]
    if run.context:
        what.insert(0, f"after {run.context} tokens")
    if run.prompt_id is not None:
        what.insert(0, run.prompt_id)
    speed = "too short to time" if run.decode_tps is None else f"{run.decode_tps:.1f} tokens/s"
    return f"{made.done} of {made.total} runs: {', '.join(what)}: {speed}"


def duration(seconds: float) -> str:
    """Return the time in words, rounded up so that it is seldom too short."""
    whole = int(seconds) + 1
    if whole < 100:
        return f"{whole} s"
    minutes = -(-whole // 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def dim(text: str) -> str:
    """Return `text` quieter than the reply, on a terminal."""
    return f"\x1b[2m{text}\x1b[0m" if sys.stdout.isatty() else text


def footer(stats: Stats) -> str:
    """Return a reply's numbers in one line; what was not measured is left out."""
    parts = []
    if stats.decode_tps is not None:
        parts.append(f"{stats.decode_tps:.{0 if stats.decode_tps >= 10 else 1}f} tok/s")
    if stats.acceptance_rate is not None:
        rate = round(100 * stats.acceptance_rate)
        parts.append(f"{rate} % of {stats.draft_n} drafted accepted")
    if stats.mean_acceptance_length is not None:
        parts.append(f"\u03c4 {stats.mean_acceptance_length:.1f}")
    if stats.ttft_s is not None:
        parts.append(f"{stats.ttft_s:.2f} s to first token")
    return SEPARATOR.join(parts)


def statistics(stats: Stats) -> str:
    """Return every number of a reply by its name, one a line."""
    lines = []
    for name in Stats.__dataclass_fields__:
        value = getattr(stats, name)
        if isinstance(value, tuple):
            value = " ".join(f"{number:.3g}" for number in value) or None
        elif isinstance(value, float):
            value = f"{value:.3f}"
        lines.append(f"{name:24} {'not measured' if value is None else value}")
    return "\n".join(lines)
