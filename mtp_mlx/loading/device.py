"""What the machine wants: the one place, with `doctor`, that asks which platform this is."""

from __future__ import annotations

import gc
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import version

import mlx.core as mx
import psutil

from mtp_mlx import __version__
from mtp_mlx.api import Dtype, Memory

_DTYPES = {"float32": mx.float32, "bfloat16": mx.bfloat16, "float16": mx.float16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    name: str
    backend: str  # metal, cuda or cpu
    memory_bytes: int
    compiles: bool  # whether fused kernels can be built


def versions() -> dict[str, str]:
    """Return the versions of all that a speed depends on."""
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
    """On the CPU, MLX builds fused kernels with the system's C++ compiler."""
    return (
        backend != "cpu" or shutil.which("g++") is not None or shutil.which("clang++") is not None
    )


def prepare() -> None:
    """Make MLX run without a C++ compiler where there is none."""
    if not can_compile(backend_name()):
        mx.disable_compile()


def compute_dtype(wanted: Dtype) -> mx.Dtype | None:
    """The dtype to convert weights to; None keeps the checkpoint's own.

    The CPU has no fast half-precision products: there "auto" means float32.
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


def is_out_of_memory(error: RuntimeError) -> bool:
    """MLX reports a failed allocation as a RuntimeError, in different words on each backend."""
    text = str(error).lower()
    return "alloc" in text or "out of memory" in text or "insufficient memory" in text
