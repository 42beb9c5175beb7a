"""The device that MLX computes on: its name, its memory, its dtypes, whether kernels compile."""

from __future__ import annotations

import gc
import platform
import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mlx.core as mx
import psutil

from mtp_mlx import __version__
from mtp_mlx.api import Dtype, Memory

THREADS = 512 * 2**20
"""Bytes of address space that the threads of MLX reserve, which a limit counts as taken."""

MOST_PROMPT_BYTES = 4 * 2**30
"""The bytes that conversations hold at most beside the one that is being written."""

_DTYPES = {"float32": mx.float32, "bfloat16": mx.bfloat16, "float16": mx.float16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    name: str
    backend: str  # metal, cuda or cpu
    memory_bytes: int
    compiles: bool  # fused kernels can be built


def versions() -> dict[str, str]:
    """Return the versions of the packages that speed depends on."""
    return {
        "mtp-mlx": __version__,
        "python": platform.python_version(),
        "mlx": version("mlx"),
        "mlx-lm": version("mlx-lm"),
    }


def describe() -> Device:
    backend = backend_name()
    info = mx.device_info(mx.default_device())
    name = str(info.get("device_name") or platform.processor() or platform.machine())
    memory = int(info.get("memory_size") or psutil.virtual_memory().total)
    return Device(name=name, backend=backend, memory_bytes=memory, compiles=can_compile(backend))


def backend_name() -> str:
    if mx.default_device().type != mx.gpu:
        return "cpu"
    return "metal" if mx.metal.is_available() else "cuda"


def can_compile(backend: str) -> bool:
    """Tell whether MLX can build fused kernels; on the CPU it needs the system's C++ compiler."""
    return (
        backend != "cpu" or shutil.which("g++") is not None or shutil.which("clang++") is not None
    )


def prepare() -> None:
    """Turn compilation off where MLX needs a C++ compiler and there is none."""
    if not can_compile(backend_name()):
        mx.disable_compile()


def compute_dtype(wanted: Dtype) -> mx.Dtype | None:
    """Return the dtype to convert weights to; None keeps the checkpoint's own.

    On the CPU "auto" means float32, for products in half precision are slow there.
    """
    if wanted != "auto":
        return _DTYPES[wanted]
    return mx.float32 if backend_name() == "cpu" else None


def release() -> None:
    """Give the memory of dropped networks back to the system."""
    gc.collect()
    mx.clear_cache()


def memory() -> Memory:
    limit = mx.device_info(mx.default_device()).get("max_recommended_working_set_size")
    return Memory(
        active=mx.get_active_memory(),
        peak=mx.get_peak_memory(),
        limit=int(limit or psutil.virtual_memory().total),
    )


def prompt_bytes() -> int:
    """Return the bytes that conversations may hold beside the one that is being written.

    A quarter of what the device has left beside the weights, up to `MOST_PROMPT_BYTES`.
    """
    now = memory()
    return max(0, min(MOST_PROMPT_BYTES, (now.limit - now.active) // 4))


def free_memory() -> int:
    """Return the bytes that this process may still take, as the system counts them.

    macOS compresses and swaps what other programs hold, so there only wired memory is taken.
    Linux kills instead: there it is what is available, within the limits of the process and of its
    control group, and what is left of the swap.
    """
    whole = psutil.virtual_memory()
    if sys.platform == "darwin":
        return int(whole.total - whole.wired)
    free = [whole.available + psutil.swap_memory().free, *_process_limits()]
    group = _group_limit(Path("/sys/fs/cgroup"))
    return int(min(free if group is None else [*free, group]))


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


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell whether MLX's `error` is a failed allocation; each backend words it differently."""
    text = str(error).lower()
    return "alloc" in text or "out of memory" in text or "insufficient memory" in text
