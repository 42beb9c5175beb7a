"""A worker whose model is a stranger's: its reader hangs, and the worker does as it is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from mtp_mlx import wire
from mtp_mlx.api import Message
from tests.support.checkpoints import PairFolders, write_pair
from tests.support.shapes import SHORT_E2B
from tests.support.worker import PATIENCE_S, WorkerProcess
from tests.text.samples import byte_fallback, write_json

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
TEMPLATE = (
    "{% if 'endless' in messages[-1].content %}" + ENDLESS + "{% endif %}"
    "{% for m in messages %}<|turn>{{ m.content }}<turn|>\n{% endfor %}"
)
A_SECOND = 1.0


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> PairFolders:
    pair = write_pair(tmp_path_factory.mktemp("pair"), SHORT_E2B)
    write_json(pair.target, byte_fallback(), {"eos_token": "<eos>"})
    (pair.target / "chat_template.jinja").write_text(TEMPLATE)
    return pair


@pytest.fixture
def worker(folders: PairFolders) -> Iterator[WorkerProcess]:
    with WorkerProcess() as process:
        process.send(wire.Load(target=str(folders.target), drafter=str(folders.drafter)))
        process.wait_for(wire.Loaded)
        yield process


def ask(reply_id: str, text: str, max_tokens: int = 8) -> wire.Generate:
    messages = [Message(role="user", content=text)]
    return wire.Generate(id=reply_id, messages=messages, max_tokens=max_tokens, ignore_eos=True)


def reader_of(worker: WorkerProcess) -> psutil.Process:
    (reader,) = psutil.Process(worker.process.pid).children()
    return reader


def wait_until_busy(reader: psutil.Process) -> None:
    used = sum(reader.cpu_times()[:2])
    while sum(reader.cpu_times()[:2]) < used + 0.05:
        time.sleep(0.01)


def is_gone(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_reply_is_read_and_written_through_it(worker: WorkerProcess) -> None:
    worker.send(ask("a", "the model"))
    seen: list[wire.Event] = []
    finished = worker.wait_for(wire.Finished, seen=seen)
    tokens = [token for event in seen if isinstance(event, wire.Round) for token in event.tokens]
    assert finished.prompt_tokens > 4
    assert len(tokens) == 8
    assert any(token.text for token in tokens)
    worker.send(wire.CountTokens(id="c", text="the model"))
    assert worker.wait_for(wire.TokenCount).tokens == 9
    worker.send(wire.Unload())
    worker.wait_for(wire.Unloaded)
    assert psutil.Process(worker.process.pid).children() == []


def test_cancel_works_while_it_hangs(worker: WorkerProcess) -> None:
    worker.send(ask("a", "endless"))
    wait_until_busy(reader_of(worker))
    worker.send(wire.Cancel(id="a"))
    assert worker.wait_for(wire.Finished).reason == "cancelled"
    worker.send(ask("b", "the model"))
    assert worker.wait_for(wire.Finished).reason == "length"


@pytest.mark.parametrize("how", ["end of stdin", "kill", "interrupt"])
def test_worker_and_reader_end_at_once(worker: WorkerProcess, how: str) -> None:
    """`kill` is the worker's own death, the two others its window's and Ctrl-C in a terminal."""
    reader = reader_of(worker)
    worker.send(ask("a", "endless"))
    wait_until_busy(reader)
    asked_at = time.monotonic()
    if how == "end of stdin":
        assert worker.process.stdin is not None
        worker.process.stdin.close()
    else:
        worker.process.send_signal(signal.SIGKILL if how == "kill" else signal.SIGINT)
    code = worker.process.wait(PATIENCE_S)
    assert code == {"end of stdin": 0, "kill": -signal.SIGKILL, "interrupt": -signal.SIGINT}[how]
    while not is_gone(reader):
        assert time.monotonic() - asked_at < A_SECOND + 0.5
    assert "Fatal" not in worker.stderr


WINDOW = """
import subprocess, sys
worker = subprocess.Popen(
    [sys.executable, "-m", "mtp_mlx", "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)
print(worker.pid, flush=True)
for line in iter(sys.stdin.buffer.readline, b""):
    worker.stdin.write(line)
    worker.stdin.flush()
    for event in iter(worker.stdout.readline, b""):
        kind = event.split(b'"type":"')[1].split(b'"')[0].decode()
        if kind in ("loaded", "prompt_progress"):
            print(kind, flush=True)
            break
"""


def test_a_worker_never_outlives_a_window_that_is_killed(folders: PairFolders) -> None:
    """Also while it reads a prompt."""
    command = [sys.executable, "-c", WINDOW]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as window:
        assert window.stdin is not None
        assert window.stdout is not None
        worker = psutil.Process(int(window.stdout.readline()))
        window.stdin.write(wire.encode(wire.Load(target=str(folders.target), use_drafter=False)))
        window.stdin.flush()
        assert window.stdout.readline() == b"loaded\n"
        (reader,) = worker.children()
        window.stdin.write(wire.encode(ask("a", "the model " * 300, max_tokens=2000)))
        window.stdin.flush()
        assert window.stdout.readline() == b"prompt_progress\n"
        window.kill()
        killed_at = time.monotonic()
        while not (is_gone(worker) and is_gone(reader)):
            assert time.monotonic() - killed_at < A_SECOND + 0.5
