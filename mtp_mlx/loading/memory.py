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
from pathlib import Path
from typing import Any

import mlx.core as mx
import psutil

from mtp_mlx.api import Memory
from mtp_mlx.errors import OutOfMemory, TooBig
from mtp_mlx.families.base import Blueprint
from mtp_mlx.hub.fit import (
    DEFAULT_CONTEXT,
    SMALLEST_CHUNK,
    Fit,
    MachineMemory,
    PairSize,
    Pressure,
    fit,
    rows_within,
)
from mtp_mlx.loading.checkpoint import Checkpoint

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


def prompt_bytes() -> int:
    """Return the bytes that conversations may hold beside the one that is being written.

    A quarter of what the device has left beside the weights, up to `MOST_PROMPT_BYTES`.
    """
    now = memory()
    return max(0, min(MOST_PROMPT_BYTES, (now.limit - now.active) // 4))


def machine_memory(given_up: int = 0) -> MachineMemory:
    """Return the memory of this machine as it is now.

    `given_up` are bytes that another process holds for a pair which gives way to the next.
    """
    held = mx.get_active_memory() + mx.get_cache_memory() + given_up
    device = mx.device_info(mx.default_device())
    whole = psutil.virtual_memory()
    if sys.platform == "darwin":
        return of_mac(device, whole, _pressure_level(), held)
    if "free_memory" in device:
        return of_cuda(device, held)
    limits = [whole.available + psutil.swap_memory().free, *_process_limits()]
    group = _group_limit(Path("/sys/fs/cgroup"))
    free = min(limits if group is None else [*limits, group])
    return MachineMemory(total=whole.total, available=free + held)


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


def _group_limit(folder: Path) -> int | None:
    """Return what a container may still take; None where it has no limit."""
    try:
        most = int((folder / "memory.max").read_text())
        counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        cached = int(counts["inactive_file"]) + int(counts["active_file"])
        return most - int((folder / "memory.current").read_text()) + cached
    except (OSError, ValueError, KeyError):  # "max": no limit
        return None


def pair_size(
    blueprint: Blueprint, target: Checkpoint, drafter: Checkpoint | None, dtype: mx.Dtype | None
) -> PairSize:
    """Return what the memory of a pair depends on, once its weights are of `dtype`."""
    return PairSize(
        target=_bytes_of(blueprint, target, dtype),
        drafter=0 if drafter is None else _bytes_of(blueprint, drafter, dtype),
        shape=blueprint.memory,
        bytes_a_number=2 if dtype is None else dtype.size,
    )


def _bytes_of(blueprint: Blueprint, checkpoint: Checkpoint, dtype: mx.Dtype | None) -> int:
    """Return the bytes that a checkpoint's tensors of text take in `dtype`."""
    kept = (t for name, t in checkpoint.tensors.items() if blueprint.other_part(name) is None)
    return sum(
        math.prod(t.shape) * dtype.size if dtype and t.is_floating else t.end - t.start
        for t in kept
    )


def check_fits(name: str, size: PairSize, context_length: int) -> None:
    """Raise TooBig where the pair called `name` needs more than there is, with the sum."""
    judged = fit(size, min(DEFAULT_CONTEXT, context_length), machine_memory().have)
    if judged.verdict == "too-big":
        raise TooBig(
            f"{name} needs {judged.need.total / GB:.1f} GB here ({addends(judged)}), and "
            f"{judged.have / GB:.1f} GB are free for it.",
            "Close other programs, choose a smaller model or fewer bits, or load it all the same "
            "with --anyway.",
        )


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
