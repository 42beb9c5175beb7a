"""A Hub on loopback: its four routes, and the ways in which a real one fails."""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

REPOSITORY = "some/model"
COMMIT = "a" * 40
PIECE = 2**14
TEXTS = ("config.json", "tokenizer.json", "chat_template.jinja")
PATIENCE_S = 20
"""Seconds that a test waits for what it holds back to be asked for."""


def weights(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


@dataclass(frozen=True)
class Asked:
    """A request, and the bytes of content that went out for it."""

    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Refusal:
    """An answer in place of the right one."""

    status: int
    code: str = ""
    words: str = ""
    page: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeHub:
    """Serves repositories; a test sets its fields to make it fail."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refusal: Refusal | None = None  # to everything
    refused_files: Refusal | None = None  # to every file
    refused_once: list[Refusal] = field(default_factory=list)  # one a file that is asked for
    token: str | None = None  # whoever sends it is refused nothing
    names: dict[str, str] = field(default_factory=dict)  # of repositories that have moved
    has_ranges: bool = True
    has_lengths: bool = True
    shifts: list[int] = field(default_factory=list)  # by which a range begins elsewhere, once each
    surplus: bytes = b""  # behind the end of each file of weights
    cut_every: int | None = None  # bytes after which each connection breaks
    cuts: int = 1000
    flipped: int | None = None  # the byte of the weights that arrives wrong
    page: int | None = None  # entries of a listing in one answer
    following: str | None = None  # the address of another host that has the second page
    store: str | None = None  # the address of another host that has the weights
    hold: Callable[[int], None] = lambda _sent: None  # called before each piece of the weights
    requests: list[Asked] = field(default_factory=list)
    sent: int = 0  # bytes of weights
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def files(self) -> dict[str, bytes]:
        return self.repositories[REPOSITORY]

    @property
    def ranges(self) -> list[str]:
        """The ranges that were asked for, in order."""
        return [asked.range for asked in self.requests if asked.range is not None]


def model(size: int = 3 * PIECE, seed: int = 0) -> dict[str, bytes]:
    """The files of a repository with two shards and what else people put there."""
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    index = json.dumps({"weight_map": {"a": shards[0], "b": shards[1]}}).encode()
    return {
        **{name: json.dumps({"text": name}).encode() for name in TEXTS},
        "model.safetensors.index.json": index,
        shards[0]: weights(size, seed),
        shards[1]: weights(size // 3 + 1, seed + 1),
        "README.md": b"# words",
        "picture.png": b"png",
        "model.gguf": b"gguf",
        "pytorch_model.bin": b"pickle",
        "onnx/config.json": b"{}",
        "original/model.safetensors": b"other",
    }


def is_weights(name: str) -> bool:
    return name.endswith(".safetensors")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_GET(self) -> None:
        token = self.headers.get("Authorization")
        asked = Asked(self.command, self.path, self.headers.get("Range"), token)
        with self.hub.lock:
            self.hub.requests.append(asked)
        path = unquote(self.path.split("?")[0])
        may_read = self.hub.token is not None and token == f"Bearer {self.hub.token}"
        if self.hub.refusal is not None and not may_read:
            self.refuse(self.hub.refusal)
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self.describe(match[1], match[2])
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path):
            self.list(match[1])
        elif not (match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)):
            self.refuse(Refusal(404, "EntryNotFound"))
        elif self.hub.refused_files is not None and not may_read:
            self.refuse(self.hub.refused_files)
        elif self.hub.refused_once and self.command == "GET":
            self.refuse(self.hub.refused_once.pop(0))
        else:
            self.give(match[1], match[2])

    do_HEAD = do_POST = do_GET  # noqa: N815 - the server's names for them

    def describe(self, repository: str, revision: str) -> None:
        name = self.hub.names.get(repository, repository)
        if name not in self.hub.repositories:
            return self.refuse(Refusal(401, "RepoNotFound", "Repository not found"))
        if name != repository:
            there = f"{self.hub.address}/api/models/{name}/revision/{revision}"
            return self.refuse(Refusal(307, headers={"Location": there}))
        if revision not in ("main", COMMIT):
            return self.refuse(Refusal(404, "RevisionNotFound", "Invalid rev id"))
        return self.answer({"id": name, "sha": COMMIT, "siblings": [], "tags": []})

    def list(self, repository: str) -> None:
        entries = []
        for name, content in self.hub.repositories[repository].items():
            entry = {"type": "file", "path": name, "size": len(content), "oid": git_hash(content)}
            if is_weights(name):
                lfs = {"oid": sha256(content), "size": len(content), "pointerSize": 134}
                entry |= {"lfs": lfs}
            entries.append(entry)
        page, start = self.hub.page, int((re.findall(r"cursor=(\d+)", self.path) or ["0"])[0])
        if page is None or start + page >= len(entries):
            return self.answer(entries[start:])
        host = self.hub.following or self.hub.address
        there = f"{host}{self.path.split('?')[0]}?cursor={start + page}"
        return self.answer(entries[start : start + page], {"Link": f'<{there}>; rel="next"'})

    def give(self, repository: str, name: str) -> None:
        content = self.hub.repositories[repository][name]
        hashed = sha256(content) if is_weights(name) else git_hash(content)
        content += self.hub.surplus if is_weights(name) else b""
        headers = {"ETag": f'"{hashed}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if is_weights(name):
            headers |= {"X-Linked-Size": str(len(content)), "X-Linked-Etag": f'"{hashed}"'}
            if self.hub.store is not None:
                there = {"Location": self.hub.store + self.path}
                return self.refuse(Refusal(302, headers=headers | there))
        start, status = 0, 200
        if self.hub.has_ranges and (
            match := re.match(r"bytes=(\d+)-", self.headers["Range"] or "")
        ):
            start, status = int(match[1]), 206
            start += self.hub.shifts.pop() if self.hub.shifts else 0
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.begin(status, headers, len(content) - start)
        if self.command == "GET":
            self.send(content, start, counts=is_weights(name))
        return None

    def send(self, content: bytes, start: int, *, counts: bool) -> None:
        hub, end = self.hub, len(content)
        if counts and hub.cut_every is not None and hub.cuts > 0:
            hub.cuts -= 1
            end = min(end, start + hub.cut_every)
        for at in range(start, end, PIECE):
            piece = bytearray(content[at : min(at + PIECE, end)])
            if counts:
                if hub.flipped is not None and at <= hub.flipped < at + len(piece):
                    piece[hub.flipped - at] ^= 1
                hub.hold(hub.sent)
                hub.sent += len(piece)
            self.wfile.write(piece)

    def answer(self, value: object, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(value).encode()
        self.begin(200, {"Content-Type": "application/json", **(headers or {})}, len(content))
        if self.command != "HEAD":
            self.wfile.write(content)

    def refuse(self, refusal: Refusal) -> None:
        page = refusal.page or json.dumps({"error": refusal.words})
        named = {"X-Error-Code": refusal.code, "X-Error-Message": refusal.words}
        headers = refusal.headers | {name: value for name, value in named.items() if value}
        self.begin(refusal.status, headers, len(page))
        if self.command != "HEAD":
            self.wfile.write(page.encode())

    def begin(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        if self.hub.has_lengths:
            headers = {**headers, "Content-Length": str(length)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # a client that was killed


class Dam:
    """Holds back a hub's bytes behind a mark that a test moves on."""

    def __init__(self, hub: FakeHub) -> None:
        self._changed = threading.Condition()
        self._mark = 0
        self._breaks = 0
        self.was_overtopped = False  # bytes were held back until patience ended
        hub.hold = self._hold

    def _hold(self, sent: int) -> None:
        with self._changed:
            before = self._breaks
            self.was_overtopped |= not self._changed.wait_for(
                lambda: sent < self._mark or self._breaks != before, PATIENCE_S
            )
            if self._breaks != before:
                raise ConnectionError

    def open_until(self, mark: int) -> None:
        with self._changed:
            self._mark = mark
            self._changed.notify_all()

    def break_connections(self) -> None:
        """End those that wait: whoever asked for them is gone."""
        with self._changed:
            self._breaks += 1
            self._changed.notify_all()


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve a Hub at its `address` until the block ends."""
    handler = type("OfThisHub", (Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        hub.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
