"""Takes the documentation's pictures of the real window, with the real worker and built-in pair.

Usage: python scripts/screenshots.py [--out docs]

Nothing in them is drawn by hand: the replies are written, and their speed measured, while this
runs. The first reply is written with MTP off, because the speed-up is against what was measured.
The first page and the Models page (welcome.png, models.png) are those of a Mac with 24 GB, for
which `model_stage` answers.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from model_stage import EMPTY, staged
from PySide6.QtCore import QDeadlineTimer, QEventLoop
from PySide6.QtWidgets import QApplication, QWidget
from window_scenes import save

from app.__main__ import worker_command
from app.domain.settings import ReplySettings, ThemeChoice
from app.engine.worker import WorkerProcess
from app.program import Program
from app.views.compare.compare_view import CompareDialog
from mtp_mlx.api import Sampling

SIZE = (1280, 800)
MODELS_SIZE = (1100, 760)
DEPTH = 3
PATIENCE_S = 180.0
PLAIN_QUESTION = "What is speculative decoding?"
QUESTION = "Write a Python function that reverses a list."
STORY = "Tell me a short story about a small tree."
ANOTHER_STORY = "Tell me a short story about a lighthouse."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    application = QApplication(["MTP MLX"])
    application.setStyle("Fusion")
    models(out)
    with TemporaryDirectory() as folder:
        with opened(Path(folder), "light") as program:
            set_up(program)
            program.models.mtp.turn(on=False)
            ask(program, PLAIN_QUESTION)
            program.models.mtp.turn(on=True)
            ask(program, QUESTION)
            save(program.window, out / "chat.png")
            program.window.transcript.set_token_view(shown=True)
            settle()
            save(program.window, out / "tokens.png")
            program.window.transcript.set_token_view(shown=False)
            save(compared(program, STORY), out / "compare.png")
            begin(program, STORY)
            save(program.window.overlay, out / "overlay.png", ratio=2)
            finish(program)
        with opened(Path(folder), "dark") as program:  # the same chat, as it was stored
            wait("the model", lambda: not program.models.chat.obstacle)
            begin(program, ANOTHER_STORY)
            save(program.window, out / "dark.png")
            finish(program)
    return 0


def models(out: Path) -> None:
    """Take the two clicks from the built-in pair to a downloaded one."""
    with staged("light", MODELS_SIZE) as stage:
        stage.answer(EMPTY)
        settle()
        save(stage.program.window, out / "welcome.png")
        stage.program.window.welcome.own.button.click()
        stage.look(EMPTY)
        stage.say_of_fetch("fetching", done=3 * 10**9, total=9 * 10**9, rate=24 * 10**6)
        settle()
        save(stage.program.window, out / "models.png")


@contextmanager
def opened(data: Path, theme: ThemeChoice) -> Iterator[Program]:
    program = Program(WorkerProcess(worker_command()), data, theme)
    try:
        program.start()
        program.window.resize(*SIZE)
        yield program
    finally:
        program.close()
        program.window.hide()


def set_up(program: Program) -> None:
    """Greedy decoding: the pictures of two runs differ by their numbers only.

    K is fixed: on a machine that does other work too, auto may find plain decoding faster.
    """
    program.models.chat.set_settings(ReplySettings(sampling=Sampling(), seed=0))
    program.models.mtp.choose(DEPTH)
    wait("the model", lambda: not program.models.chat.obstacle)


def ask(program: Program, question: str) -> None:
    program.models.chat.send(question)
    finish(program)


def begin(program: Program, question: str) -> None:
    """Returns in the middle of the reply, once there are numbers to show."""
    chat, overlay = program.models.chat, program.models.overlay
    chat.send(question)
    wait("numbers", lambda: not chat.writing or len(overlay.live.history) > 12)


def compared(program: Program, question: str) -> QWidget:
    """The dialog, once both runs have been raced."""
    program.window.compare()
    dialog = program.window.findChildren(CompareDialog)[-1]
    dialog.question.setPlainText(question)
    dialog.start.click()
    compare = program.models.compare
    wait("both runs", lambda: not compare.state.running)
    wait("the race", lambda: not compare.race.playing)
    return dialog


def settle() -> None:
    """Layouts come in one by one; what is not on the screen is painted in slices."""
    deadline = QDeadlineTimer(1500)
    while not deadline.hasExpired():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


def finish(program: Program) -> None:
    wait("a reply", lambda: not program.models.chat.writing)
    wait("the engine", lambda: not program.models.chat.obstacle)


def wait(what: str, happened: Callable[[], bool]) -> None:
    deadline = QDeadlineTimer(int(PATIENCE_S * 1000))
    while not happened():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
        if deadline.hasExpired():
            raise TimeoutError(f"Waited {PATIENCE_S:.0f} s for {what}; see the worker's messages.")
    for _ in range(3):  # layouts settle, then paint
        QApplication.processEvents()


if __name__ == "__main__":
    sys.exit(main())
