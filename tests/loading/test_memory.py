"""The memory of this machine, from what systems tell; and what does not fit is not loaded."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mlx.core as mx
import msgspec
import pytest
from mlx.utils import tree_flatten

import mtp_mlx
from mtp_mlx import api
from mtp_mlx.engine import Engine
from mtp_mlx.errors import PromptTooLong, TooBig, UsageError
from mtp_mlx.events import LoadProgress
from mtp_mlx.families import PAIRS
from mtp_mlx.hub.fit import DEFAULT_CONTEXT, MARGIN, MachineMemory, PairSize, fit
from mtp_mlx.loading import load_pair
from mtp_mlx.loading import memory as module
from mtp_mlx.loading.device import KEPT, prepare
from mtp_mlx.loading.memory import (
    _pressure_level,
    check_fits,
    group_limits,
    keep_freed_within,
    machine_memory,
    memory,
    of_cuda,
    of_mac,
)
from tests.support.checkpoints import PairFolders
from tests.support.damage import load
from tests.support.pairs import both
from tests.support.replies import reply

GIB = 2**30


def request(pair: PairFolders) -> api.Load:
    return api.Load(target=str(pair.target), drafter=str(pair.drafter))


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


ENOUGH = MachineMemory(total=10**12, available=10**12)
LITTLE = MachineMemory(total=10**12, available=10**6)
MAC = MachineMemory(total=10**12, available=10**6, recommended=10**12, pressure="normal")


@pytest.mark.parametrize(
    ("then", "anyway", "is_stopped"),
    [
        (LITTLE, False, True),
        (LITTLE, True, False),
        (MAC, False, False),
        (replace(MAC, pressure="warning"), False, False),
        (replace(MAC, pressure="critical"), False, True),
        (ENOUGH, False, False),
    ],
)
def test_a_load_stops_where_others_take_its_memory(
    then: MachineMemory,
    anyway: bool,
    is_stopped: bool,
    pair: PairFolders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Linux would kill it later."""
    monkeypatch.setattr("mtp_mlx.loading.weights.PART", 2**16)
    told = iter([ENOUGH] * 3)
    monkeypatch.setattr(module, "machine_memory", lambda: next(told, then))
    monkeypatch.setattr("mtp_mlx.engine.prompt_bytes", lambda: 0)
    if not is_stopped:
        load(pair, anyway=anyway)
        return
    with pytest.raises(TooBig, match=r"Other programs took memory while target was being loaded"):
        load(pair, anyway=anyway)


