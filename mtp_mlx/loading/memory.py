"""The memory of this machine at a moment, and whether a pair fits it. Parsers are pure.

macOS has pages that it compresses or swaps when others need them, and tells by a level of pressure
when it runs out of such: sysctl `kern.memorystatus_vm_pressure_level`, documented in
`xnu/bsd/kern/kern_memorystatus_notify.c` as 1 (normal), 2 (warning) and 4 (critical). Linux ends
programs instead. Metal tells the bytes it recommends at most, and CUDA what is free on the device.
"""

from __future__ import annotations

import ctypes
import math
import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import psutil

from mtp_mlx.api import Memory, Pressure
from mtp_mlx.errors import OutOfMemory, TooBig
from mtp_mlx.families.base import Blueprint
from mtp_mlx.hub.fit import (
    GROUP,
    MARGIN,
    SMALLEST_CHUNK,
    Fit,
    MachineMemory,
    PairSize,
    fit,
    longest_context,
    rows_within,
)
from mtp_mlx.hub.weight_files import Tensor
from mtp_mlx.loading.checkpoint import Checkpoint
from mtp_mlx.loading.device import KEPT

THREADS = 512 * 2**20
"""Bytes of address space that the threads of MLX reserve, which a limit counts as taken."""

MOST_PROMPT_BYTES = 4 * 2**30
"""The bytes that conversations hold at most beside the one that is being written."""

GB = 10**9
_LEVELS: Mapping[int, Pressure] = {1: "normal", 2: "warning", 4: "critical"}
_PRESSURE = b"kern.memorystatus_vm_pressure_level"


def memory() -> Memory:
    """Return what MLX holds, and what there is for it."""
    return Memory(
        active=mx.get_active_memory(), peak=mx.get_peak_memory(), limit=machine_memory().have
    )


def pair_memory(size: PairSize, context: int, longest: int, *, anyway: bool) -> Memory:
    """Return the memory as `memory` does, with what a loaded pair needs for `context` tokens.

    `longest` is the context that the target was made for.
    """
    now = machine_memory()
    return Memory(
        active=mx.get_active_memory(),
        peak=mx.get_peak_memory(),
        limit=now.have,
        need=None if anyway else fit(size, context, now.have).need.total,
        pressure=now.pressure,
        context=longest_context(size, longest, now.have),
    )


