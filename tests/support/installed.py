"""Prove that a copy of the program laid into a folder works: `python -P installed.py FOLDER`.

Run it outside the checkout. It writes a reply with the built-in pair, opens the window until its
engine is ready, and closes it. Exits with 0, or with a sentence that says what failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer

import app
import mtp_mlx
from app.engine.state import Dead, Ready, Unloaded
from app.program import Program
from mtp_mlx.cli.main import run
from mtp_mlx.paths import DATA_VARIABLE, checkout, resources

PATIENCE_S = 400  # from nothing, MLX on a CPU first compiles its kernels
LOOK_MS = 50


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    places = [Path(str(package.__file__)).resolve() for package in (app, mtp_mlx)]
    for place in (*places, resources().resolve()):
        if not place.is_relative_to(folder):
            sys.exit(f"{place} is in use, which is not in {folder}.")
    if checkout() is not None:
        sys.exit(f"{checkout()} passes for the checkout of an installed copy.")
    with tempfile.TemporaryDirectory() as data:
        os.environ[DATA_VARIABLE] = data
        write_a_reply()
        open_the_window()


def write_a_reply() -> None:
    command = [sys.executable, "-P", "-m", "mtp_mlx", "generate", "Who are you?", "--json"]
    options = ["--mtp", "3", "--max-tokens", "16", "--temperature", "0"]
    done = subprocess.run(
        [*command, *options], stdout=subprocess.PIPE, timeout=PATIENCE_S, check=False
    )
    if done.returncode != 0:
        sys.exit(f"generate ends with exit code {done.returncode}.")
    reply = json.loads(done.stdout)
    if not reply["text"] or not reply["stats"]["draft_n_accepted"]:
        sys.exit(f"generate writes no text, or accepts no draft: {reply}")


def open_the_window() -> None:
    """Run `mtp-mlx app` in this process; only what happens after `start` is added."""
    start = Program.start
    states: list[object] = []

    def start_and_look(self: Program) -> None:
        start(self)
        look = QTimer(self, interval=LOOK_MS)
        look.timeout.connect(partial(close_when_ready, self, states))
        look.start()
        QTimer.singleShot(PATIENCE_S * 1000, self, self.window.close)

    Program.start = start_and_look  # type: ignore[method-assign]
    code = run(["app"])
    if code != 0 or not states:
        sys.exit(f"The window ends with exit code {code}, its engine not ready.")
    if not isinstance(states[0], Ready):
        sys.exit(f"The window's engine fails: {states[0]}.")


def close_when_ready(program: Program, states: list[object]) -> None:
    state = program.engine.state
    if not states and program.window.isVisible() and isinstance(state, Ready | Unloaded | Dead):
        states.append(state)
        program.window.close()


if __name__ == "__main__":
    main()
