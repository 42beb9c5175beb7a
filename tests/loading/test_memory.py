"""The memory of this machine, from what systems tell; and what does not fit is not loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import mlx.core as mx
import pytest

import mtp_mlx
from mtp_mlx.errors import TooBig
from mtp_mlx.hub.fit import MARGIN, MachineMemory
from mtp_mlx.loading import memory as module
from mtp_mlx.loading.device import KEPT, prepare
from mtp_mlx.loading.memory import (
    _group_limit,
    _pressure_level,
    machine_memory,
    memory,
    of_cuda,
    of_mac,
)
from tests.support.checkpoints import PairFolders
from tests.support.damage import load

GIB = 2**30

# MLX's device_info and psutil's virtual_memory, of an M1 with 16 GB and an M2 Max with 32.
M1 = {
    "device_name": "Apple M1",
    "architecture": "applegpu_g13g",
    "max_buffer_length": 8589934592,
    "max_recommended_working_set_size": 11453251584,
    "memory_size": 17179869184,
    "resource_limit": 499000,
}
M1_PAGES = SimpleNamespace(
    total=17179869184, available=5368709120, percent=68.8, used=8912896000, free=117440512,
    active=5222957056, inactive=5169479680, wired=3690000384,
)  # fmt: skip
M2_MAX = {
    "max_recommended_working_set_size": 22906503168, "memory_size": 34359738368,
    "device_name": "Apple M2 Max", "architecture": "applegpu_g14s",
}  # fmt: skip
M2_MAX_PAGES = SimpleNamespace(total=34359738368, available=20401094656, wired=21045968896)


def test_an_idle_mac_has_what_metal_recommends() -> None:
    told = of_mac(M1, M1_PAGES, 1, 0)
    assert told == MachineMemory(
        total=16 * GIB,
        available=5368709120,
        recommended=11453251584,
        wired_by_others=3690000384,
        pressure="normal",
    )
    assert told.have == 11453251584


@pytest.mark.parametrize(
    ("level", "pressure"),
    [(1, "normal"), (2, "warning"), (4, "critical"), (None, "normal"), (3, "normal")],
)
def test_pressure_makes_the_pages_of_others_count(level: int | None, pressure: str) -> None:
    told = of_mac(M1, M1_PAGES, level, 2 * GIB)
    assert told.pressure == pressure
    assert told.available == 5368709120 + 2 * GIB
    assert told.have == (11453251584 if pressure == "normal" else told.available)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has such a level")
def test_a_system_without_a_level_of_pressure_has_none() -> None:
    assert _pressure_level() is None


def test_the_loaded_pair_is_no_other_program() -> None:
    """It is wired while Metal computes; counted twice, nothing would ever fit again."""
    held = 17 * GIB
    told = of_mac(M2_MAX, M2_MAX_PAGES, 1, held)
    assert told.wired_by_others == 21045968896 - held
    assert told.have == 22906503168
    assert of_mac(M2_MAX, M2_MAX_PAGES, 1, 0).have == 34359738368 - 21045968896


def test_a_mac_that_computes_on_its_processor() -> None:
    told = of_mac({"device_name": "Apple M1"}, M1_PAGES, 1, 0)
    assert told.recommended is None
    assert told.have == 16 * GIB - 4 * 10**9


def test_a_cuda_device_has_what_is_free_on_it() -> None:
    told = of_cuda({"free_memory": 70 * GIB, "total_memory": 80 * GIB}, 5 * GIB)
    assert told.have == 75 * GIB


def test_what_is_free_is_less_than_the_machine_has() -> None:
    now = machine_memory()
    assert 10**7 < now.have < 10**15
    assert machine_memory(10**12).available > now.available + 9 * 10**11


def test_the_engine_reports_what_a_pair_is_judged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "machine_memory", lambda: MachineMemory(total=10, available=7))
    assert memory().limit == 7


@pytest.mark.parametrize("available", [0, -1, MARGIN])
def test_too_little_memory(
    pair: PairFolders, available: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = MachineMemory(total=10**12, available=available)
    monkeypatch.setattr(module, "machine_memory", lambda: now)
    parts = r"0\.0 target \+ 0\.0 drafter \+ 0\.0 keys and values \+ 0\.0 a chunk .* \+ 0\.5 margin"
    with monkeypatch.context() as patched:
        patched.setattr("mlx.core.load", None)  # nothing of it may be read
        with pytest.raises(TooBig, match=rf"target needs 0\.5 GB here \({parts}\).*--anyway"):
            load(pair)
    assert load(pair, anyway=True).anyway


def test_freed_memory_that_is_kept_has_a_bound() -> None:
    before = mx.set_cache_limit(0)
    try:
        prepare()
        assert mx.set_cache_limit(KEPT) == KEPT == GIB
    finally:
        mx.set_cache_limit(before)


def test_memory_is_never_wired() -> None:
    """MLX's call for it has ended in panics of the kernel."""
    root = Path(mtp_mlx.__path__[0])
    asking = [p for p in root.rglob("*.py") if "set_wired" + "_limit" in p.read_text("utf-8")]
    assert asking == []


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
    whole = SimpleNamespace(total=10**12, available=40, wired=30)
    held = mx.get_active_memory() + mx.get_cache_memory()
    monkeypatch.setattr("psutil.virtual_memory", lambda: whole)
    monkeypatch.setattr("psutil.swap_memory", lambda: SimpleNamespace(free=7))
    monkeypatch.setattr("mtp_mlx.loading.memory.sys.platform", platform)
    monkeypatch.setattr("mtp_mlx.loading.memory._group_limit", lambda _: None)
    monkeypatch.setattr("mtp_mlx.loading.memory._process_limits", lambda: iter((1000,)))
    assert machine_memory().available - held == (40 if platform == "darwin" else 47)
    monkeypatch.setattr("mtp_mlx.loading.memory._process_limits", lambda: iter((1000, 5)))
    assert machine_memory().available - held == (40 if platform == "darwin" else 5)
