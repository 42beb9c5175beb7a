"""Hashes of weights: true, made once, and made anew once a file changes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from mtp_mlx.bench import environment
from mtp_mlx.bench.environment import weights_sha256
from mtp_mlx.loading.weights import WeightFiles


def never() -> bool:
    return False


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files, the second longer than one chunk."""
    found = [tmp_path / "b.safetensors", tmp_path / "a.safetensors"]
    found[0].write_bytes(b"one")
    found[1].write_bytes(b"two" * 1000)
    return found


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_one_file_has_its_own_hash(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "CHUNK", 1024)
    assert weights_sha256(files[1:], never) == digest(b"two" * 1000)
    assert weights_sha256([], never) is None


def test_several_have_that_of_their_listing(files: list[Path]) -> None:
    listing = f"{digest(b'two' * 1000)}  a.safetensors\n{digest(b'one')}  b.safetensors\n"
    assert weights_sha256(files, never) == digest(listing.encode())
    assert weights_sha256(files[::-1], never) == digest(listing.encode())


def test_a_hash_is_made_once_and_anew_once_a_file_changes(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = weights_sha256(files, never)
    with monkeypatch.context() as context:
        context.setattr("hashlib.sha256", _only_short)
        assert weights_sha256(files, never) == before
    written = files[0].stat().st_mtime_ns
    files[0].write_bytes(b"ONE")  # as long as before
    os.utime(files[0], ns=(written + 1, written + 1))
    assert weights_sha256(files, never) != before


def _only_short(data: bytes | None = None) -> object:
    """Refuses to hash a file, which is fed piece by piece."""
    assert data is not None
    return hashlib.new("sha256", data)


def cache() -> Path:
    return environment._hash_file()  # noqa: SLF001  (nothing but the file itself can be damaged)


@pytest.mark.parametrize("damage", ["[1, 2]", "{", "\xff"])
def test_a_damaged_cache_costs_time_only(files: list[Path], damage: str) -> None:
    before = weights_sha256(files, never)
    cache().write_bytes(damage.encode("latin-1"))
    assert weights_sha256(files, never) == before


def test_a_disk_that_takes_no_cache_is_put_up_with(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(environment, "write_atomically", full)
    assert weights_sha256(files[:1], never) == digest(b"one")


def test_no_path_is_written_down(files: list[Path]) -> None:
    weights_sha256(files, never)
    assert str(files[0].parent.name) not in cache().read_text()
    assert "safetensors" not in cache().read_text()


def test_it_can_be_cancelled_and_a_file_may_be_gone(files: list[Path]) -> None:
    assert weights_sha256(files, lambda: True) is None
    files[0].unlink()
    assert weights_sha256(files, never) is None


def test_a_revision_is_that_of_the_snapshot() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    cached = Path("models--google--gemma") / "snapshots" / commit / "model.safetensors"
    assert WeightFiles((cached,)).revision == commit
    assert WeightFiles((Path("snapshots") / "mine" / "model.safetensors",)).revision is None
    assert WeightFiles((Path("mine") / "model.safetensors",)).revision is None
    assert WeightFiles().revision is None