def prompt_bytes() -> int:
    """Return the bytes that conversations may hold beside the one that is being written.

    A quarter of what the device has left beside the weights, up to `MOST_PROMPT_BYTES`.
    """
    now = memory()
    return max(0, min(MOST_PROMPT_BYTES, (now.limit - now.active) // 4))


def machine_memory() -> MachineMemory:
    """Return the memory of this machine as it is now."""
    held = mx.get_active_memory() + mx.get_cache_memory()
    device = mx.device_info(mx.default_device())
    whole = psutil.virtual_memory()
    if sys.platform == "darwin":
        return of_mac(device, whole, _pressure_level(), held)
    if "free_memory" in device:
        return of_cuda(device, held)
    limits = [whole.available + psutil.swap_memory().free, *_process_limits()]
    limits += group_limits(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    return MachineMemory(total=whole.total, available=min(limits) + held)


def of_mac(device: Mapping[str, Any], whole: Any, level: int | None, held: int) -> MachineMemory:
    """Return the memory of a Mac, of which MLX holds `held` bytes.

    `device` is what MLX tells of Metal, or of the processor; `whole` what psutil tells. A level
    that this program does not know counts as normal, for byte counts alone warn too early. Metal
    wires what it computes with, so `held` is taken off; while it rests, others have wired as much
    more than is told here.
    """
    advised = device.get("max_recommended_working_set_size")
    return MachineMemory(
        total=int(device.get("memory_size") or whole.total),
        available=whole.available + held,
        recommended=None if advised is None else int(advised),
        wired_by_others=max(0, whole.wired - held),
        pressure=_LEVELS.get(level or 0, "normal"),
    )


def of_cuda(device: Mapping[str, Any], held: int) -> MachineMemory:
    """Return the memory of a CUDA device, of which MLX holds `held` bytes."""
    return MachineMemory(
        total=int(device["total_memory"]), available=int(device["free_memory"]) + held
    )


def _pressure_level() -> int | None:
    """Return the kernel's level of pressure; None where the system has none."""
    try:
        ask = ctypes.CDLL(None).sysctlbyname
    except (AttributeError, OSError):
        return None
    level = ctypes.c_int(0)
    size = ctypes.c_size_t(ctypes.sizeof(level))
    failed = ask(_PRESSURE, ctypes.byref(level), ctypes.byref(size), None, ctypes.c_size_t(0))
    return None if failed else level.value


def _process_limits() -> Iterator[int]:
    held = psutil.Process().memory_info()
    limits = ((resource.RLIMIT_AS, held.vms), (resource.RLIMIT_DATA, held.data))
    for limit, taken in limits:
        most, _ = resource.getrlimit(limit)
        if most != resource.RLIM_INFINITY:
            yield most - taken - THREADS


@dataclass(frozen=True, slots=True)
class _Hierarchy:
    """How one of Linux's two versions of control groups names what counts memory."""

    folder: str  # below the file system of control groups
    most: str
    held: str
    counts: str  # before the names of counts that include the groups within


_FIRST = _Hierarchy("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
_SECOND = _Hierarchy("", "memory.max", "memory.current", "")
_MIXED = _Hierarchy("unified", _SECOND.most, _SECOND.held, "")


def group_limits(groups: Path, root: Path) -> list[int]:
    """Return what this process's control groups, and those that they lie in, may still take.

    `groups` is /proc/self/cgroup. Within a container its paths may be those outside, which are not
    there: the container's own group is then the root. Source: the kernel's
    `Documentation/admin-guide/cgroup-v1/memory.rst` and `cgroup-v2.rst`.
    """
    try:
        lines = [line.split(":", 2) for line in groups.read_text().splitlines()]
    except OSError:
        return []
    left: list[int | None] = []
    for number, controllers, path in (line for line in lines if len(line) == 3):
        if number != "0" and "memory" not in controllers.split(","):
            continue
        for kind in (_SECOND, _MIXED) if number == "0" else (_FIRST,):
            whole = root / kind.folder
            own = whole / path.strip("/")
            folders = [own, *(folder for folder in own.parents if folder.is_relative_to(whole))]
            left += [_group_limit(folder, kind) for folder in folders]
    return [limit for limit in left if limit is not None]


def _group_limit(folder: Path, kind: _Hierarchy) -> int | None:
    """Return what one group may still take; None where it has no limit."""
    try:
        most = int((folder / kind.most).read_text())
        counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        files = (int(counts[f"{kind.counts}{age}_file"]) for age in ("inactive", "active"))
        return most - int((folder / kind.held).read_text()) + sum(files)
    except (OSError, ValueError, KeyError):  # "max": no limit
        return None


def pair_size(
    blueprint: Blueprint,
    target: Checkpoint,
    drafter: Checkpoint | None,
    dtype: mx.Dtype | None,
    drafter_bits: int | None = None,
) -> PairSize:
    """Return what the memory of a pair depends on, once its weights are of `dtype`.

    `drafter_bits` are those of the drafter's head, where that is quantised.
    """
    return PairSize(
        target=_bytes_of(blueprint, target, dtype),
        drafter=0 if drafter is None else _bytes_of(blueprint, drafter, dtype, drafter_bits),
        shape=blueprint.memory,
        bytes_a_number=2 if dtype is None else dtype.size,
    )


def _bytes_of(
    blueprint: Blueprint,
    checkpoint: Checkpoint,
    dtype: mx.Dtype | None,
    head_bits: int | None = None,
) -> int:
    """Return the bytes that a checkpoint's tensors of text take in `dtype`."""

    def taken(name: str, tensor: Tensor) -> int:
        numbers, stored = math.prod(tensor.shape), tensor.end - tensor.start
        if not tensor.is_floating:
            return stored
        size = numbers * dtype.size if dtype else stored
        if head_bits is None or not name.endswith("embed_tokens.weight"):
            return size
        return numbers * head_bits // 8 + 2 * size // GROUP  # a scale and a bias for each group

    kept = (one for one in checkpoint.tensors.items() if blueprint.other_part(one[0]) is None)
    return sum(taken(name, tensor) for name, tensor in kept)


def check_fits(name: str, size: PairSize, context: int, *, is_copy: bool = False) -> Fit:
    """Judge the pair called `name` for a context. Raises TooBig, with the sum.

    A second copy of a pair that another process has loaded (`is_copy`) has what that leaves: macOS
    does not count the first as taken before it computes.
    """
    now = machine_memory()
    first = size.target + size.drafter if is_copy and now.pressure is not None else 0
    judged = fit(size, context, max(0, now.have - first))
    if judged.verdict == "too-big":
        copied = "is loaded by another MTP MLX, and a second copy " if is_copy else ""
        raise TooBig(f"{name} {copied}{_needed(judged)} are free for it.", _TOO_BIG_REMEDY)
    return judged


def check_goes_on(name: str, size: PairSize, context: int) -> None:
    """Raise TooBig where other programs took so much while a pair is loaded that it fits no more.

    Linux kills a program for that, and macOS says so; until it does it drives out what others hold.
    """
    now = machine_memory()
    if now.pressure in ("normal", "warning"):
        return
    judged = fit(size, context, now.have)
    if judged.verdict == "too-big":
        raise TooBig(
            f"Other programs took memory while {name} was being loaded: it {_needed(judged)} are "
            "left for it.",
            _TOO_BIG_REMEDY,
        )


_TOO_BIG_REMEDY = (
    "Close other programs, choose a smaller model or fewer bits, or load it with --anyway."
)


def _needed(judged: Fit) -> str:
    return (
        f"needs {judged.need.total / GB:.1f} GB here ({addends(judged)}), and "
        f"{judged.have / GB:.1f} GB"
    )


def keep_freed_within(judged: Fit) -> None:
    """Bound the freed memory that MLX keeps for reuse by what the pair's sum leaves.

    Half of the margin stays: allocating each buffer anew would slow every step.
    """
    room = judged.have - judged.need.total + MARGIN // 2
    mx.set_cache_limit(max(MARGIN // 2, min(KEPT, room)))


def rows_to_read(size: PairSize, held: int, most: int, *, anyway: bool) -> int:
    """Return how many of `most` rows of a prompt to read next, behind `held` tokens.

    Raises OutOfMemory where they would endanger the machine. A pair that was loaded `anyway` may
    go beyond what there is, for as long as macOS finds pages to drive out; elsewhere it would be
    killed.
    """
    now = machine_memory()
    if now.pressure == "critical":
        raise OutOfMemory(
            f"macOS reports that memory is critically short, so the prompt was read to token "
            f"{held:,} and no further.",
            "Close other programs, shorten the conversation, or choose a smaller model.",
        )
    rows = rows_within(size, held, most, now.have - mx.get_active_memory())
    if rows or (anyway and now.pressure is not None):
        return rows or min(SMALLEST_CHUNK, most)
    raise OutOfMemory(
        f"The prompt was read to token {held:,} and no further: what comes next does not fit into "
        f"the {now.have / GB:.1f} GB that this machine has for the model.",
        "Shorten the conversation, close other programs, or choose a smaller model.",
    )


def addends(judged: Fit) -> str:
    """Return the parts of a sum in words."""
    need = judged.need
    parts = (
        (need.target, "target"), (need.drafter, "drafter"), (need.kv, "keys and values"),
        (need.scores, "a chunk of the prompt"), (need.margin, "margin"),
    )  # fmt: skip
    return " + ".join(f"{size / GB:.1f} {part}" for size, part in parts if size)
