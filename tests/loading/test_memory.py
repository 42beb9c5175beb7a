"""What does not fit is refused before a byte of it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx.errors import OutOfMemory
from mtp_mlx.loading.device import _group_limit, free_memory
from tests.support.checkpoints import PairFolders
from tests.support.damage import load


@pytest.mark.parametrize("free", [0, -1, 100_000])
def test_too_little_memory(pair: PairFolders, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.loading.pair.free_memory", lambda: free)
    monkeypatch.setattr("mlx.core.load", None)  # nothing of it may be read
    with pytest.raises(OutOfMemory, match=r"target needs 0.0 GB .* 0.0 GB are free. Close"):
        load(pair)


def test_what_is_free_is_less_than_the_machine_has() -> None:
    assert 10**7 < free_memory() < 10**15


def write(folder: Path, most: str) -> None:
    (folder / "memory.max").write_text(most)
    (folder / "memory.current").write_text("700\n")
    (folder / "memory.stat").write_text("anon 500\nactive_file 40\ninactive_file 60\n")


def test_a_container_has_its_own_limit(tmp_path: Path) -> None:
    """Cached files are given back when somebody asks."""
    assert _group_limit(tmp_path) is None
    write(tmp_path, "max\n")
    assert _group_limit(tmp_path) is None
    write(tmp_path, "1000\n")
    assert _group_limit(tmp_path) == 1000 - 700 + 100


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_process_has_limits_on_linux(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Whole:
        total, available, wired = 100, 40, 30

    monkeypatch.setattr("psutil.virtual_memory", Whole)
    monkeypatch.setattr("psutil.swap_memory", lambda: type("Swap", (), {"free": 7}))
    monkeypatch.setattr("mtp_mlx.loading.device.sys.platform", platform)
    monkeypatch.setattr("mtp_mlx.loading.device._group_limit", lambda _: None)
    monkeypatch.setattr("mtp_mlx.loading.device._process_limits", lambda: iter((1000,)))
    assert free_memory() == (70 if platform == "darwin" else 47)
    monkeypatch.setattr("mtp_mlx.loading.device._process_limits", lambda: iter((1000, 5)))
    assert free_memory() == (70 if platform == "darwin" else 5)
