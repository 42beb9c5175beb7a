"""Fetches under random misfortunes, each by its own seed: the suite has a few, a script thousands.

`scripts/fuzz_fetch.py` runs them by the thousand, and kills real processes besides.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from mtp_mlx.errors import DamagedModel, NotFetched
from mtp_mlx.hub.connection import Patience
from mtp_mlx.hub.progress import Progress
from mtp_mlx.hub.transfer import Wanted, fetch
from tests.hub.fake_hub import COMMIT, PIECE, REPOSITORY, FakeHub, Refusal, sha256, weights

PATIENCE = Patience(silence_s=10, first_wait_s=0.0005, longest_wait_s=0.0005, give_up_s=0.1)
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 5 * PIECE + 17)
BUSY = (408, 429, 500, 503)
MOST_FETCHES = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened on the way to a repository that is whole."""

    damaged: int
    given_up: int
    sent: int  # bytes of weights


def unlucky(hub: FakeHub, seed: int) -> random.Random:
    """Let a Hub fail by this seed; returns what chooses the rest."""
    rng = random.Random(seed)
    count = rng.choice([1, 1, 2, 3])
    names = [f"model-{i:05}-of-{count:05}.safetensors" for i in range(1, count + 1)]
    files = {"config.json": b"{}", "sub/more.json": weights(rng.choice((0, 5, 3000)), seed)}
    files |= {name: weights(rng.choice(SIZES), rng.choice((1, seed + 2))) for name in names}
    hub.repositories = {REPOSITORY: files}
    hub.has_ranges = rng.random() < 0.7
    hub.cut_every = rng.choice([None, None, PIECE, rng.randrange(1500, 4 * PIECE)])
    hub.cuts = rng.choice([1, 3, 1000])
    hub.flipped = rng.choice([None, None, rng.randrange(2 * PIECE)])
    hub.refused_once = [Refusal(rng.choice(BUSY)) for _ in range(rng.choice([0, 0, 1, 3]))]
    if rng.random() < 0.1:
        hub.refused_once.append(Refusal(416))
    return rng


def leave_behind(hub: FakeHub, cache: Path, rng: random.Random) -> None:
    """Put into the cache what earlier processes may have left there."""
    folder = cache / "models--some--model"
    for name, content in hub.files.items():
        part = folder / "blobs" / f"{sha256(content)}.mtp.incomplete"
        left = content[: rng.randrange(len(content) + 1)]
        part.parent.mkdir(parents=True, exist_ok=True)
        match rng.choice(["nothing", "nothing", "part", "part", "damaged", "longer", "snapshot"]):
            case "part" if name.startswith("model"):
                part.write_bytes(left)
            case "damaged" if left and name.startswith("model"):
                part.write_bytes(bytes([left[0] ^ 1]) + left[1:])
            case "longer" if name.startswith("model"):
                part.write_bytes(content + b"more")
            case "snapshot":
                place = folder / "snapshots" / COMMIT / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(rng.choice([content, left]))


def fetched_in_the_end(hub: FakeHub, cache: Path) -> Outcome:
    """Fetch until it succeeds, and assert that all is right then."""
    damaged = given_up = 0
    for _ in range(MOST_FETCHES):
        try:
            (done,) = fetch([Wanted(repository=REPOSITORY)], Progress(), PATIENCE)
            break
        except DamagedModel:
            damaged += 1
            hub.flipped = None
        except NotFetched:
            given_up += 1
            hub.cut_every = None
    for name, content in hub.files.items():
        assert (done.folder / name).read_bytes() == content, name
    folder = cache / "models--some--model"
    assert (folder / "refs" / "main").read_text() == COMMIT
    assert not [*folder.rglob("*.incomplete")]
    files = [f for part in ("blobs", "snapshots") for f in (folder / part).rglob("*")]
    on_disk = sum(f.stat().st_size for f in files if f.is_file() and not f.is_symlink())
    assert on_disk <= 1.05 * sum(map(len, hub.files.values()))
    return Outcome(damaged, given_up, hub.sent)
