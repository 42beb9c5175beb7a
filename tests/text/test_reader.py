"""The reader: what its process answers, and what it is killed for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from mtp_mlx.api import Message, ThinkingSyntax
from mtp_mlx.errors import DamagedModel, ModelNotFound, UsageError
from mtp_mlx.text import process, reader, remote
from mtp_mlx.text.codec import Dialogue, LocalCodec, ReadingCancelledError
from mtp_mlx.text.remote import RemoteCodec, ShippedCodec
from tests.text.samples import byte_fallback, write_json

CHANNELS = ThinkingSyntax(opening="<|channel>", header="thought\n", closing="<channel|>")
TEMPLATE = (
    "{% for m in messages %}<|turn>{{ m.role }}\n{{ m.content }}<turn|>\n{% endfor %}<|turn>model\n"
)
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
HELD = "{{ (messages | length + 2) ** (10 ** 8) }}"
"""One step of the interpreter that takes minutes and lets no other thread run."""

HELLO = Dialogue(messages=(Message(role="user", content="the model <turn|>"),))

Start = Callable[[str], RemoteCodec]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Open a folder with this chat template."""
    write_json(tmp_path, byte_fallback(), {"eos_token": "<eos>"})
    started: list[RemoteCodec] = []

    def opened(template: str) -> RemoteCodec:
        (tmp_path / "chat_template.jinja").write_text(template)
        codec = RemoteCodec(tmp_path, CHANNELS)
        started.append(codec)
        assert codec.ready()
        return codec

    yield opened
    for codec in started:
        codec.close()


def readers() -> list[psutil.Process]:
    children: list[psutil.Process] = psutil.Process().children()
    return children


def test_it_answers_as_a_codec_in_this_process_does(start: Start, tmp_path: Path) -> None:
    codec, local = start(TEMPLATE), LocalCodec.load(tmp_path, CHANNELS)
    assert local is not None
    assert codec.facts == local.facts
    assert codec.prompt(HELLO) == local.prompt(HELLO)
    assert codec.encode("the model") == local.encode("the model")
    ids = codec.encode("the é model", special=False)
    assert codec.decode(ids) == "the é model"
    opening, unknown = codec.facts.opening, 10**9
    assert opening is not None
    there, here = codec.reply([]), local.reply([])
    for round_ids, rejected in (([*ids, opening], [ids[0]]), (ids, [opening, unknown])):
        last = round_ids == ids
        assert there.read(round_ids, rejected, last=last) == here.read(
            round_ids, rejected, last=last
        )


def test_an_error_is_raised_here(start: Start) -> None:
    codec = start("{{ raise_exception('Roles alternate.') }}")
    with pytest.raises(UsageError, match=r"refuses this conversation: Roles alternate\. Change"):
        codec.prompt(HELLO)
    assert codec.encode("the")


