"""What a model, a file or a name says steers no terminal, whichever command prints it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from mtp_mlx.cli import chat, doctor, generate
from mtp_mlx.cli.main import run
from mtp_mlx.cli.terminal import ProgressLine
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.host import Host
from mtp_mlx.report.saving import encode
from tests.cli import scripted
from tests.report.samples import REPORT

EVIL = "a\x1b]0;x\x07\x1b[2J\x9b31m\u202eb\u2066c\x08\x7f\u200fd"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
OURS = re.compile("\x1b\\[[012]m|\r\x1b\\[K")
"""What the program itself tells a terminal: bold, quiet, plain, and an erased line."""


class Terminal(io.TextIOWrapper):
    """A terminal that keeps the bytes it was sent."""

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


Show = Callable[..., str]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """Run commands, and return what a terminal is sent."""

    def shown(*commands: list[str], code: int = 0, also: Callable[[], None] = lambda: None) -> str:
        terminal = Terminal(io.BytesIO(), encoding="utf-8", newline="")
        with monkeypatch.context() as patched:
            patched.setattr("sys.stdout", terminal)
            patched.setattr("sys.stderr", terminal)
            patched.setattr("sys.stdin", terminal)
            also()
            codes = [run(command) for command in commands]
        assert set(codes) <= {code}
        assert not STEERING.search(OURS.sub("", terminal.shown))
        return terminal.shown

    return shown


@pytest.fixture(autouse=True)
def evil_model(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted.ScriptedEngine()
    monkeypatch.setitem(scripted.WORDS, 7, EVIL)
    monkeypatch.setitem(scripted.WORDS, 9, EVIL)
    monkeypatch.setattr(scripted, "PAIR", replace(scripted.PAIR, target=EVIL, drafter=EVIL))
    for module in (generate, chat):
        monkeypatch.setattr(module, "load", lambda _: Host(engine))  # type: ignore[arg-type]


def test_the_check_sees_what_steers() -> None:
    assert len(STEERING.findall(EVIL)) == 9
    assert not STEERING.search(OURS.sub("", "\r\x1b[K\x1b[2mquiet\x1b[0m\ta\n"))


@pytest.mark.parametrize("json_too", [False, True])
def test_a_reply(show: Show, *, json_too: bool) -> None:
    shown = show(["generate", "hello", *(["--json"] if json_too else [])])
    assert "31m" in shown
    if json_too:
        assert json.loads(shown.splitlines()[0])["text"].startswith(EVIL)


def test_a_chat(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["hello", f"/{EVIL}", "/stats"])
    monkeypatch.setattr(chat, "_read_line", lambda: next(lines, None))
    assert show(["chat"]).count("31m") == 5  # greeting, thought, word, command; twice in the first


@pytest.mark.parametrize("json_too", [False, True])
def test_the_models_on_this_disk(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, json_too: bool
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    name = f"models--mlx-community--gemma-4-e2b-it-{EVIL}"
    (tmp_path / name / "snapshots" / EVIL).mkdir(parents=True)
    assert "31m" in show(["models", "list", *(["--json"] if json_too else [])])


@pytest.mark.parametrize("json_too", [False, True])
def test_the_doctor(show: Show, monkeypatch: pytest.MonkeyPatch, *, json_too: bool) -> None:
    finding = doctor.Finding(subject="MTP", verdict="slow", fact=EVIL, remedy=EVIL)
    monkeypatch.setattr(doctor, "diagnose", lambda: [finding])
    assert show(["doctor", *(["--json"] if json_too else [])]).count("31m") == 2


def test_reports(show: Show, tmp_path: Path) -> None:
    pair = msgspec.structs.replace(REPORT.pair, target=EVIL, drafter=EVIL)
    settings = msgspec.structs.replace(REPORT.settings, suite=EVIL)
    evil = msgspec.structs.replace(REPORT, title=EVIL, pair=pair, settings=settings)
    file = tmp_path / "r.json"
    file.write_bytes(encode(evil))
    assert "31m" in show(["report", "show", str(file)])
    assert "31m" in show(["report", "compare", str(file), str(file)])
    assert "31m" in show(["report", "export", str(file), str(tmp_path / f"{EVIL}.md")])
    assert "31m" in show(["report", "show", str(tmp_path / EVIL)], code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        [EVIL],
        ["generate", "hi", f"--{EVIL}"],
        ["bench", "--suite", EVIL],
        ["chat", "--mtp", EVIL],
        ["calibrate", "--target", EVIL],
    ],
)
def test_errors(show: Show, arguments: list[str]) -> None:
    code = 1 if "--target" in arguments else 2
    assert "31m" in show(arguments, code=code)


def test_progress_and_warnings(show: Show) -> None:
    def warn() -> None:
        with ProgressLine() as line:
            line.show(EVIL)
            line.warn(EVIL)

    assert show(also=warn).count("31m") == 2


@pytest.mark.parametrize("words", [lambda n: (EVIL * n, "Do."), lambda n: ("Oh.", EVIL)])
@pytest.mark.parametrize("n", [1, 1000])
def test_an_error_is_one_short_sentence(words: Callable[[int], tuple[str, str]], n: int) -> None:
    error = MtpMlxError(*words(n))
    for text in (str(error), f"{error.message} {error.remedy}"):
        assert len(text) <= 300
        assert not STEERING.search(text)
