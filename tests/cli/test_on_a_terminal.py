"""`chat` and `generate` on a terminal of the system: what reaches it, and how Ctrl-C leaves it.

The model writes one token all the time, which would clear the screen and set its title.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest
from tokenizers import AddedToken

from tests.cli.test_steering import STEERING
from tests.support.checkpoints import PairFolders, write_pair
from tests.support.shapes import E2B
from tests.text.samples import byte_fallback, write_json

EVIL = "\x1b[2J\x1b]0;x\x07\x9b31m\u202ez"
SHOWN = "\u241b[2J\u241b]0;x\u2407\ufffd31m\ufffdz"
TEMPLATE = "{% for m in messages %}<|turn>{{ m.content }}<turn|>\n{% endfor %}"
OURS = re.compile("\x1b\\[[012]m|\r?\x1b\\[K|\x1b\\[\\?2004[hl]|\x1b\\[6n")
"""What the program and its line editor tell a terminal: quiet, plain, a line erased, pasting."""

PATIENCE_S = 60.0
OPENED = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from mtp_mlx.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
"""Makes its stdin the terminal that Ctrl-C comes from, and runs a command."""


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    pair: PairFolders = write_pair(tmp_path_factory.mktemp("pair"), E2B)
    library = byte_fallback()
    library.add_tokens([AddedToken(EVIL, normalized=False)])
    write_json(pair.target, library, {"eos_token": "<eos>"})
    (pair.target / "chat_template.jinja").write_text(TEMPLATE)
    always = f"{library.token_to_id(EVIL)}=100"
    return ["--target", str(pair.target), "--drafter", str(pair.drafter), "--logit-bias", always]


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self._screen, self._own = pty.openpty()
        self.before = termios.tcgetattr(self._own)
        self.process = subprocess.Popen(
            [sys.executable, "-c", OPENED, *command],
            stdin=self._own, stdout=self._own, stderr=self._own, start_new_session=True,
        )  # fmt: skip
        self._bytes = b""
        self._waited_for = 0  # where in `shown` the next words are looked for

    @property
    def shown(self) -> str:
        return self._bytes.decode(errors="ignore")

    @property
    def modes(self) -> list[object]:
        return termios.tcgetattr(self._own)

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def wait_for(self, words: str) -> None:
        """Wait for words that come behind those waited for before."""
        ends_at = time.monotonic() + PATIENCE_S
        while words not in self.shown[self._waited_for :]:
            assert time.monotonic() < ends_at, f"{words!r} does not come: {self.shown!r}"
            self._read(1.0)
        self._waited_for = self.shown.index(words, self._waited_for) + len(words)

    def _read(self, seconds: float) -> bool:
        there = bool(select.select([self._screen], [], [], seconds)[0])
        if there:
            self._bytes += os.read(self._screen, 2**16)
        return there

    def end(self) -> int:
        """Return the exit code, once all that was still to come is read."""
        while self._read(0.01) or self.process.poll() is None:
            pass
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)
        os.close(self._own)


@contextlib.contextmanager
def terminal(*command: str) -> Iterator[Terminal]:
    opened = Terminal(*command)
    try:
        yield opened
    finally:
        opened.close()


def check_what_was_shown(screen: Terminal) -> None:
    assert SHOWN in screen.shown
    assert not STEERING.search(OURS.sub("", screen.shown).replace("\r\n", "\n"))
    assert "Traceback" not in screen.shown
    assert screen.modes == screen.before


def test_a_chat(options: list[str]) -> None:
    with terminal("chat", *options, "--max-tokens", "3000") as screen:
        screen.wait_for("> ")
        screen.type("half a line\x03")  # Ctrl-C gives up the line
        screen.wait_for("> ")
        screen.type("hello\n")
        screen.wait_for(SHOWN)
        screen.type("\x03")  # and a reply
        screen.wait_for(" \u00b7 stopped")
        screen.wait_for("> ")
        screen.type("\x04")
        assert screen.end() == 0
        check_what_was_shown(screen)


def test_a_reply(options: list[str]) -> None:
    with terminal("generate", "hello", *options, "--max-tokens", "3000") as screen:
        screen.wait_for(SHOWN)
        screen.type("\x03")
        assert screen.end() == 130
        check_what_was_shown(screen)
