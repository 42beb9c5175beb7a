"""A name becomes a folder over real sockets: what is asked of the Hub, and what is not."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub import close_session, constants

from mtp_mlx.api import DEMO_PAIR
from mtp_mlx.errors import LoadError, ModelNotFound, NotFetched
from mtp_mlx.hub import resolve as module
from mtp_mlx.hub.connection import Patience
from mtp_mlx.hub.pace import Pace, TooSlowError
from mtp_mlx.hub.resolve import resolve, resolve_drafter
from tests.hub.conftest import online
from tests.hub.fake_hub import COMMIT, REPOSITORY, TEXTS, FakeHub, Refusal

OTHER = "b" * 40
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", Patience(give_up_s=0.0))


@pytest.fixture
def small(hub: FakeHub) -> FakeHub:
    """A Hub whose repository has files of two bytes, as `held` has them."""
    hub.repositories[REPOSITORY] = dict.fromkeys((*TEXTS, *SHARDS), b"{}")
    return hub


def held(cache: Path, *names: str, commit: str = COMMIT, main: str | None = COMMIT) -> Path:
    """Put files into the cache as another program leaves them."""
    folder = cache / f"models--{REPOSITORY.replace('/', '--')}"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for name in names:
        (snapshot / name).write_text("{}")
    if main is not None:
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / "main").write_text(main)
    return snapshot


def test_what_is_not_here_is_fetched_once(small: FakeHub, cache: Path) -> None:
    folder = resolve(REPOSITORY)
    assert {file.name for file in folder.iterdir()} == {*TEXTS, *SHARDS}
    assert small.requests
    small.requests.clear()
    assert resolve(REPOSITORY) == folder
    assert small.requests == []


@pytest.mark.parametrize(
    "names",
    [
        (*SHARDS, "config.json", "tokenizer.json"),
        (*SHARDS, "config.json", "chat_template.jinja"),
        (*TEXTS, SHARDS[0]),
        (*TEXTS, SHARDS[1]),
        TEXTS,
        (),
    ],
    ids=["no template", "no tokenizer", "shard 1 of 2", "shard 2 of 2", "no weights", "bare"],
)
def test_a_part_is_made_whole(small: FakeHub, cache: Path, names: tuple[str, ...]) -> None:
    held(cache, *names)
    folder = resolve(REPOSITORY)
    assert {file.name for file in folder.iterdir()} == {*TEXTS, *SHARDS}
    small.requests.clear()
    resolve(REPOSITORY)
    assert small.requests == []


def test_a_repository_without_a_template_is_asked_once(small: FakeHub, cache: Path) -> None:
    del small.files["chat_template.jinja"]
    held(cache, *small.files)
    resolve(REPOSITORY)
    assert small.requests
    small.requests.clear()
    resolve(REPOSITORY)
    assert small.requests == []


def test_whole_weights_are_used_where_the_hub_refuses(small: FakeHub, cache: Path) -> None:
    folder = held(cache, *SHARDS, "config.json", "tokenizer.json")
    small.refusal = Refusal(503)
    assert resolve(REPOSITORY) == folder


@pytest.mark.parametrize("main", [OTHER, None], ids=["main is bare", "no refs"])
def test_a_whole_snapshot_needs_no_request(small: FakeHub, cache: Path, main: str | None) -> None:
    folder = held(cache, *TEXTS, *SHARDS, main=main)
    if main is not None:
        held(cache, "config.json", commit=OTHER, main=main)
    assert resolve(REPOSITORY) == folder
    assert small.requests == []


def test_a_part_that_stays_one_is_told(
    small: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(cache, *TEXTS, SHARDS[0])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    close_session()
    with pytest.raises(LoadError, match="not whole on this disk, and HF_HUB_OFFLINE forbids"):
        resolve(REPOSITORY)
    assert small.requests == []


def test_silence_has_an_end(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        online(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(module, "PATIENCE", Patience(silence_s=0.1, give_up_s=0.0))
        with pytest.raises(NotFetched, match=r"no byte came for 0\.1 seconds"):
            resolve(REPOSITORY)
    close_session()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n"


@pytest.mark.parametrize("whole", [HEAD + b"X: ", HEAD + b"\r\n"], ids=["headers", "content"])
def test_a_trickle_has_an_end(cache: Path, monkeypatch: pytest.MonkeyPatch, whole: bytes) -> None:
    """A Hub that never falls silent and never comes to an end."""
    enough = threading.Event()

    def trickle(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.sendall(whole)
            for _ in range(500):
                connection.sendall(b" ")
                if enough.wait(0.002):
                    break

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=[server])
        thread.start()
        online(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr("mtp_mlx.hub.pace.WINDOW_S", 0.1)
        with pytest.raises(LoadError, match=r"not be fetched: only \d+ bytes came in 0 seconds"):
            resolve(REPOSITORY)
        enough.set()
        thread.join()
    close_session()


def test_a_connection_that_breaks_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reset(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(HEAD + b"\r\n ")
            at_once = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=reset, args=[server])
        thread.start()
        online(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(LoadError, match=r"could not be fetched.*Check the network"):
            resolve(REPOSITORY)
        thread.join()
    close_session()


def test_a_slow_line_goes_on(small: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transfer just fast enough goes on, also where a window ends at each of its reads."""
    monkeypatch.setattr("mtp_mlx.hub.pace.WINDOW_S", 0.0)
    monkeypatch.setattr("mtp_mlx.hub.pace.LEAST_RATE", 1)
    assert len(list(resolve(REPOSITORY).iterdir())) == len(small.files)


def test_the_pace_is_that_of_all_connections_while_somebody_waits() -> None:
    pace = Pace()
    for second in range(1000):  # two share a slow line, and one of them gets nothing
        pace.count(1400, second, second + 1)
        pace.count(1, second, second + 1)
    pace = Pace()
    for second in range(0, 100_000, 100):  # short answers: nobody waits between them
        pace.count(100, second, second + 0.05)
    pace = Pace()
    for second in range(59):
        pace.count(1000, second, second + 1)
    with pytest.raises(TooSlowError, match="only 60000 bytes came in 60 seconds"):
        pace.count(1000, 59, 60)


@pytest.mark.parametrize("relative", [False, True])
def test_a_local_folder_causes_no_request(
    small: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, relative: bool
) -> None:
    """Also where its name is a repository's, and where its shape has a drafter of its own."""
    name = "google/gemma-4-E2B-it"
    target = tmp_path / name
    target.mkdir(parents=True)
    shape = {"model_type": "gemma4_text", "hidden_size": 1536, "num_hidden_layers": 35}
    (target / "config.json").write_text(json.dumps(shape))
    monkeypatch.chdir(tmp_path)
    given = name if relative else str(target)
    assert resolve(given).resolve() == target
    with pytest.raises(ModelNotFound, match=r"its drafter .* is not on this disk; --drafter"):
        resolve_drafter(None, given, resolve(given))
    assert resolve_drafter(given, DEMO_PAIR, target) is not None
    assert small.requests == []
