"""Fetches of a fake Hub's repository, and what lies in the cache before and after."""

from __future__ import annotations

from pathlib import Path

from mtp_mlx.hub.connection import Patience
from mtp_mlx.hub.progress import Progress, Status
from mtp_mlx.hub.transfer import Wanted, fetch
from tests.hub.fake_hub import (
    COMMIT,
    REPOSITORY,
    TEXTS,
    FakeHub,
    is_weights,
    sha256,
)

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


def statuses(progress: Progress) -> list[Status]:
    """The steps so far."""
    told = []
    while not progress.steps.empty():
        status = progress.steps.get()
        assert status is not None
        told.append(status)
    return told
