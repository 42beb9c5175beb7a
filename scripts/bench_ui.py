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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.domain.conversation import (
    Chat,
    ChatMessage,
    EngineRecord,
    ReplyRecord,
    RoundRecord,
    TokenRecord,
)
from app.domain.settings import ReplySettings
from app.engine.client import ProcessEngine
from app.engine.scripted import ScriptedEngine
from app.engine.supervisor import Supervisor
from app.paths import worker_command
from app.program import Program
from app.views.preload import preload
from mtp_mlx import wire

PARTS = ("stream", "long-chat", "memory", "engine")
DEPTH = 3
TICK_MS = 4
PAIRS = 6  # replies with the window, and as many without
QUESTIONS = ("Tell me a story about a fox.", "What is speculative decoding?", "Who are you?")

PAIR = wire.PairInfo(
    target="Scripted",
    drafter="Scripted drafter",
    no_drafter_reason=None,
    target_bytes=0,
    drafter_bytes=0,
    quantization="none",
    context_length=131_072,
    sliding_window=512,
    draft_position="last-seen",
    recommended=wire.Sampling(),
    has_chat_template=True,
)

PASSAGE = """
## Part {n}

A paragraph of plain words, long enough to be wrapped more than once in a window of common width,
with *emphasis*, **strong words**, `code` and a [link](https://example.org/{n}) here and there.

- first of a list, item {n}
- second, with a nested one
  1. and a number

> What is quoted stands apart, as it does in a letter.

| depth | accepted | tokens |
|------:|---------:|-------:|
| {n} | 78 % | 3.1 |

```python
def part_{n}(items: list[int]) -> int:
    \"\"\"Adds what is even.\"\"\"
    return sum(item for item in items if item % 2 == 0)  # and nothing else
```

The sum $\\sum_{{i=1}}^{n} i = \\frac{{n(n+1)}}{{2}}$ ends the part.
"""


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
    """Counts what the conversation paints."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.times: list[float] = []
        program.models.chat.streamed.connect(self._count)

    def _count(self) -> None:
        self.times.append(time.perf_counter())

    def tell(self, seconds: float) -> None:
        print(f"  {len(self.times) / seconds:.1f} paints a second")


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
    """The same questions with the same seeds; the order of the two turns round each time."""
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


# How they are set up


@contextmanager
def scripted() -> Iterator[tuple[Program, ScriptedEngine]]:
    with TemporaryDirectory() as folder:
        said = ScriptedEngine()
        program = Program(said, Path(folder), "light")
        program.start()
        program.window.resize(1280, 800)
        said.say(wire.Hello(protocol=wire.PROTOCOL_VERSION, versions={}, device={}))
        said.say(wire.Loaded(pair=PAIR, memory=wire.Memory(active=1, peak=1, limit=10**9)))
        preload().join()  # as the program does once the window is up
        settle()
        try:
            yield program, said
        finally:
            close(program)


def write(program: Program, engine: ScriptedEngine, tokens: int, tps: int | None) -> None:
    """A whole reply, at `tps`; None: as fast as it can be shown."""
    program.models.chat.send("Write something long.")
    request = next(c for c in reversed(engine.sent) if isinstance(c, wire.Generate))
    rounds = rounds_of(request.id, tokens)
    begun, told = time.perf_counter(), 0
    for event in rounds:
        if tps is None:
            if told % 400 < len(event.tokens):
                pump(0)
        else:
            while (time.perf_counter() - begun) * tps < told:
                pump(TICK_MS)
        engine.say(event)
        told += len(event.tokens)
    engine.say(finished(request, told))
    settle()


def rounds_of(reply: str, tokens: int) -> Iterator[wire.Round]:
    """Pieces of four letters, as long as a token of English is on average."""
    text = "".join(PASSAGE.format(n=n) for n in range(1, 2 + tokens // 60))
    pieces = [text[at : at + 4] for at in range(0, len(text), 4)][:tokens]
    sizes, at = (4, 2, 3, 1, 4), 0
    for index in count():
        size = 1 if index == 0 else sizes[index % len(sizes)]
        taken = pieces[at : at + size]
        if not taken:
            return
        at += size
        drafted = DEPTH if index else 0
        yield wire.Round(
            id=reply,
            index=index,
            tokens=[
                wire.Token(id=i, text=piece, source="target" if i == len(taken) - 1 else "draft")
                for i, piece in enumerate(taken)
            ],
            depth=drafted,
            drafted=drafted,
            accepted=len(taken) - 1,
            rejected=[wire.Rejected(id=1, text="no")] if drafted and len(taken) <= DEPTH else [],
            ms=10.0,
            state="drafting" if index else "plain",
        )


def finished(request: wire.Generate, tokens: int) -> wire.Finished:
    return wire.Finished(
        id=request.id,
        reason="stop",
        prompt_tokens=10,
        reused_tokens=0,
        seed=0,
        sampling=wire.Sampling(),
        stats=wire.Stats(
            draft_rounds=0,
            draft_n=0,
            draft_n_accepted=0,
            acceptance_rate=None,
            mean_acceptance_length=None,
            acceptance_histogram=(),
            acceptance_by_position=(),
            conditional_acceptance=(),
            generated_tokens=tokens,
            decode_tps=300.0,
            prefill_tps=None,
            ttft_s=0.1,
            peak_memory_bytes=0,
        ),
    )


def chat_of(messages: int) -> Chat:
    """Questions and replies with rounds, each following the one before."""
    made: list[ChatMessage] = []
    for i in range(messages):
        parent = made[-1].id if made else None
        if i % 2 == 0:
            made.append(ChatMessage(id=str(i), role="user", text=f"Question {i}?", parent=parent))
        else:
            text = PASSAGE.format(n=i)
            made.append(
                ChatMessage(
                    id=str(i), role="assistant", text=text, parent=parent, reply=record_of(text)
                )
            )
    return Chat(id="long", title="Long", created=0.0, messages=tuple(made), tip=made[-1].id)


def record_of(text: str) -> ReplyRecord:
    rounds = [
        RoundRecord(
            index=i,
            depth=DEPTH,
            drafted=DEPTH,
            accepted=1,
            ms=10.0,
            state="drafting",
            at=i / 100,
            tokens=(TokenRecord(1, text[at : at + 4], "draft"), TokenRecord(2, "", "target")),
        )
        for i, at in enumerate(range(0, len(text), 4))
    ]
    return ReplyRecord(
        rounds=tuple(rounds),
        stats=None,
        seed=0,
        sampling=wire.Sampling(),
        max_tokens=2048,
        mtp="auto",
        switches=(),
        finish="stop",
        prompt_tokens=10,
        reused_tokens=0,
        engine=EngineRecord(),
        pair=PAIR,
    )


class Headless(QObject):
    """The same worker and the same pipe, with nothing to show."""

    def __init__(self) -> None:
        super().__init__()
        self._supervisor = Supervisor(ProcessEngine(worker_command()), parent=self)
        self._finished: list[wire.Finished] = []
        self._supervisor.received.connect(self._on_event)
        self._supervisor.start()

    @property
    def ready(self) -> bool:
        return type(self._supervisor.state).__name__ == "Ready"

    def write(self, i: int) -> float:
        self._finished.clear()
        self._supervisor.generate(
            wire.Generate(
                id=f"headless {i}",
                messages=[wire.Message(role="user", content=QUESTIONS[i % len(QUESTIONS)])],
                sampling=wire.Sampling(),
                mtp=DEPTH,
                max_tokens=256,
                seed=0,
                ignore_eos=False,
            )
        )
        wait(lambda: bool(self._finished))
        return self._finished[0].stats.decode_tps or 0.0

    def close(self) -> None:
        self._supervisor.close()

    def _on_event(self, event: wire.Event) -> None:
        if isinstance(event, wire.Finished):
            self._finished.append(event)


def with_window(program: Program, i: int) -> float:
    chat = program.models.chat
    chat.new_chat()
    chat.send(QUESTIONS[i % len(QUESTIONS)])
    wait(lambda: not chat.writing)
    reply = chat.last_reply
    assert reply is not None
    assert reply.stats is not None
    return reply.stats.decode_tps or 0.0


@contextmanager
def real() -> Iterator[tuple[Program, Headless]]:
    with TemporaryDirectory() as folder:
        program = Program(ProcessEngine(worker_command()), Path(folder), "light")
        program.start()
        program.window.resize(1280, 800)
        headless = Headless()
        wait(lambda: not program.models.chat.obstacle and headless.ready)
        greedy = ReplySettings(sampling=wire.Sampling(), seed=0, max_tokens=256)
        program.models.chat.set_settings(greedy)
        program.models.mtp.choose(DEPTH)
        try:
            yield program, headless
        finally:
            headless.close()
            close(program)


def close(program: Program) -> None:
    program.close()
    program.window.hide()
    program.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def pump(ms: int) -> None:
    """Let the interface run for about so long."""
    QCoreApplication.processEvents()
    end = time.perf_counter() + ms / 1e3
    while (left := end - time.perf_counter()) > 0:
        time.sleep(min(left, 0.001))
        QCoreApplication.processEvents()


def settle() -> None:
    pump(400)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def wait(done: Callable[[], bool], seconds: float = 180.0) -> None:
    end = time.perf_counter() + seconds
    while not done():
        if time.perf_counter() > end:
            raise TimeoutError
        pump(20)


if __name__ == "__main__":
    sys.exit(main())
