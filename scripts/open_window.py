"""Open the window, ask the built-in pair something, keep a picture, and close it.

Usage: python -m scripts.open_window PICTURE [--without-engine]

`--without-engine` is for a Mac without Metal, where the engine must fail and the window must not.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QTimer

import app.__main__
from app.engine.state import Dead, Ready
from app.program import Program

PATIENCE_S = 120
LOOK_MS = 50
PAINT_MS = 500
QUESTION = "What is multi-token prediction?"


class Visit:
    """Looks at the window from time to time, until it shows what is waited for."""

    def __init__(self, program: Program, picture: Path, *, with_engine: bool) -> None:
        self.done = False
        self.failure = f"The window is not ready after {PATIENCE_S} s."
        self._program = program
        self._picture = picture
        self._with_engine = with_engine
        self._asked = False
        self._timer = QTimer(program, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        QTimer.singleShot(PATIENCE_S * 1000, program, program.window.close)

    def _look(self) -> None:
        match self._program.engine.state:
            case Dead() as dead if self._with_engine:
                self.failure = f"The engine fails: {dead}."
                self._program.window.close()
            case Dead():
                self._show()
            case Ready():
                self._go_on()

    def _go_on(self) -> None:
        chat = self._program.models.chat
        if not self._asked:
            self._asked = True
            chat.send(QUESTION)
        elif not chat.writing:
            self._show()

    def _show(self) -> None:
        self._timer.stop()
        QTimer.singleShot(PAINT_MS, self._program, self._keep)

    def _keep(self) -> None:
        window = self._program.window
        self.done = window.isVisible() and window.grab().save(str(self._picture))
        if not self.done:
            self.failure = f"The window is not shown, or {self._picture} cannot be written."
        window.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--without-engine", action="store_true")
    options = parser.parse_args()
    visits: list[Visit] = []
    start = Program.start

    def start_and_visit(self: Program) -> None:
        start(self)
        with_engine = not options.without_engine
        begin = partial(Visit, self, options.picture, with_engine=with_engine)
        QTimer.singleShot(0, self, lambda: visits.append(begin()))

    Program.start = start_and_visit  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as data:
        code = app.__main__.main(["--data-dir", data])
    if code or not visits or not visits[0].done:
        print(visits[0].failure if visits else f"The window ends with exit code {code}.")
        return 1
    print("It opens, without an engine." if options.without_engine else "It opens and answers.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
