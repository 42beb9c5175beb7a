"""The worker as a process: what it answers, what it survives, and how it ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtp_mlx import wire
from mtp_mlx.api import Sampling
from tests.support.checkpoints import PairFolders, write_pair
from tests.support.shapes import SHORT_E2B
from tests.support.worker import PATIENCE_S, WorkerProcess

PROMPT = [5, 17, 300, 42, 42, 9, 111, 250, 3, 77, 8]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> PairFolders:
    return write_pair(tmp_path_factory.mktemp("pair"), SHORT_E2B)


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess() as process:
        yield process


@pytest.fixture
def loaded(worker: WorkerProcess, folders: PairFolders) -> WorkerProcess:
    worker.send(wire.Load(target=str(folders.target), drafter=str(folders.drafter)))
    worker.wait_for(wire.Loaded)
    return worker


def ask(reply_id: str, max_tokens: int = 30, **settings: object) -> wire.Generate:
    return wire.Generate(
        id=reply_id,
        prompt_ids=PROMPT,
        max_tokens=max_tokens,
        ignore_eos=True,
        **settings,  # type: ignore[arg-type]
    )


def test_a_reply_from_hello_to_finished(worker: WorkerProcess, folders: PairFolders) -> None:
    hello = worker.next_event()
    assert isinstance(hello, wire.Hello)
    assert hello.protocol == wire.PROTOCOL_VERSION
    assert {"mtp-mlx", "python", "mlx", "mlx-lm"} <= hello.versions.keys()
    worker.send(wire.Load(target=str(folders.target), drafter=str(folders.drafter)))
    seen: list[wire.Event] = []
    pair = worker.wait_for(wire.Loaded, seen=seen).pair
    assert all(isinstance(event, wire.LoadProgress) for event in seen)
    assert pair.drafter == "drafter"
    assert "/" not in pair.target  # no paths leave the engine

    worker.send(ask("a", mtp=3))
    seen = []
    finished = worker.wait_for(wire.Finished, seen=seen)
    progress = [event for event in seen if isinstance(event, wire.PromptProgress)]
    rounds = [event for event in seen if isinstance(event, wire.Round)]
    assert [(p.done, p.total) for p in progress] == [(0, 11), (11, 11)]
    assert [r.index for r in rounds] == list(range(len(rounds)))
    assert sum(len(r.tokens) for r in rounds) == finished.stats.generated_tokens == 30
    assert {r.id for r in rounds} == {"a"}
    assert any(isinstance(event, wire.MemoryReport) for event in seen)


def test_the_switch_is_effective_in_mid_reply(loaded: WorkerProcess) -> None:
    loaded.send(ask("a", max_tokens=400, mtp="off"))
    loaded.wait_for(wire.Round, lambda r: r.index == 5)
    loaded.send(wire.SetMtp(mtp=2))
    loaded.wait_for(wire.Round, lambda r: r.depth == 2 and r.state == "drafting")
    loaded.send(wire.SetMtp(mtp="off"))
    loaded.wait_for(wire.Round, lambda r: r.depth == 0 and r.state == "plain")
    loaded.send(wire.Cancel(id="a"))
    assert loaded.wait_for(wire.Finished).reason == "cancelled"


def test_ping_is_answered_and_a_second_reply_refused_in_mid_reply(loaded: WorkerProcess) -> None:
    loaded.send(ask("a", max_tokens=400))
    loaded.wait_for(wire.Round)
    loaded.send(wire.Ping())
    loaded.send(ask("b"))
    seen: list[wire.Event] = []
    refused = loaded.wait_for(wire.Error, seen=seen)
    assert (refused.code, refused.id) == ("busy", "b")
    assert any(isinstance(event, wire.Pong) for event in seen)
    loaded.send(wire.Cancel(id="b"))  # not the running one: no effect
    loaded.send(wire.Cancel(id="a"))
    assert loaded.wait_for(wire.Finished).id == "a"
    loaded.send(ask("c"))  # at once after the last event of the one before
    assert loaded.wait_for(wire.Finished).id == "c"


def test_memory_is_told_while_nothing_runs(worker: WorkerProcess, folders: PairFolders) -> None:
    worker.send(wire.Ping())
    assert worker.wait_for(wire.MemoryReport).need is None
    worker.send(wire.Load(target=str(folders.target), drafter=str(folders.drafter), context=64))
    memory = worker.wait_for(wire.Loaded).memory
    worker.send(wire.Ping())
    report = worker.wait_for(wire.MemoryReport)
    assert memory.need == pytest.approx(report.need, rel=0.3)  # the chunk shrinks with memory
    assert report.limit == pytest.approx(memory.limit, rel=0.3)
    worker.send(ask("a"))
    seen: list[wire.Event] = []
    worker.wait_for(wire.Finished, seen=seen)
    assert next(event.need for event in seen if isinstance(event, wire.MemoryReport))


GARBAGE = [
    b"not json\n",
    b"\xff\xfe\x00\n",
    b"[1, 2, 3]\n",
    b"{}\n",
    b'{"type": "dance"}\n',
    b'{"type": "generate"}\n',
    b'{"type": "generate", "id": "x", "mtp": "sometimes"}\n',
    b'{"type": "set_mtp", "mtp": 99}\n',
    b"[" * 5000 + b"\n",
]


def test_garbage_on_the_pipe_is_answered_and_survived(worker: WorkerProcess) -> None:
    worker.wait_for(wire.Hello)
    for line in GARBAGE:
        worker.send_bytes(line)
        error = worker.wait_for(wire.Error)
        assert error.remedy
        assert "\n" not in error.message
    worker.send_bytes(b"\n  \n")
    worker.send(wire.Ping())
    worker.wait_for(wire.Pong)


def test_a_line_too_long_is_answered_and_skipped(worker: WorkerProcess) -> None:
    worker.wait_for(wire.Hello)
    long = json.dumps({"type": "ping", "padding": "x" * (wire.MAX_LINE_BYTES + 10)})
    worker.send_bytes(long.encode() + b"\n")
    assert "longer than" in worker.wait_for(wire.Error).message
    worker.send(wire.Ping())
    worker.wait_for(wire.Pong)


def test_unknown_fields_are_ignored(worker: WorkerProcess) -> None:
    worker.wait_for(wire.Hello)
    worker.send_bytes(b'{"type": "ping", "from the future": true}\n')
    worker.wait_for(wire.Pong)


def test_sampling_settings_cross_the_pipe(loaded: WorkerProcess) -> None:
    """A bias of 100 outweighs every score and the presence penalty."""
    wished = Sampling(logit_bias=((77, 100.0), (300, -100.0)), presence_penalty=2.0)
    loaded.send(ask("a", max_tokens=6, mtp=3, sampling=wished))
    seen: list[wire.Event] = []
    assert loaded.wait_for(wire.Finished, seen=seen).sampling == wished
    rounds = [event for event in seen if isinstance(event, wire.Round)]
    assert [token.id for r in rounds for token in r.tokens] == [77] * 6


def test_bad_requests_leave_the_engine_usable(loaded: WorkerProcess, tmp_path: Path) -> None:
    loaded.send(ask("a", max_tokens=0))
    assert loaded.wait_for(wire.Error).id == "a"
    loaded.send(wire.Load(target=str(tmp_path / "nowhere")))
    assert loaded.wait_for(wire.Error).code == "not_found"
    loaded.send(ask("b"))
    assert loaded.wait_for(wire.Error).code == "not_loaded"


def test_unload_gives_the_memory_back(loaded: WorkerProcess) -> None:
    loaded.send(ask("a"))
    before = loaded.wait_for(wire.MemoryReport)
    loaded.wait_for(wire.Finished)
    loaded.send(wire.Unload())
    loaded.wait_for(wire.Unloaded)
    after = loaded.wait_for(wire.MemoryReport)
    assert after.active < before.active / 10


@pytest.mark.parametrize("how", ["shutdown", "end of stdin"])
def test_it_ends_when_told_also_in_mid_reply(loaded: WorkerProcess, how: str) -> None:
    loaded.send(ask("a", max_tokens=2000))
    loaded.wait_for(wire.Round)
    if how == "shutdown":
        loaded.send(wire.Shutdown())
    else:
        assert loaded.process.stdin is not None
        loaded.process.stdin.close()
    assert loaded.wait_for(wire.Finished).reason == "cancelled"
    assert loaded.process.wait(PATIENCE_S) == 0
    assert loaded.stderr == ""


def test_killed_in_mid_reply_it_leaves_whole_lines(loaded: WorkerProcess) -> None:
    loaded.send(ask("a", max_tokens=2000))
    loaded.wait_for(wire.Round, lambda r: r.index > 3)
    loaded.process.send_signal(signal.SIGKILL)
    while loaded.next_event() is not None:  # every line read so far decodes
        pass
    assert loaded.process.wait(PATIENCE_S) == -signal.SIGKILL


@pytest.mark.slow
def test_calibrate_is_answered_and_a_reply_can_follow(loaded: WorkerProcess) -> None:
    loaded.send(wire.Calibrate())
    found = loaded.wait_for(wire.Calibrated)
    assert found.words == found.calibration.in_words()
    assert len(found.calibration.costs.verify_ms) == 9
    loaded.send(ask("after", mtp="auto"))
    assert loaded.wait_for(wire.Finished).reason == "length"


def test_calibrate_without_a_pair_is_an_error(worker: WorkerProcess) -> None:
    worker.send(wire.Calibrate())
    assert worker.wait_for(wire.Error).code == "not_loaded"


def test_tokens_are_counted_between_replies(loaded: WorkerProcess) -> None:
    loaded.send(ask("a", max_tokens=20))
    loaded.send(wire.CountTokens(id="c", text="hello world"))
    seen: list[wire.Event] = []
    count = loaded.wait_for(wire.TokenCount, seen=seen)
    assert count.id == "c"
    assert any(isinstance(event, wire.Finished) for event in seen)
    loaded.send(wire.CountTokens(id="d", text=""))
    empty = loaded.wait_for(wire.TokenCount)
    assert (empty.id, empty.tokens) == ("d", None)  # this pair has no tokenizer


def test_without_a_model_nothing_is_counted(worker: WorkerProcess) -> None:
    worker.send(wire.CountTokens(id="c", text="hello"))
    error = worker.wait_for(wire.Error)
    assert (error.code, error.id) == ("not_loaded", "c")
