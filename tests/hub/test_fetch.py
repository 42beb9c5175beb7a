"""A repository on its way into the cache: what is asked, what is kept, and what ends it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import threading
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants, scan_cache_dir, snapshot_download

from mtp_mlx.errors import (
    DamagedModel,
    DiskFull,
    GatedModel,
    LoadError,
    ModelNotFound,
    NotFetched,
    NotWritable,
    TokenRefused,
    UnsupportedModel,
)
from mtp_mlx.hub.connection import Patience
from mtp_mlx.hub.listing import RESERVE_BYTES, wanted
from mtp_mlx.hub.places import inventory
from mtp_mlx.hub.progress import RATE_WINDOW_S, Meter, Progress, Status, line
from mtp_mlx.hub.removal import plan_removal, remove
from mtp_mlx.hub.resolve import resolve
from mtp_mlx.hub.transfer import Wanted, fetch
from tests.hub.conftest import online
from tests.hub.fake_hub import (
    COMMIT,
    PATIENCE_S,
    PIECE,
    REPOSITORY,
    TEXTS,
    FakeHub,
    Refusal,
    is_weights,
    model,
    serving,
    sha256,
)
from tests.hub.misfortunes import fetched_in_the_end, leave_behind, unlucky

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
READ = {*TEXTS, *SHARDS, "model.safetensors.index.json", "onnx/config.json"}
TOKEN = "hf_secret"  # noqa: S105 - of no account
QUICK = Patience(silence_s=10, first_wait_s=0.001, longest_wait_s=0.001, give_up_s=0.3)
MLX_LM = ["*.json", "model*.safetensors", "*.py", "tokenizer.model", "*.txt", "*.jinja"]
"""What mlx-lm asks the library for."""


def fetched(
    *more: str, revision: str = "main", patience: Patience = QUICK, progress: Progress | None = None
) -> Path:
    every = [*(Wanted(repository=name) for name in more)]
    every.append(Wanted(repository=REPOSITORY, revision=revision))
    return fetch(every, progress or Progress(), patience)[-1].folder


def contents(folder: Path) -> dict[str, bytes]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def right(hub: FakeHub, repository: str = REPOSITORY) -> dict[str, bytes]:
    return {name: data for name, data in hub.repositories[repository].items() if name in READ}


def size_of_weights(hub: FakeHub) -> int:
    return sum(len(data) for name, data in right(hub).items() if is_weights(name))


def bytes_on_disk(cache: Path) -> int:
    files = [file for file in cache.rglob("*") if file.is_file() and not file.is_symlink()]
    return sum(file.stat().st_size for file in files)


def put_part(hub: FakeHub, cache: Path, name: str, content: bytes) -> Path:
    blobs = cache / "models--some--model" / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    part = blobs / f"{sha256(hub.files[name])}.mtp.incomplete"
    part.write_bytes(content)
    return part


def put_texts(hub: FakeHub, cache: Path) -> None:
    """Put what is asked for before the weights into the snapshot."""
    for name in READ - set(SHARDS):
        place = cache / "models--some--model" / "snapshots" / COMMIT / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(hub.files[name])


def test_the_library_and_mlx_lm_see_what_was_fetched(hub: FakeHub, cache: Path) -> None:
    folder = fetched()
    assert contents(folder) == right(hub)
    assert not [asked for asked in hub.requests if asked.method == "POST"]
    assert not any("gguf" in asked.path or "README" in asked.path for asked in hub.requests)
    hub.requests.clear()
    for patterns in (MLX_LM, None):
        found = snapshot_download(
            REPOSITORY, cache_dir=cache, local_files_only=True, allow_patterns=patterns or [*READ]
        )
        assert Path(found) == folder
    assert resolve(REPOSITORY) == folder
    assert hub.requests == []
    (repository,) = scan_cache_dir(cache).repos
    (revision,) = repository.revisions
    assert revision.refs == {"main"}
    assert {file.file_path.relative_to(folder).as_posix() for file in revision.files} == READ
    assert bytes_on_disk(cache / "models--some--model" / "blobs") == sum(
        len(data) for data in right(hub).values()
    )


def test_what_is_here_is_not_fetched_again(hub: FakeHub) -> None:
    fetched()
    hub.requests.clear()
    fetched(revision=COMMIT)
    assert [asked.path.split("?")[0].split("/")[-2] for asked in hub.requests] == [
        "revision",
        "tree",
    ]


def test_the_same_files_under_another_name_are_shared(hub: FakeHub, cache: Path) -> None:
    fetched()
    hub.repositories["other/name"] = dict(hub.files)
    before, sent = bytes_on_disk(cache), hub.sent
    texts = sum(len(data) for name, data in right(hub).items() if not is_weights(name))
    progress = Progress()
    (found,) = fetch([Wanted(repository="other/name")], progress)
    assert contents(found.folder) == right(hub)
    assert hub.sent - sent <= texts
    assert progress.now().done == progress.now().total
    copies = (cache / "models--other--name" / "blobs").iterdir()
    shared = [blob for blob in copies if blob.stat().st_nlink == 2]
    assert sum(blob.stat().st_size for blob in shared) == size_of_weights(hub)
    assert before < bytes_on_disk(cache)
    # Each goes alone: what the other has stays
    plan = plan_removal("other/name", inventory().places)
    assert plan.freed_bytes < size_of_weights(hub)
    remove(plan)
    assert contents(fetched()) == right(hub)


def test_a_damaged_file_under_another_name_is_not_shared(hub: FakeHub, cache: Path) -> None:
    folder = fetched()
    shard = next(name for name in READ if is_weights(name))
    blob = (folder / shard).resolve()
    blob.write_bytes(bytes(len(hub.files[shard])))  # of the right length
    hub.repositories["other/name"] = dict(hub.files)
    (found,) = fetch([Wanted(repository="other/name")], Progress())
    assert contents(found.folder) == right(hub)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["model.safetensors", "adapter.safetensors", "config.json"], ["config.json", "model."]),
        (["weights.safetensors", "a.bin", "b.gguf", "c.png"], ["weights."]),
        (["model.safetensors", "x/model.safetensors", "x/y.json"], ["x/y.json", "model."]),
        (["../a.json", "/a.json", "x/../../a.json", "a\n.json", "x\\a.json", "x//a.json"], []),
        (["tokenizer.model", "chat_template.jinja", "READ.md"], ["chat_template.", "tokenizer."]),
    ],
)
def test_only_what_mlx_reads_is_wanted(names: list[str], chosen: list[str]) -> None:
    found = wanted(names)
    assert len(found) == len(chosen)
    assert all(name.startswith(start) for name, start in zip(found, chosen, strict=True))


def test_a_part_is_gone_on_with(hub: FakeHub, cache: Path) -> None:
    begun = hub.files[SHARDS[0]][: PIECE + 7]
    part = put_part(hub, cache, SHARDS[0], begun)
    assert contents(fetched()) == right(hub)
    assert hub.ranges == [f"bytes={len(begun)}-"]
    assert hub.sent == size_of_weights(hub) - len(begun)
    assert not part.exists()


def test_a_whole_part_needs_no_byte(hub: FakeHub, cache: Path) -> None:
    for name in SHARDS:
        put_part(hub, cache, name, hub.files[name])
    assert contents(fetched()) == right(hub)
    assert hub.sent == 0


def test_a_part_that_is_too_long_begins_anew(hub: FakeHub, cache: Path) -> None:
    put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]] + b"x")
    assert contents(fetched()) == right(hub)
    assert hub.ranges == []


@pytest.mark.parametrize("shard", SHARDS)
def test_a_flipped_byte_is_refused(hub: FakeHub, cache: Path, shard: str) -> None:
    hub.flipped = len(hub.files[shard]) - 1
    blobs = cache / "models--some--model" / "blobs"
    if shard == SHARDS[1]:
        put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]])
    with pytest.raises(DamagedModel, match=rf"{shard} came damaged.*SHA-256.*Start again"):
        fetched()
    digest = sha256(hub.files[shard])
    assert not [file for file in blobs.iterdir() if file.name.startswith(digest)]
    assert not (cache / "models--some--model" / "snapshots").exists()
    hub.flipped = None
    assert contents(fetched()) == right(hub)


def test_a_part_with_a_flipped_byte_is_refused(hub: FakeHub, cache: Path) -> None:
    part = put_part(hub, cache, SHARDS[0], b"\xff" + hub.files[SHARDS[0]][1:PIECE])
    with pytest.raises(DamagedModel, match="came damaged"):
        fetched()
    assert not part.exists()
    assert contents(fetched()) == right(hub)


@pytest.mark.parametrize("every", [PIECE, 3001])
def test_a_connection_that_breaks_again_and_again(hub: FakeHub, every: int) -> None:
    hub.cut_every = every
    assert contents(fetched()) == right(hub)
    assert hub.sent == size_of_weights(hub)
    assert len(hub.ranges) >= size_of_weights(hub) // every - 2


def test_a_server_without_ranges_loses_no_byte(hub: FakeHub, cache: Path) -> None:
    """It begins at the beginning; what is here is left out, and is here if it breaks again."""
    begun = put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]][: 2 * PIECE])
    hub.has_ranges = False
    hub.cut_every, hub.cuts = PIECE, 1  # it breaks among the bytes that are here
    lengths: list[int] = []
    hub.hold = lambda _sent: lengths.append(begun.stat().st_size if begun.exists() else 0)
    assert contents(fetched()) == right(hub)
    assert lengths[0] == 2 * PIECE
    assert all(length >= 2 * PIECE for length in lengths[:4])


def test_a_server_without_ranges_that_breaks_too_early_is_given_up(hub: FakeHub) -> None:
    hub.has_ranges, hub.cut_every = False, PIECE
    with pytest.raises(NotFetched, match=r"could not be fetched: .*what came is kept"):
        fetched()


def test_a_page_in_place_of_a_file_costs_no_byte(hub: FakeHub, cache: Path) -> None:
    """A network that wants its users to sign in answers 200 to anything."""
    part = put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]][:PIECE])
    page = Refusal(200, page="Please log in" * 2000)  # longer than what is here
    hub.refused_once = [page] * 3
    put_texts(hub, cache)
    assert contents(fetched()) == right(hub)
    assert hub.ranges == [f"bytes={PIECE}-"] * 4
    assert not part.exists()


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(429, headers={"Retry-After": "0"}),
        Refusal(429, headers={"RateLimit": '"resolvers";r=0;t=0'}),
        Refusal(503),
        Refusal(500),
        Refusal(408),
    ],
    ids=["429", "429 of the draft", "503", "500", "408"],
)
def test_a_busy_hub_is_asked_again(hub: FakeHub, refusal: Refusal) -> None:
    hub.refused_once = [refusal] * 3
    progress = Progress()
    assert contents(fetched(progress=progress)) == right(hub)
    told = statuses(progress)
    waits = [status for status in told if status.waiting_s is not None]
    assert [status.reason for status in waits] == [f"the Hub is busy ({refusal.status})"] * 3
    assert "trying again in 0 s" in line(waits[0])


def test_the_hub_is_waited_for_as_long_as_it_asks(hub: FakeHub) -> None:
    hub.refusal = Refusal(429, headers={"Retry-After": "7200"})
    with pytest.raises(NotFetched, match=r"the Hub is busy \(429\)"):
        fetched(patience=Patience())  # longer than patience: at once, and not after an hour
    assert len(hub.requests) == 1


def test_a_range_that_the_hub_does_not_have_begins_anew(hub: FakeHub, cache: Path) -> None:
    put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]][:PIECE])
    hub.refused_once = [Refusal(416)]
    put_texts(hub, cache)
    progress = Progress()
    assert contents(fetched(progress=progress)) == right(hub)
    assert hub.sent == size_of_weights(hub)
    assert progress.now().done == progress.now().total


def test_a_range_that_begins_elsewhere_is_not_taken(hub: FakeHub, cache: Path) -> None:
    put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]][:PIECE])
    hub.shifts = [5, -5]
    assert contents(fetched()) == right(hub)
    assert hub.ranges == [f"bytes={PIECE}-"] * 3


def test_more_bytes_than_listed_are_not_taken(hub: FakeHub, cache: Path) -> None:
    part = put_part(hub, cache, SHARDS[0], hub.files[SHARDS[0]][:-1])
    hub.surplus = b"surplus"
    with pytest.raises(NotFetched, match="more bytes come than the file has"):
        fetched()
    assert part.read_bytes() == hub.files[SHARDS[0]][:-1]


def test_a_server_that_names_no_length(hub: FakeHub) -> None:
    hub.has_lengths = False
    hub.cut_every, hub.cuts = PIECE, 2
    assert contents(fetched()) == right(hub)
    assert hub.ranges == [f"bytes={PIECE}-", f"bytes={2 * PIECE}-"]


def test_a_disk_without_locks(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _kind: int) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert contents(fetched()) == right(hub)


def test_silence_is_ended_and_gone_on_after(hub: FakeHub) -> None:
    silent = threading.Event()

    def hold(sent: int) -> None:
        if sent == PIECE and not silent.is_set():
            silent.set()
            over.wait(PATIENCE_S)

    over = threading.Event()
    hub.hold = hold
    progress = Progress()
    patience = Patience(silence_s=0.1, first_wait_s=0.001, give_up_s=PATIENCE_S)
    assert contents(fetched(patience=patience, progress=progress)) == right(hub)
    over.set()
    assert hub.ranges == [f"bytes={PIECE}-"]
    assert "no byte came for 0.1 seconds" in {status.reason for status in statuses(progress)}


def statuses(progress: Progress) -> list[Status]:
    """The steps so far."""
    told = []
    while not progress.steps.empty():
        status = progress.steps.get()
        assert status is not None
        told.append(status)
    return told


def test_the_steps_of_a_fetch(hub: FakeHub, cache: Path) -> None:
    put_part(hub, cache, SHARDS[1], hub.files[SHARDS[1]][:100])
    progress = Progress()
    fetched(progress=progress)
    told = statuses(progress)
    total = sum(len(data) for data in right(hub).values())
    texts = sorted(READ - set(SHARDS))
    assert [(status.phase, status.file) for status in told] == [
        ("listing", None),
        *(("fetching", name) for name in texts),
        ("fetching", SHARDS[0]),
        ("verifying", SHARDS[0]),
        ("verifying", SHARDS[1]),
        ("fetching", SHARDS[1]),
        ("verifying", SHARDS[1]),
        ("linking", None),
    ]
    counted = [status for status in told if status.phase == "fetching"]
    assert counted[0].done == 100
    assert {status.total for status in counted} == {total}
    assert counted == sorted(counted, key=lambda status: status.done)
    assert (progress.now().done, progress.now().total) == (total, total)
    assert (told[-4].done, told[-4].total) == (0, 100)
    assert (told[-2].done, told[-2].total) == (len(hub.files[SHARDS[1]]),) * 2
    assert all(line(status) for status in told)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(), "Asking the Hub for a/b"),
        (
            Status(phase="fetching", done=1_234_567_890, total=11 * 10**9, rate=64_000),
            "Fetching a/b: 1.235 of 11.0 GB, 64 KB/s, 42 h left",
        ),
        (
            Status(phase="fetching", done=5 * 10**8, total=7 * 10**8, rate=12_340_000),
            "Fetching a/b: 500.0 of 700.0 MB, 12.3 MB/s, 16 s left",
        ),
        (
            Status(phase="fetching", total=10**10, rate=10**7),
            "Fetching a/b: 0.000 of 10.0 GB, 10.0 MB/s, 17 min left",
        ),
        (
            Status(phase="fetching", total=10**10, rate=9, reason="it was cut", waiting_s=8.2),
            "Fetching a/b: 0.000 of 10.0 GB (it was cut, trying again in 8 s)",
        ),
        (Status(phase="verifying", file="x", done=1, total=3), "Checking x: 33 %"),
        (Status(phase="linking"), "Finishing a/b"),
    ],
)
def test_a_status_in_words(status: Status, words: str) -> None:
    assert line(replace(status, repository="a/b")) == words


def test_a_rate_is_that_of_the_last_seconds() -> None:
    meter = Meter(0.0)
    assert meter.rate(0.0) == 0
    meter.add(100, 0.5)
    assert meter.rate(1.0) == 100
    meter.add(900, 2.0)
    assert meter.rate(2.0) == 500
    assert meter.rate(0.5 + RATE_WINDOW_S + 0.1) == 900 / RATE_WINDOW_S
    assert meter.rate(2.0 + RATE_WINDOW_S + 0.1) == 0


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


def gate(hub: FakeHub) -> None:
    hub.refused_files = Refusal(401, "GatedRepo", "Access to model is restricted")


@pytest.mark.parametrize(
    ("refusal", "token", "kind", "words"),
    [
        (
            Refusal(401, "GatedRepo", "Access is restricted"), None, GatedModel,
            r"some asks readers of some/model to accept its terms first.*http.*/some/model,.*login",
        ),
        (
            Refusal(403, "GatedRepo", "Access is restricted"), "hf_x", GatedModel,
            r"Accept them at \S+ with the account of this machine's token\.",
        ),
        (Refusal(401, "RepoNotFound"), None, ModelNotFound, "no public repository.*spelling"),
        (Refusal(404, "RevisionNotFound"), None, ModelNotFound, "no such revision.*commit"),
        (
            Refusal(401, words="Invalid credentials in Authorization header"), "hf_x",
            TokenRefused, "expired or is not valid.*hf auth login",
        ),
        (
            Refusal(401, words='User Access Token "laptop" is expired'), None,
            TokenRefused, "expired or is not valid.*hf auth login",
        ),
        (Refusal(401, words="Unauthorized"), "hf_x", TokenRefused, "expired or is not valid"),
        (Refusal(403, words="Access disabled"), None, NotFetched, "answered 403: Access disabled"),
        (Refusal(503), None, NotFetched, r"the Hub is busy \(503\).*what came is kept"),
        (Refusal(200, page="<html>"), None, NotFetched, "what answers is not the Hub.*Sign in"),
        (Refusal(200, page='{"id":"some/model","sha":"../x"}'), None, NotFetched, "not the Hub"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_sentence(
    hub: FakeHub,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    refusal: Refusal,
    token: str | None,
    kind: type[LoadError],
    words: str,
) -> None:
    hub.refusal = refusal
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(kind, match=words) as caught:
        fetched()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert not (cache / "models--some--model").exists()


def test_terms_are_asked_for_before_a_byte_comes(hub: FakeHub, cache: Path) -> None:
    """The Hub lists a gated repository for everybody."""
    gate(hub)
    hub.repositories["other/drafter"] = model(seed=5)
    with pytest.raises(GatedModel, match="some asks readers of some/model"):
        fetched()
    assert [asked.method for asked in hub.requests if "resolve" in asked.path] == ["HEAD"]
    assert not cache.exists()


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_token_is_sent_where_it_is_asked_for(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    hub.token = TOKEN
    if where == "environment":
        monkeypatch.setenv("HF_TOKEN", TOKEN)
    else:
        (tmp_path / "token").write_text(TOKEN)
    fetched()
    assert {asked.token for asked in hub.requests} == {None}
    hub.files["config.json"] = b'{"new": 1}'
    gate(hub)
    hub.files[SHARDS[0]] = b"new weights"
    with serving(FakeHub(hub.repositories)) as store:
        hub.store = store.address
        assert contents(fetched())[SHARDS[0]] == b"new weights"
        assert hub.requests[-1].token == f"Bearer {TOKEN}"
        assert store.sent == len(b"new weights")
        assert {asked.token for asked in store.requests} == {None}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_long_listing_comes_in_pages(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool
) -> None:
    """A page of another host gets no token, also where the Hub names it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.token, hub.page = TOKEN, 4
    hub.refusal = Refusal(401, "RepoNotFound")  # a private repository
    with serving(FakeHub(hub.repositories, page=20)) as other:
        hub.following = other.address if elsewhere else None
        other.page = 4
        assert contents(fetched()) == right(hub)
        assert {asked.token for asked in other.requests} == ({None} if elsewhere else set())
    assert hub.requests[-1].token == f"Bearer {TOKEN}"