def test_a_load_is_told_in_bytes(pair: PairFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.loading.weights.PART", 2**16)
    told: list[LoadProgress] = []
    loaded = load_pair(request(pair), told.append)
    size = loaded.size.target + loaded.size.drafter
    in_memory = [one for one in told if one.phase in ("target", "drafter")]
    assert {one.total for one in in_memory} == {size}
    done = [one.done for one in in_memory]
    assert done == sorted(done)
    assert done[0] == 0
    assert size - done[-1] < 2**17  # a part is told before it is read
    drafter = next(one for one in in_memory if one.phase == "drafter")
    assert drafter.done == pytest.approx(loaded.size.target, abs=1000)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_packed_head_is_judged_by_its_own_bytes(bits: int) -> None:
    demo = api.Load(target=api.DEMO_PAIR, drafter_bits=bits)
    whole = load_pair(api.Load(target=api.DEMO_PAIR)).size
    packed = load_pair(demo)
    network = both(packed).drafter.network
    held = sum(array.nbytes for _, array in tree_flatten(network.parameters()))
    assert packed.size.drafter == pytest.approx(held, rel=0.003)  # ids get shorter
    assert packed.size.drafter < 0.8 * whole.drafter
    assert packed.size.target == whole.target


@pytest.mark.parametrize(("context", "judged"), [(None, 128), (64, 64), (128, 128)])
def test_a_pair_is_judged_and_held_to_its_context(
    context: int | None, judged: int, pair: PairFolders
) -> None:
    loaded = load_pair(msgspec.structs.replace(request(pair), context=context))
    longest = loaded.info.longest_context
    assert longest is not None
    assert loaded.context == (min(DEFAULT_CONTEXT, longest) if context is None else judged)
    assert loaded.info.context_length == (longest if context is None else judged)
    if context is None:
        return
    engine = Engine(loaded)
    with pytest.raises(PromptTooLong, match=f"{judged} tokens and the model's context holds"):
        reply(engine, [5] * judged)
    written = reply(engine, [5] * (judged - 3), max_tokens=50)
    assert (len(written.tokens), written.finished.reason) == (3, "length")


def test_no_target_is_loaded_for_more_than_it_was_made_for(pair: PairFolders) -> None:
    with pytest.raises(UsageError, match=r"target holds \d+ tokens at the most"):
        load_pair(msgspec.structs.replace(request(pair), context=10**7))


def test_a_loaded_pair_is_judged_on_and_on(
    pair: PairFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(load_pair(request(pair)))
    now = engine.memory()
    assert now.need == fit(engine.loaded.size, engine.loaded.context, now.limit).need.total
    assert not now.is_short
    monkeypatch.setattr(module, "machine_memory", lambda: replace(ENOUGH, available=MARGIN))
    short = engine.memory()
    assert (short.limit, short.is_short) == (MARGIN, True)
    assert short.context is None
    monkeypatch.setattr(module, "machine_memory", lambda: replace(MAC, pressure="warning"))
    warned = engine.memory()
    assert (warned.pressure, warned.is_short) == ("warning", True)


def test_what_was_loaded_all_the_same_is_short_by_the_systems_word_alone(
    pair: PairFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(load_pair(msgspec.structs.replace(request(pair), anyway=True)))
    monkeypatch.setattr(module, "machine_memory", lambda: LITTLE)
    assert (engine.memory().need, engine.memory().is_short) == (None, False)


def test_freed_memory_is_kept_within_what_the_sum_leaves(
    pair: PairFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = load_pair(request(pair)).size
    need = fit(size, 128, 10**12).need.total
    for spare, kept in ((0, MARGIN // 2), (10**8, MARGIN // 2 + 10**8), (10**10, KEPT)):
        now = MachineMemory(total=10**12, available=need + spare)
        monkeypatch.setattr(module, "machine_memory", lambda now=now: now)
        keep_freed_within(check_fits("a pair", size, 128))
        assert mx.set_cache_limit(KEPT) == pytest.approx(kept, abs=10**6)


@pytest.mark.parametrize("machine", [LITTLE, ENOUGH])
def test_a_second_copy_is_told_before_it_is_loaded(
    machine: MachineMemory, pair: PairFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_pair(request(pair))
    told: list[LoadProgress] = []
    monkeypatch.setattr(module, "machine_memory", lambda: machine)
    if machine is LITTLE:
        with pytest.raises(TooBig, match=r"target is loaded by another MTP MLX, and a second copy"):
            load_pair(request(pair), told.append)
    else:
        load_pair(request(pair), told.append)
        (note,) = [one.note for one in told if one.note]
        assert note == (
            "Another MTP MLX has loaded target too: this second copy takes 0.0 GB more."
        )
        assert all(
            one.phase != "target" for one in told[: [bool(t.note) for t in told].index(True)]
        )
    del first
    gc.collect()
    monkeypatch.setattr(module, "machine_memory", lambda: ENOUGH)
    told.clear()
    load_pair(request(pair), told.append)
    assert not any(one.note for one in told)


def test_on_a_mac_a_second_copy_leaves_the_first_its_memory() -> None:
    """Metal wires a model while it computes: until then the system counts it as free."""
    size = PairSize(target=10**9, shape=PAIRS[0].memory)
    have = fit(size, 8192, 10**12).need.total + 10**8
    mac = MachineMemory(total=10**12, available=0, recommended=have, pressure="normal")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "machine_memory", lambda: mac)
        assert check_fits("a pair", size, 8192).have == have
        with pytest.raises(TooBig):
            check_fits("a pair", size, 8192, is_copy=True)


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


SECOND = ("memory.max", "memory.current", "anon 500\nactive_file 40\ninactive_file 60\n")
FIRST = (
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "active_file 1\ninactive_file 1\ntotal_inactive_file 60\ntotal_active_file 40\n",
)
UNLIMITED = {SECOND: "max\n", FIRST: f"{2**63 - 4096}\n"}


def group(folder: Path, kind: tuple[str, str, str], most: str | None = None) -> None:
    """Write what the kernel tells of a control group that holds 700 bytes, 100 of them files."""
    limit, held, stat = kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / limit).write_text(UNLIMITED[kind] if most is None else most)
    (folder / held).write_text("700\n")
    (folder / "memory.stat").write_text(stat)


@pytest.mark.parametrize(
    ("lines", "kind", "root"),
    [
        ("0::/a/b\n", SECOND, ""),
        ("5:cpu:/x\n4:memory:/a/b\n0::/\n", FIRST, "memory"),
        ("3:cpu,memory:/a/b\n", FIRST, "memory"),
        ("1:name=systemd:/x\n0::/a/b\n", SECOND, "unified"),
    ],
)
def test_a_control_group_and_those_above_have_their_limits(
    lines: str, kind: tuple[str, str, str], root: str, tmp_path: Path
) -> None:
    """Cached files are given back when somebody asks."""
    groups, whole = tmp_path / "cgroup", tmp_path / "fs"
    assert group_limits(groups, whole) == []
    groups.write_text(lines)
    assert group_limits(groups, whole) == []
    top = whole / root
    for folder in (top, top / "a", top / "a" / "b"):
        group(folder, kind)
    free = [limit for limit in group_limits(groups, whole) if limit < 10**12]
    assert free == []
    group(top / "a", kind, "1000\n")
    assert min(group_limits(groups, whole)) == 1000 - 700 + 100
    group(top / "a" / "b", kind, "900\n")
    assert min(group_limits(groups, whole)) == 900 - 700 + 100


def test_in_a_container_the_paths_outside_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("0::/system.slice/docker-123\n")
    group(tmp_path / "fs", SECOND, "1000\n")
    assert group_limits(tmp_path / "cgroup", tmp_path / "fs") == [400]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_process_has_limits_on_linux(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SimpleNamespace(total=10**12, available=40, wired=30)
    held = mx.get_active_memory() + mx.get_cache_memory()
    monkeypatch.setattr("psutil.virtual_memory", lambda: whole)
    monkeypatch.setattr("psutil.swap_memory", lambda: SimpleNamespace(free=7))
    monkeypatch.setattr("mtp_mlx.loading.memory.sys.platform", platform)
    monkeypatch.setattr("mtp_mlx.loading.memory.group_limits", lambda *_: [])
    monkeypatch.setattr("mtp_mlx.loading.memory._process_limits", lambda: iter((1000,)))
    assert machine_memory().available - held == (40 if platform == "darwin" else 47)
    monkeypatch.setattr("mtp_mlx.loading.memory._process_limits", lambda: iter((1000, 5)))
    assert machine_memory().available - held == (40 if platform == "darwin" else 5)
