"""The device that MLX computes on: its name, its dtypes, whether kernels compile."""

from __future__ import annotations

import gc
import platform
import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

import mlx.core as mx
import psutil

from mtp_mlx import __version__
from mtp_mlx.api import Dtype

KEPT = 2**30
"""Bytes of freed memory that MLX may keep for reuse. By default it keeps about as much as there is,
and a Mac of 16 GB then swaps."""

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
    """Bound what MLX keeps of freed memory; turn compilation off where there is no C++ compiler.

    Memory is never wired: on macOS that has ended in panics of the kernel (ml-explore/mlx#3186).
    A load that failed may have left work begun, whose error MLX raises at the next call.
    """
    with suppress(RuntimeError):
        mx.synchronize()
    mx.set_cache_limit(KEPT)
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


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell whether MLX's `error` is a failed allocation; each backend words it differently."""
    text = str(error).lower()
    return "alloc" in text or "out of memory" in text or "insufficient memory" in text
