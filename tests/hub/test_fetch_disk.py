"""A fetch and its disk: room, rights, links, and other processes."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections import namedtuple
from pathlib import Path

import pytest
from huggingface_hub import constants

from mtp_mlx.errors import (
    DiskFull,
    NotWritable,
)
from mtp_mlx.hub.listing import RESERVE_BYTES
from mtp_mlx.hub.progress import Progress
from mtp_mlx.hub.resolve import resolve
from tests.hub.fake_hub import (
    COMMIT,
    PATIENCE_S,
    PIECE,
    REPOSITORY,
    FakeHub,
    model,
    sha256,
)
from tests.hub.fetches import (
    SHARDS,
    bytes_on_disk,
    contents,
    fetched,
    put_part,
    right,
    size_of_weights,
)

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it


@pytest.mark.parametrize("short", [0, 1])
def test_nothing_begins_without_room_for_all(
    hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    """Both repositories count, and what is here does not."""
    hub.repositories["other/drafter"] = model(seed=5)
    begun = put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]][:PIECE])
    missing = sum(len(data) for name in hub.repositories for data in right(hub, name).values())
    free = missing - begun.stat().st_size + RESERVE_BYTES - short
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
    if short:
        with pytest.raises(DiskFull, match=r"0\.1 MB are missing, .* 2\.0 GB free.*Free 0\.1 GB"):
            fetched("other/drafter")
        assert {asked.path.split("/")[1] for asked in hub.requests} == {"api"}
        assert bytes_on_disk(cache) == PIECE
    else:
        fetched("other/drafter")


def test_a_disk_that_fills_keeps_what_came(
    hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size >= PIECE:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:1000])  # a disk may take less than it is given

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DiskFull, match=r"are missing.*start again"):
        fetched()
    (part,) = (cache / "models--some--model" / "blobs").glob("*.mtp.incomplete")
    assert part.read_bytes() == hub.files[SHARDS[0]][: part.stat().st_size]
    monkeypatch.setattr(os, "write", write)
    kept = part.stat().st_size
    assert kept >= PIECE
    sent = hub.sent
    assert contents(fetched()) == right(hub)
    assert hub.sent - sent == size_of_weights(hub) - kept


@pytest.mark.parametrize("kind", ["a file", "read-only"])
def test_a_cache_that_cannot_be_written_to_is_told(hub: FakeHub, cache: Path, kind: str) -> None:
    if kind == "a file":
        cache.write_text("x")
    elif os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    else:
        cache.mkdir(mode=0o500)
    with pytest.raises(NotWritable, match=r"cannot be written to: .*HF_HUB_CACHE"):
        fetched()
    assert hub.sent == 0


def test_without_links_there_is_no_second_copy(
    hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files["generation_config.json"] = hub.files["config.json"]  # one blob, two files
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", True)
    folder = fetched()
    assert contents(folder) == right(hub) | {"generation_config.json": hub.files["config.json"]}
    assert not [file for file in folder.iterdir() if file.is_symlink()]
    wanted_bytes = sum(len(data) for data in right(hub).values())
    assert bytes_on_disk(cache) <= 1.05 * wanted_bytes
    hub.requests.clear()
    assert resolve(REPOSITORY) == folder
    assert fetched() == folder
    assert not any("resolve" in asked.path for asked in hub.requests)


def test_a_disk_that_refuses_links(
    hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert contents(fetched()) == right(hub)
    assert bytes_on_disk(cache) <= 1.05 * sum(len(data) for data in right(hub).values())


def test_what_another_program_left_is_used(hub: FakeHub, cache: Path) -> None:
    """Blobs and snapshots of the library; a link into nothing and a file cut short are mended."""
    folder = cache / "models--some--model"
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "blobs").mkdir()
    (folder / "blobs" / sha256(hub.files[SHARDS[0]])).write_bytes(hub.files[SHARDS[0]])
    (snapshot / SHARDS[1]).symlink_to("../../blobs/nothing")
    (snapshot / "config.json").write_bytes(b"{")
    assert contents(fetched()) == right(hub)
    assert hub.sent == len(hub.files[SHARDS[1]])


def test_a_second_fetch_waits_for_the_first(hub: FakeHub) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def hold(sent: int) -> None:
        if sent >= PIECE:
            reached.set()
            go_on.wait(PATIENCE_S)

    hub.hold = hold
    results: list[Path] = []
    progresses = [Progress(), Progress()]
    threads = [
        threading.Thread(target=lambda p=p: results.append(fetched(progress=p))) for p in progresses
    ]
    threads[0].start()
    assert reached.wait(PATIENCE_S)
    threads[1].start()
    while (step := progresses[1].steps.get(timeout=PATIENCE_S)) and step.reason is None:
        pass
    assert step is not None
    assert step.reason == "another process fetches it"
    go_on.set()
    for thread in threads:
        thread.join()
    assert [contents(folder) for folder in results] == [right(hub)] * 2
    assert hub.sent == size_of_weights(hub)
    assert progresses[1].now().done == progresses[1].now().total


@pytest.mark.parametrize("what", ["cache", "repository", "blobs", "part"])
def test_what_is_removed_meanwhile_is_told(hub: FakeHub, cache: Path, what: str) -> None:
    """A fetch that is started again then begins anew where nothing is left."""
    folder = cache / "models--some--model"

    def remove(sent: int) -> None:
        if sent == PIECE:
            hub.hold = lambda _sent: None
            match what:
                case "cache":
                    shutil.rmtree(cache)
                case "repository":
                    shutil.rmtree(folder)
                case "blobs":
                    shutil.rmtree(folder / "blobs")
                case _:
                    (part,) = folder.rglob("*.incomplete")
                    part.unlink()

    hub.hold = remove
    with pytest.raises(NotWritable, match=r"some/model were removed while.*Start again"):
        fetched()
    assert contents(fetched()) == right(hub)