def test_a_token_that_is_refused_is_not_needed_for_what_is_public(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    fetched()
    assert {asked.token for asked in hub.requests} == {None}


def test_a_token_that_is_no_header_is_not_quoted(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_\x01secret")
    gate(hub)
    with pytest.raises(TokenRefused, match="not valid") as caught:
        fetched()
    assert "secret" not in str(caught.value)


def test_a_repository_that_has_moved_is_told(hub: FakeHub) -> None:
    hub.names["old/name"] = REPOSITORY
    with pytest.raises(ModelNotFound, match=r"has old/name under the name some/model\. Fetch some"):
        fetch([Wanted(repository="old/name")], Progress(), QUICK)


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "../x", "a/b--c", "/etc/passwd", ""])
def test_what_is_no_id_is_told(hub: FakeHub, name: str) -> None:
    with pytest.raises(ModelNotFound, match=r"is no id of a repository.*owner/name"):
        fetch([Wanted(repository=name)], Progress(), QUICK)
    assert hub.requests == []


def test_a_revision_may_not_leave_its_folder(hub: FakeHub) -> None:
    with pytest.raises(ModelNotFound, match="no such revision"):
        fetched(revision="../../x")
    assert hub.requests == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["config.json", "model.gguf"], "holds GGUF weights, which MLX does not run"),
        (["config.json", "pytorch_model.bin"], "holds pickled weights"),
        (["config.json"], "holds no weights in safetensors"),
        ([SHARDS[0]], "has no config.json"),
    ],
)
def test_what_mlx_cannot_run_is_not_fetched(
    hub: FakeHub, cache: Path, names: list[str], words: str
) -> None:
    hub.repositories[REPOSITORY] = {name: hub.files[name] for name in names}
    with pytest.raises(UnsupportedModel, match=words):
        fetched()
    assert not cache.exists()


