"""A repository on its way into the cache: what is asked, what is kept, and what ends it."""

from __future__ import annotations

import errno
import fcntl
import threading
from pathlib import Path

import pytest
from huggingface_hub import constants, scan_cache_dir, snapshot_download

from mtp_mlx.errors import (
    DamagedModel,
    NotFetched,
)
from mtp_mlx.hub.connection import Patience
from mtp_mlx.hub.listing import wanted
from mtp_mlx.hub.places import inventory
from mtp_mlx.hub.progress import Progress, line
from mtp_mlx.hub.removal import plan_removal, remove
from mtp_mlx.hub.resolve import resolve
from mtp_mlx.hub.transfer import Wanted, fetch
from tests.hub.fake_hub import (
    COMMIT,
    PATIENCE_S,
    PIECE,
    REPOSITORY,
    FakeHub,
    Refusal,
    is_weights,
    sha256,
)
from tests.hub.fetches import (
    MLX_LM,
    READ,
    SHARDS,
    bytes_on_disk,
    contents,
    fetched,
    put_part,
    put_texts,
    right,
    size_of_weights,
    statuses,
)
from tests.hub.misfortunes import fetched_in_the_end, leave_behind, unlucky


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


@pytest.mark.parametrize("seed", range(8))
def test_whatever_goes_wrong_it_is_whole_in_the_end(
    hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = unlucky(hub, seed)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", seed % 4 == 0)
    leave_behind(hub, cache, rng)
    fetched_in_the_end(hub, cache)
