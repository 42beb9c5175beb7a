"""A Hub on this machine, over real sockets: what is asked of it, and what its answers become."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import close_session, constants

from mtp_mlx.api import DEMO_PAIR
from mtp_mlx.errors import LoadError, ModelNotFound
from mtp_mlx.hub.pace import Pace, TooSlowError
from mtp_mlx.hub.resolve import resolve, resolve_drafter

REPOSITORY = "some/model"
COMMIT, OTHER = "a" * 40, "b" * 40
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
TEXTS = ("config.json", "tokenizer.json", "chat_template.jinja")


@dataclass
class Hub:
    """Serves one repository, or answers everything with a status and a word."""

    files: dict[str, bytes] = field(default_factory=dict)
    refusal: tuple[int, str] | None = None
    requests: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(path)
        if self.refusal is not None:
            code, said = self.refusal
            named = {"X-Error-Code": "RepoNotFound"} if "not found" in said else {}
            page = said if code == 200 else json.dumps({"error": said})
            return code, {"X-Error-Message": said, **named}, page.encode()
        if "/tree/" in path:
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": hash_of(content)}
                for name, content in self.files.items()
            ]
            return 200, {}, json.dumps(tree).encode()
        if path.startswith("/api/models/"):
            info = {"id": REPOSITORY, "sha": COMMIT, "siblings": [], "tags": []}
            return 200, {}, json.dumps(info).encode()
        content = self.files[path.rsplit("/", 1)[1]]
        return 200, {"ETag": f'"{hash_of(content)}"', "X-Repo-Commit": COMMIT}, content


def hash_of(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    del cache
    hub = Hub(dict.fromkeys((*TEXTS, *SHARDS), b"{}"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, headers, content = hub.answer(self.path)
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 - the server's name for it

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        online(monkeypatch, server.server_port)
        yield hub
        server.shutdown()
        thread.join()
    close_session()


def online(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    endpoint = f"http://127.0.0.1:{port}"
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)  # else a thread stays
    close_session()


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


def test_what_is_not_here_is_fetched_once(hub: Hub, cache: Path) -> None:
    folder = resolve(REPOSITORY)
    assert {file.name for file in folder.iterdir()} == {*TEXTS, *SHARDS}
    assert hub.requests
    hub.requests.clear()
    assert resolve(REPOSITORY) == folder
    assert hub.requests == []


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
def test_a_part_is_made_whole(hub: Hub, cache: Path, names: tuple[str, ...]) -> None:
    held(cache, *names)
    folder = resolve(REPOSITORY)
    assert {file.name for file in folder.iterdir()} == {*TEXTS, *SHARDS}
    hub.requests.clear()
    resolve(REPOSITORY)
    assert hub.requests == []


def test_a_repository_without_a_template_is_asked_once(hub: Hub, cache: Path) -> None:
    del hub.files["chat_template.jinja"]
    held(cache, *hub.files)
    resolve(REPOSITORY)
    assert hub.requests
    hub.requests.clear()
    resolve(REPOSITORY)
    assert hub.requests == []


def test_whole_weights_are_used_where_the_hub_refuses(hub: Hub, cache: Path) -> None:
    folder = held(cache, *SHARDS, "config.json", "tokenizer.json")
    hub.refusal = (503, "busy")
    assert resolve(REPOSITORY) == folder


@pytest.mark.parametrize("main", [OTHER, None], ids=["main is bare", "no refs"])
def test_a_whole_snapshot_needs_no_request(hub: Hub, cache: Path, main: str | None) -> None:
    folder = held(cache, *TEXTS, *SHARDS, main=main)
    if main is not None:
        held(cache, "config.json", commit=OTHER, main=main)
    assert resolve(REPOSITORY) == folder
    assert hub.requests == []


def test_a_part_that_stays_one_is_told(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(cache, *TEXTS, SHARDS[0])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    close_session()
    with pytest.raises(LoadError, match=r"only in part, and the Hub cannot be reached\..*online"):
        resolve(REPOSITORY)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("said", "token"),
    [
        ("Invalid credentials in Authorization header", "hf_x"),
        ('User Access Token "laptop" is expired', "hf_x"),
        ('User Access Token "laptop" is expired', None),
        ("Unauthorized", "hf_x"),
    ],
)
def test_a_token_that_is_refused_is_told(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, said: str, token: str | None
) -> None:
    hub.refusal = (401, said)
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(LoadError, match=r"token: it has expired or is not valid.*hf auth login"):
        resolve(REPOSITORY)


def test_what_does_not_exist_is_no_matter_of_tokens(hub: Hub) -> None:
    hub.refusal = (401, "Repository not found")
    with pytest.raises(ModelNotFound, match="no public repository some/model"):
        resolve(REPOSITORY)


def test_a_network_that_answers_in_the_hubs_place_is_told(hub: Hub) -> None:
    hub.refusal = (200, "Please log in to the hotel")
    with pytest.raises(LoadError, match="what answers is not the Hub"):
        resolve(REPOSITORY)


def test_silence_has_an_end(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        online(monkeypatch, server.getsockname()[1])
        monkeypatch.setattr("mtp_mlx.hub.pace.SILENCE_S", 0.1)
        with pytest.raises(LoadError, match="could not be fetched"):
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
        online(monkeypatch, server.getsockname()[1])
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
        online(monkeypatch, server.getsockname()[1])
        with pytest.raises(LoadError, match=r"could not be fetched.*Check the network"):
            resolve(REPOSITORY)
        thread.join()
    close_session()


def test_a_slow_line_goes_on(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is just fast enough, at every read of which a window ends."""
    monkeypatch.setattr("mtp_mlx.hub.pace.WINDOW_S", 0.0)
    monkeypatch.setattr("mtp_mlx.hub.pace.LEAST_RATE", 1)
    assert len(list(resolve(REPOSITORY).iterdir())) == len(hub.files)


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
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, relative: bool
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
    assert hub.requests == []
