"""A pair of true shape through the real window: add its folder, load it, chat, and what it took.

Usage: python scripts/true_window.py DIR [--tokens 16] [--out build/true]

DIR has a target and a drafter, such as `scripts.true_shape` writes. The window, the engine and
`mtp-mlx models` are the real ones, in an empty home; every step is a click on the Models page or in
the chat. Pictures of the steps go to OUT. Without a display:
xvfb-run -a -s "-screen 0 1400x900x24" .venv/bin/python scripts/true_window.py DIR
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from PySide6.QtWidgets import QApplication, QFileDialog
from window_scenes import close, pump, save, wait

from app import strings
from app.__main__ import tool_command, worker_command
from app.domain import models as told
from app.domain.settings import ReplySettings
from app.engine.state import Loading, Ready, State
from app.engine.worker import WorkerProcess
from app.program import Program
from app.services.model_tool import ToolProcess
from app.viewmodels.chat.footer import footer
from app.views.models.model_rows import LocalView
from app.views.models.models_page import ModelsPage
from mtp_mlx.api import DEMO_PAIR, Memory, Sampling

GB = 10**9
PATIENCE_S = 3600.0
QUESTION = "Hello"
MODEL_VARIABLES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path("build/true"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    application = QApplication(["MTP MLX"])
    application.setStyle("Fusion")
    with TemporaryDirectory() as home:
        os.environ["HOME"] = home
        for name in MODEL_VARIABLES:
            os.environ.pop(name, None)
        tool = ToolProcess(tool_command("models"))
        program = Program(WorkerProcess(worker_command()), Path(home) / "data", "light", tool=tool)
        try:
            program.start()
            Visit(program, tool, options.out, options.folder.resolve()).go(options.tokens)
        finally:
            close(program)
    return 0


class Visit:
    """One way through the window; each step prints how long it took."""

    def __init__(self, program: Program, tool: ToolProcess, out: Path, folder: Path) -> None:
        self._program = program
        self._tool = tool
        self._out = out
        self._folder = folder
        self._begun = time.monotonic()
        self._most = 0  # bytes of the engine's process
        self._memory: Memory | None = None
        self._phases: list[str] = []
        program.engine.memory_changed.connect(self._on_memory)
        program.engine.state_changed.connect(self._on_state)

    def go(self, tokens: int) -> None:
        window, engine = self._program.window, self._program.engine
        self.until(lambda: isinstance(engine.state, Ready))
        self.say("built-in pair ready")
        window.places.models.button.click()
        page = window.places.currentWidget()
        assert isinstance(page, ModelsPage)
        self.until(lambda: self._program.models.models.state.is_listed)
        QFileDialog.getExistingDirectory = lambda *_: str(self._folder)  # type: ignore[method-assign]
        page.add.click()
        target = str(self._folder / "target")
        self.until(lambda: target in page.local.views)
        row = page.local.views[target]
        self.until(row.verdict.isVisible)
        row.verdict.click()
        self.picture("1-found")
        self.say(f"found and judged: {row.title.text()}, {row.verdict.text()}")
        print(f"  {row.sum.text()}")
        self.load(row)
        self.chat(tokens)

    def load(self, row: LocalView) -> None:
        row.button.click()
        self.until(lambda: row.button.text() == strings.MODEL_LOADED)
        self.picture("3-loaded")
        self.say(f"loaded, over {', '.join(self._phases)}; the engine's process {self.process()}")

    def chat(self, tokens: int) -> None:
        window, models = self._program.window, self._program.models
        window.places.show_chat()
        models.chat.new_chat()
        models.chat.set_settings(ReplySettings(sampling=Sampling(), max_tokens=tokens, seed=1))
        window.composer.text.setPlainText(QUESTION)
        window.composer.send.click()
        self.until(lambda: bool(models.overlay.numbers.rate) or not models.chat.writing)
        self.picture("4-writing")
        numbers = models.overlay.numbers
        self.say(f"writing: overlay {numbers.rate} {numbers.rate_note}, {numbers.memory}")
        self.until(lambda: not models.chat.writing)
        self.picture("5-done")
        reply = models.chat.last_reply
        assert reply is not None
        assert reply.stats is not None
        self.say(f"{reply.stats.generated_tokens} tokens: {footer(reply)}")
        self.compare(reply.prompt_tokens + reply.stats.generated_tokens)

    def compare(self, context: int) -> None:
        """Print the sum for the context that was in use, against what was measured."""
        answers: list[told.Fit] = []
        arguments = ("fit", str(self._folder / "target"), "--context", str(context), "--json")
        self._tool.ask(arguments, told.Fit, self._program).then(answers.append)
        self.until(lambda: bool(answers))
        need, memory = answers[0].need, self._memory
        assert memory is not None
        bare = need.total - need.margin
        print(f"  {context} tokens: sum {need.total / GB:.2f} GB, {bare / GB:.2f} without margin")
        print(f"  MLX's peak {memory.peak / GB:.2f} GB, {memory.peak / bare:.2f} of that")
        print(f"  the engine's process {self.process()} at the most")

    def until(self, happened: Callable[[], bool]) -> None:
        """Let the window run; look at the engine's memory once a second, or more often."""

        def looks() -> bool:
            self._most = max(self._most, worker_bytes())
            return happened()

        wait(looks, PATIENCE_S)

    def picture(self, name: str) -> None:
        pump(300)
        save(self._program.window, self._out / f"{self._folder.name}-{name}.png")

    def say(self, words: str) -> None:
        print(f"{time.monotonic() - self._begun:7.1f} s  {words}", flush=True)

    def process(self) -> str:
        return f"{self._most / GB:.2f} GB"

    def _on_memory(self, memory: Memory | None) -> None:
        self._memory = memory or self._memory

    def _on_state(self, state: State) -> None:
        if not isinstance(state, Loading) or state.model.target == DEMO_PAIR:
            return
        if state.phase and self._phases[-1:] != [state.phase]:
            self._phases.append(state.phase)
            if state.phase == "target":
                self.picture("2-loading")


def worker_bytes() -> int:
    """Return the memory of the engine's process, which is the largest child."""
    sizes = [0]
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            sizes.append(child.memory_info().rss)
    return max(sizes)


if __name__ == "__main__":
    sys.exit(main())