@pytest.mark.parametrize("template", [ENDLESS, HELD])
def test_a_template_that_does_not_end_is_stopped(
    start: Start, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    codec = start(template)
    monkeypatch.setattr(remote, "TURN_S", 0.2)
    with pytest.raises(DamagedModel, match=r"takes more than 0 seconds.*--raw"):
        codec.prompt(HELLO)
    monkeypatch.undo()
    assert codec.encode("the")  # by another reader
    assert len(readers()) == 1


def test_the_user_can_stop_while_it_works(start: Start) -> None:
    codec = start(HELD)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    with pytest.raises(ReadingCancelledError):
        codec.prompt(HELLO, cancelled)
    assert codec.encode("the")


def test_a_reader_that_grows_is_stopped(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own limit is off here, as on macOS: the worker looks at the memory."""
    codec = start("{% set a = 'a' * (messages | length * 10 ** 8) %}" + ENDLESS)
    monkeypatch.setattr(reader, "MEMORY_BYTES", 10**8)
    with pytest.raises(DamagedModel, match="needs more than 0 GB of memory"):
        codec.prompt(HELLO)


def test_an_answer_without_end_is_stopped(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = start("{{ 'the ' * 1000 }}")
    monkeypatch.setattr(process, "ANSWER_BYTES", 1000)
    monkeypatch.setattr(process, "READ_BYTES", 100)
    with pytest.raises(DamagedModel, match="answers with more than 0 MB"):
        codec.prompt(HELLO)


@pytest.mark.parametrize("constant", ["{{ 'a' * 10 ** 10 }}", "{{ 3 ** (10 ** 8) }}", "{% if %}"])
def test_a_template_that_cannot_be_loaded_stops_only_prompts(
    start: Start, monkeypatch: pytest.MonkeyPatch, constant: str
) -> None:
    """Constants are computed while a template is compiled."""
    monkeypatch.setattr(remote, "LOAD_S", 1.5)
    codec = start(constant)
    with pytest.raises((DamagedModel, UsageError), match=r"chat template .*--raw") as caught:
        codec.prompt(HELLO)
    assert len(str(caught.value)) <= 300
    assert codec.encode("the")


def test_a_tokenizer_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    codec = RemoteCodec(tmp_path, None)
    with pytest.raises(DamagedModel, match=r"tokenizer\.json cannot be read"):
        codec.ready()
    codec.close()


def test_a_folder_without_a_tokenizer_starts_no_reader(tmp_path: Path) -> None:
    assert RemoteCodec.start(tmp_path, None) is None


def test_a_reader_killed_by_others_is_started_again(start: Start, tmp_path: Path) -> None:
    """Between two questions nobody hears of it, unless its files are gone too."""
    codec = start(TEMPLATE)
    ids = codec.prompt(HELLO)
    for ask in (lambda: codec.prompt(HELLO), lambda: codec.encode("a"), codec.reply):
        kill(readers())
        ask()
    kill(readers())
    assert codec.prompt(HELLO) == ids
    (tmp_path / "tokenizer.json").unlink()
    assert codec.prompt(HELLO) == ids
    kill(readers())
    for _ in range(2):
        with pytest.raises(ModelNotFound, match=r"tokenizer is not in its folder.*Bring it back"):
            codec.prompt(HELLO)


def kill(running: list[psutil.Process]) -> None:
    for one in running:
        one.kill()
        one.wait()


def test_a_reader_killed_within_a_reply_ends_it(start: Start) -> None:
    codec = start(TEMPLATE)
    text = codec.reply()
    kill(readers())
    with pytest.raises(DamagedModel, match=r"ended its process.*Try again"):
        text.read([1], last=True)


def test_it_learns_nothing_secret_of_the_environment(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    start(TEMPLATE)
    assert "HF_TOKEN" not in readers()[0].environ()


def test_it_needs_neither_mlx_nor_numpy() -> None:
    code = "import sys, mtp_mlx.text.reader; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mlx", "numpy", "mlx_lm", "huggingface_hub", "psutil"} & {*done.stdout.split()}


BROKEN_OUT = """
import ctypes, os, pathlib, shutil, socket, sys
from mtp_mlx.text import reader

def refused(attempt):
    try:
        exec(attempt)
    except PermissionError as error:
        return str(error).endswith("is not allowed here")
    except Exception:
        return False
    return False

class Taken(reader.Reader):
    def answer(self, question):
        return "\\n".join(line for line in question.text.splitlines() if not refused(line))

reader.Reader = Taken
reader.main()
"""
ATTEMPTS = """\
socket.create_connection(("127.0.0.1", 9))
socket.socket()
socket.socket(socket.AF_UNIX)
socket.getaddrinfo("localhost", 80)
socket.gethostbyname("localhost")
import subprocess
os.system("true")
os.popen("true")
os.fork()
os.execv("/bin/true", ["true"])
os.posix_spawn("/bin/true", ["true"], {})
os.kill(os.getppid(), 0)
open("made", "w")
open("kept", "r+")
open("kept", "ab")
os.open("made", os.O_WRONLY | os.O_CREAT)
pathlib.Path("made").touch()
pathlib.Path("kept").unlink()
pathlib.Path("kept").rename("made")
os.replace("kept", "made")
os.link("kept", "made")
os.symlink("kept", "made")
os.mkdir("made")
os.truncate("kept", 0)
os.chmod("kept", 0)
os.utime("kept")
shutil.rmtree(".")
ctypes.CDLL(None)"""
ALLOWED = """\
open("kept").read()
os.listdir(".")
import colorsys"""


def test_who_breaks_out_of_a_template_gets_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").write_text("kept")
    monkeypatch.setattr(process, "command", lambda: [sys.executable, "-c", BROKEN_OUT])
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(tmp_path)
    taken = process.ReaderProcess()
    question = reader.Encode(text=f"{ATTEMPTS}\n{ALLOWED}", special=False)
    answer = taken.ask(msgspec.json.encode(question), 10.0, lambda: False)
    taken.end()
    assert msgspec.json.decode(answer) == ALLOWED
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("kept", "kept")]


@pytest.fixture
def shipped(tmp_path: Path) -> ShippedCodec:
    write_json(tmp_path, byte_fallback(), {"eos_token": "<eos>"})
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    codec = ShippedCodec.load(tmp_path, CHANNELS)
    assert codec is not None
    return codec


def test_our_own_files_read_a_long_text_in_a_process_that_ends(
    shipped: ShippedCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = (shipped.prompt(HELLO), shipped.encode("the é"), shipped.encode("a", special=False))
    assert readers() == []
    monkeypatch.setattr(remote, "LONG", 1)
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(len(readers()) == 1)
        return False

    monkeypatch.setattr(process, "LOOK_S", 0.0)
    long = (
        shipped.prompt(HELLO, cancelled),
        shipped.encode("the é", cancelled=cancelled),
        shipped.encode("a", special=False, cancelled=cancelled),
    )
    assert long == short
    assert asked
    assert all(asked)
    assert readers() == []


LONG_TEXT = "the é model " * 300_000


READ: list[Callable[[ShippedCodec], list[int]]] = [
    lambda codec: codec.encode(LONG_TEXT, cancelled=lambda: True),
    lambda codec: codec.prompt(Dialogue(messages=(), begun=LONG_TEXT), lambda: True),
]


@pytest.mark.parametrize("read", READ, ids=["text", "prompt"])
def test_reading_a_long_text_can_be_stopped(
    shipped: ShippedCodec, read: Callable[[ShippedCodec], list[int]]
) -> None:
    with pytest.raises(ReadingCancelledError):
        read(shipped)
    assert readers() == []


HANGING = """
import sys
from pathlib import Path
from mtp_mlx.api import Message
from mtp_mlx.text.codec import Dialogue
from mtp_mlx.text.remote import RemoteCodec
codec = RemoteCodec(Path(sys.argv[1]), None)
codec.ready()
print("ready", flush=True)
codec.prompt(Dialogue(messages=(Message(role="user", content="hello"),)))
"""


@pytest.mark.parametrize("template", [TEMPLATE + ENDLESS, HELD])
def test_it_never_outlives_its_worker(tmp_path: Path, template: str) -> None:
    """Also where a library keeps the interpreter to itself."""
    write_json(tmp_path, byte_fallback(), {})
    (tmp_path / "chat_template.jinja").write_text(template)
    command = [sys.executable, "-c", HANGING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        (child,) = psutil.Process(worker.pid).children()
        before = sum(child.cpu_times()[:2])
        while sum(child.cpu_times()[:2]) < before + 0.1:  # until it is at it
            os.sched_yield()
        worker.kill()
    gone_by = time.monotonic() + 1
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < gone_by
