"""Does the window stay smooth, and does it leave the engine its speed?

Usage: python scripts/bench_ui.py [stream|long-chat|memory|engine …] [--tokens N] [--tps N]

stream     a reply of 20 000 tokens arrives at 300 tok/s: the longest stalls, paints a second
long-chat  a chat of 2 000 messages is opened, and scrolled from end to end
memory     ten such replies as fast as they can be shown, each in a chat of its own: what is kept
engine     the real worker and built-in pair, with the window and without, in turns

A stall is a stretch in which the interface thread does not come back to its events. It is told as
wall time and as processor time: on a shared machine the first also holds what others did. On Linux
the window is drawn offscreen (QT_QPA_PLATFORM), by the processor that also runs the model.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
from window_scenes import chat_of, pump, real, scripted, settle, with_window, write

from app.program import Program

PARTS = ("stream", "long-chat", "memory", "engine")
PAIRS = 20  # replies with the window, and as many without


def main() -> int:
    options = _options()
    application = QApplication(["MTP MLX"])
    application.setStyle("Fusion")
    print(f"Qt platform {application.platformName()}, {os.cpu_count()} cores")
    runs: dict[str, Callable[[argparse.Namespace], None]] = {
        "stream": stream,
        "long-chat": long_chat,
        "memory": memory,
        "engine": engine,
    }
    for part in options.parts or PARTS:
        print(f"\n{part}")
        runs[part](options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--tps", type=int, default=300)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


# What is measured


class Heart(QObject):
    """Beats whenever the interface thread comes back to its events."""

    def __init__(self) -> None:
        super().__init__()
        self.wall: list[float] = []  # ms between two beats
        self.busy: list[float] = []  # of these, on the processor
        self._last = (0.0, 0.0)
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._last = (time.perf_counter(), time.thread_time())
        self._timer.start(1)

    def stop(self) -> None:
        self._timer.stop()

    def _beat(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        self.wall.append((now[0] - self._last[0]) * 1e3)
        self.busy.append((now[1] - self._last[1]) * 1e3)
        self._last = now

    def tell(self) -> None:
        for name, stalls in (("wall", self.wall), ("processor", self.busy)):
            longest = ", ".join(f"{ms:.1f}" for ms in sorted(stalls)[:-6:-1])
            over = sum(ms > 50 for ms in stalls)
            print(f"  stalls, {name} time: longest {longest} ms; {over} over 50 ms")


class Paints(QObject):
    """Counts how often text is handed out, and how often the window is painted, whatever for."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._texts = self._paints = 0
        program.models.chat.streamed.connect(self._count)
        program.window.installEventFilter(self)

    def eventFilter(self, _window: QObject, event: QEvent) -> bool:  # noqa: N802
        self._paints += event.type() == QEvent.Type.UpdateRequest
        return False

    def _count(self) -> None:
        self._texts += 1

    def tell(self, seconds: float) -> None:
        print(
            f"  {self._texts / seconds:.1f} pieces of text handed out a second, "
            f"{self._paints / seconds:.1f} paints of the window (text, plot, numbers)"
        )


def resident_mb() -> float:
    """What the process holds now; on systems that do not say, the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 2**10)


# The parts


def stream(options: argparse.Namespace) -> None:
    with scripted() as (program, engine):
        heart, paints = Heart(), Paints(program)
        begun = time.perf_counter()
        heart.start()
        write(program, engine, options.tokens, options.tps)
        seconds = time.perf_counter() - begun
        heart.stop()
        print(f"  {options.tokens} tokens in {seconds:.1f} s: {options.tokens / seconds:.0f} tok/s")
        paints.tell(seconds)
        heart.tell()


def long_chat(options: argparse.Namespace) -> None:
    del options
    with scripted() as (program, _):
        chat = chat_of(2_000)
        opened, stalls = [], Heart()
        for _ in range(3):
            program.models.chat.new_chat()
            settle()
            begun = time.perf_counter()
            program.models.chat.open(chat)
            program.window.grab()
            opened.append((time.perf_counter() - begun) * 1e3)
            settle()
        shown = ", ".join(f"{ms:.0f}" for ms in opened)
        print(f"  opened and painted in {shown} ms")
        bar = program.window.transcript.verticalScrollBar()
        bar.setValue(bar.maximum())
        settle()
        stalls.start()
        steps = 0
        while (bar.value() > 0 or program.window.transcript.hidden_above) and steps < 20_000:
            bar.setValue(bar.value() - 400)
            pump(16)
            steps += 1
        stalls.stop()
        print(f"  scrolled to the first message in {steps} steps of 400 px")
        stalls.tell()


def memory(options: argparse.Namespace) -> None:
    with scripted() as (program, engine):
        sizes = []
        for _ in range(10):
            program.models.chat.new_chat()
            write(program, engine, options.tokens, tps=None)
            program.models.chat.new_chat()
            settle()
            gc.collect()
            sizes.append(resident_mb())
        shown = ", ".join(f"{size:.0f}" for size in sizes)
        print(f"  resident after each of ten replies: {shown} MB")
        print(f"  from the second to the last: {sizes[-1] - sizes[1]:+.1f} MB")


def engine(options: argparse.Namespace) -> None:
    """The same tokens of the same replies; which of the two comes first changes each time."""
    del options
    with real() as (program, headless):
        ratios = []
        for i in range(PAIRS):
            turns = [lambda i=i: with_window(program, i), lambda i=i: headless.write(i)]
            order = (0, 1) if i % 2 else (1, 0)
            speeds = [0.0, 0.0]
            for turn in order:
                speeds[turn] = turns[turn]()
            ratios.append(speeds[0] / speeds[1])
            print(f"  with the window {speeds[0]:.1f} tok/s, without {speeds[1]:.1f}")
        print(f"  with the window / without: median {statistics.median(ratios):.3f} of {PAIRS}")


if __name__ == "__main__":
    sys.exit(main())