def test_offline_means_no_request(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NotFetched, match=r"HF_HUB_OFFLINE forbids.*Unset"):
        fetched()
    assert hub.requests == []


def test_no_network_is_told_soon(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second attempt, though a fetch that has begun is patient for an hour."""
    online(monkeypatch, "http://127.0.0.1:9")
    progress = Progress()
    with pytest.raises(NotFetched, match=r"cannot be reached \(Connection refused\).*network"):
        fetched(patience=Patience(first_wait_s=0.7), progress=progress)
    assert [status.waiting_s for status in statuses(progress)] == [None, 0.7]


def test_a_hub_that_is_gone_at_the_end_spoils_nothing(hub: FakeHub) -> None:
    """Nothing more is asked once the last byte has come."""

    def go(sent: int) -> None:
        if sent > PIECE:
            hub.refusal = Refusal(503)

    hub.hold = go
    hub.files.pop(SHARDS[1])
    folder = fetched()
    assert contents(folder) == {name: hub.files[name] for name in READ - {SHARDS[1]}}
    assert f"resolve/{COMMIT}/{SHARDS[0]}" in hub.requests[-1].path


@pytest.mark.parametrize("seed", range(8))
def test_whatever_goes_wrong_it_is_whole_in_the_end(
    hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = unlucky(hub, seed)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", seed % 4 == 0)
    leave_behind(hub, cache, rng)
    fetched_in_the_end(hub, cache)
