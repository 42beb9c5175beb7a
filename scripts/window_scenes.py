"""Windows to be measured: over an engine that writes what it is told to, or over the real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QPoint, QTimer
from PySide6.QtGui import QPainter, QPixmap, QRegion
from PySide6.QtWidgets import QApplication, QWidget

from app.__main__ import worker_command
from app.domain.conversation import (
    Chat,
    ChatMessage,
    EngineRecord,
    ReplyRecord,
    RoundRecord,
    TokenRecord,
)
from app.domain.settings import ReplySettings, ThemeChoice
from app.engine.engine import Engine
from app.engine.scripted import ScriptedWorker
from app.engine.worker import WorkerProcess
from app.program import Program
from app.services.model_tool import ModelTool
from app.views.common.preload import preload
from mtp_mlx import api, events, wire
from mtp_mlx.api import Generate, Message

DEPTH = 3
TICK_MS = 4
LENGTH = 400  # tokens of the real engine's replies, as many as a large model writes
QUESTIONS = ("Tell me a story about a fox.", "What is speculative decoding?", "Who are you?")

PAIR = api.PairInfo(
    target="Scripted",
    drafter="Scripted drafter",
    no_drafter_reason=None,
    target_bytes=0,
    drafter_bytes=0,
    quantization="none",
    context_length=131_072,
    sliding_window=512,
    draft_position="last-seen",
    recommended=api.Sampling(),
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


@contextmanager
def scripted(
    theme: ThemeChoice = "light", tool: ModelTool | None = None, pair: api.PairInfo = PAIR
) -> Iterator[tuple[Program, ScriptedWorker]]:
    with TemporaryDirectory() as folder:
        said = ScriptedWorker()
        program = Program(said, Path(folder), theme, tool=tool)
        program.start()
        program.window.resize(1280, 800)
        said.say(wire.Hello(protocol=wire.PROTOCOL_VERSION, versions={}, device={}))
        said.say(wire.Loaded(pair=pair, memory=api.Memory(active=1, peak=1, limit=10**9)))
        preload().join()  # as the program does once the window is up
        settle()
        try:
            yield program, said
        finally:
            close(program)


def write(program: Program, engine: ScriptedWorker, tokens: int, tps: int | None) -> None:
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
                events.Token(id=i, text=piece, source="target" if i == len(taken) - 1 else "draft")
                for i, piece in enumerate(taken)
            ],
            depth=drafted,
            accepted=len(taken) - 1,
            rejected=[events.Rejected(id=1, text="no")] if drafted and len(taken) <= DEPTH else [],
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
        sampling=api.Sampling(),
        stats=api.Stats(
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
        sampling=api.Sampling(),
        max_tokens=2048,
        mtp="auto",
        switches=(),
        finish="finished",
        prompt_tokens=10,
        reused_tokens=0,
        engine=EngineRecord(),
        pair=PAIR,
    )


class Endless(WorkerProcess):
    """The built-in pair has little to say: it goes on past the end of its replies."""

    def send(self, command: wire.Command) -> None:
        if isinstance(command, wire.Generate):
            command = msgspec.structs.replace(command, ignore_eos=True)
        super().send(command)


class Headless(QObject):
    """The same worker and the same pipe, with nothing to show."""

    def __init__(self) -> None:
        super().__init__()
        self._engine = Engine(Endless(worker_command()), parent=self)
        self._finished: list[wire.Finished] = []
        self._engine.start()

    @property
    def ready(self) -> bool:
        return self._engine.idle is not None

    def write(self, i: int) -> float:
        self._finished.clear()
        ticket = self._engine.submit(
            Generate(
                prompt=(Message(role="user", content=QUESTIONS[i % len(QUESTIONS)]),),
                sampling=api.Sampling(),
                mtp=DEPTH,
                max_tokens=LENGTH,
                seed=0,
                ignore_eos=True,
            )
        )
        ticket.finished.connect(self._finished.append)
        wait(lambda: bool(self._finished))
        return self._finished[0].stats.decode_tps or 0.0

    def close(self) -> None:
        self._engine.close()


def with_window(program: Program, i: int) -> float:
    chat = program.models.chat
    chat.new_chat()
    chat.take_settings_along()
    chat.send(QUESTIONS[i % len(QUESTIONS)])
    wait(lambda: not chat.writing)
    reply = chat.last_reply
    assert reply is not None
    assert reply.stats is not None
    return reply.stats.decode_tps or 0.0


@contextmanager
def real() -> Iterator[tuple[Program, Headless]]:
    with TemporaryDirectory() as folder:
        program = Program(Endless(worker_command()), Path(folder), "light")
        program.start()
        program.window.resize(1280, 800)
        headless = Headless()
        wait(lambda: not program.models.chat.obstacle and headless.ready)
        greedy = ReplySettings(sampling=api.Sampling(), seed=0, max_tokens=LENGTH)
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
    """As a program does that has nothing to do: asleep until something comes."""
    end = time.perf_counter() + seconds
    alarm = QTimer(interval=1000)
    alarm.start()
    while not done():
        if time.perf_counter() > end:
            raise TimeoutError
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def owners(widget: QWidget) -> Iterator[QWidget]:
    """Yield what a widget belongs to: a submenu to its menu, and that to a button's window."""
    owner = widget.parentWidget()
    while owner is not None:
        yield owner
        owner = owner.parentWidget()


def save(widget: QWidget, path: Path, ratio: float = 1) -> None:
    """Write a picture of a widget, with the menus and questions that stand over it."""
    picture = QPixmap(widget.size() * ratio)
    picture.setDevicePixelRatio(ratio)
    widget.render(picture, QPoint(), QRegion(widget.rect()))
    painter = QPainter(picture)
    for other in QApplication.topLevelWidgets():
        if other.isVisible() and widget.window() in owners(other):
            painter.drawPixmap(widget.mapFromGlobal(other.pos()), other.grab())
    painter.end()
    if not picture.save(str(path)):
        raise OSError(f"{path} could not be written; choose another folder with --out.")
    print(path)
