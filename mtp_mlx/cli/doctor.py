"""`mtp-mlx doctor`: facts about this machine, what is slow here and why; one function a fact."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import click

from mtp_mlx import __version__
from mtp_mlx.paths import checkout, program_command
from mtp_mlx.printable import json_line, printable

PACKAGES = ("mlx", "mlx-lm", "tokenizers", "huggingface_hub", "PySide6_Essentials")
GB = 10**9
OPENBLAS = "libopenblas"
FAST_START = f"{'scripts/run or ' if checkout() else ''}LD_PRELOAD=libopenblas.so.0"
"""What loads OpenBLAS before MLX on Linux."""

MARKS = {"good": "ok  ", "slow": "slow", "absent": "none", "broken": "FAIL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact about this machine and, where it is not good, what to do about it."""

    subject: str
    verdict: Literal["good", "slow", "absent", "broken"]
    fact: str
    remedy: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Show the versions, the device, and what is slow here and why."""
    findings = diagnose()
    if as_json:
        values = {"versions": installed(), "findings": [asdict(finding) for finding in findings]}
        click.echo(json_line(values))
    else:
        click.echo("\n".join(_line(finding) for finding in findings))
    return 1 if any(finding.verdict == "broken" for finding in findings) else 0


def _line(finding: Finding) -> str:
    mark = MARKS[finding.verdict]
    if sys.stdout.isatty() and finding.verdict != "good":
        mark = f"\x1b[1m{mark}\x1b[0m"
    remedy = f" {finding.remedy}" if finding.remedy else ""
    return f"{mark}  {finding.subject:13} {printable(finding.fact)}{printable(remedy)}"


def diagnose() -> list[Finding]:
    """Return all findings in the order they are shown."""
    checks: tuple[Callable[[], Finding], ...] = (
        versions,
        device,
        memory,
        linear_algebra,
        compiler,
        built_in_pair,
        display,
    )
    return [*(check() for check in checks), *calibrations()]


def installed() -> dict[str, str | None]:
    """Return the versions of the packages that matter; None where one is not installed."""
    numbers: dict[str, str | None] = {"mtp-mlx": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            numbers[package] = version(package)
        except PackageNotFoundError:
            numbers[package] = None
    return numbers


def versions() -> Finding:
    packages = installed()
    fact = (
        ", ".join(f"{name} {number or 'not installed'}" for name, number in packages.items()) + "."
    )
    if None in packages.values():
        remedy = "Run scripts/run once." if checkout() else "Install the program again."
        return Finding(subject="versions", verdict="broken", fact=fact, remedy=remedy)
    return Finding(subject="versions", verdict="good", fact=fact)


def device() -> Finding:
    try:
        from mtp_mlx.loading.device import describe

        this = describe()
    except (ImportError, OSError, RuntimeError) as error:
        return Finding(
            subject="device",
            verdict="broken",
            fact=f"MLX does not start: {error}.",
            remedy="MLX needs macOS on Apple silicon, or 64-bit Linux.",
        )
    fact = f"{this.name or 'unnamed'}, {this.backend}, {platform.platform(terse=True)}."
    if this.backend == "cpu":
        remedy = "MLX computes on the processor here: good for trying, not for large models."
        return Finding(subject="device", verdict="slow", fact=fact, remedy=remedy)
    return Finding(subject="device", verdict="good", fact=fact)


def memory() -> Finding:
    from mtp_mlx.hub.fit import MachineMemory

    try:
        from mtp_mlx.loading.memory import machine_memory

        now = machine_memory()
    except (ImportError, OSError, RuntimeError):  # MLX does not start, which `device` tells
        import psutil

        whole = psutil.virtual_memory()
        now = MachineMemory(total=whole.total, available=whole.available)
    fact = f"{now.have / GB:.1f} of {now.total / GB:.1f} GB for a model."
    if now.pressure not in (None, "normal"):
        fact = f"{fact} macOS reports that memory is short."
    if now.have < 2 * GB:
        return Finding(
            subject="memory", verdict="slow", fact=fact, remedy="Close other programs first."
        )
    return Finding(subject="memory", verdict="good", fact=fact)


def linear_algebra() -> Finding:
    """Tell whether OpenBLAS is loaded: on Linux the BLAS of MLX's own wheel is slow."""
    subject = "BLAS"
    if sys.platform != "linux":
        return Finding(subject=subject, verdict="good", fact="The system's own (Accelerate).")
    if OPENBLAS in _loaded_libraries():
        return Finding(subject=subject, verdict="good", fact="OpenBLAS is loaded.")
    fact = "The reference BLAS is in use: matrix products on the CPU run many times slower."
    if _has_openblas():
        remedy = f"Start with {FAST_START}."
    else:
        remedy = (
            f"Install OpenBLAS (Debian: apt install libopenblas0), then start with {FAST_START}."
        )
    return Finding(subject=subject, verdict="slow", fact=fact, remedy=remedy)


def compiler() -> Finding:
    """Tell whether there is a compiler: MLX's CPU backend builds fused kernels with it."""
    subject = "C++ compiler"
    if sys.platform != "linux":
        return Finding(subject=subject, verdict="good", fact="Not needed here.")
    name = next((name for name in ("g++", "clang++") if shutil.which(name)), None)
    if name:
        return Finding(subject=subject, verdict="good", fact=f"{name} builds fused kernels.")
    return Finding(
        subject=subject,
        verdict="slow",
        fact="None found: kernels run unfused on the CPU.",
        remedy="Install g++ (Debian: apt install g++).",
    )


def built_in_pair() -> Finding:
    from mtp_mlx.hub.cache import is_complete
    from mtp_mlx.hub.resolve import DEMO_FOLDER

    absent = [part for part in ("target", "drafter") if not is_complete(DEMO_FOLDER / part)]
    if absent:
        return Finding(
            subject="built-in pair",
            verdict="broken",
            fact=f"Its {' and '.join(absent)} cannot be found.",
            remedy="Install the program again.",
        )
    return Finding(subject="built-in pair", verdict="good", fact="Present.")


def calibrations() -> list[Finding]:
    """Return the costs of verifying, for each pair that was calibrated on this device."""
    from mtp_mlx.learned import recall_all
    from mtp_mlx.loading.device import describe

    try:
        device = describe().name
    except (ImportError, OSError, RuntimeError):
        return []  # `device` reports this
    findings = [
        Finding(
            subject="MTP",
            verdict="slow" if record.calibration.costs.least_acceptance() is None else "good",
            fact=f"{record.subject.target}: {record.calibration.in_words()} "
            f"(measured {record.calibration.date}).",
        )
        for record in recall_all()
        if record.calibration is not None and record.subject.device == device
    ]
    remedy = f"Run `{program_command()} calibrate`; auto measures as it goes meanwhile."
    absent = Finding(
        subject="MTP", verdict="absent", fact="No pair was calibrated here yet.", remedy=remedy
    )
    return findings or [absent]


def display() -> Finding:
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform != "linux" or shown:
        return Finding(subject="display", verdict="good", fact="The window can open.")
    return Finding(
        subject="display",
        verdict="absent",
        fact="None, so no window.",
        remedy=f"Use `{program_command()} chat`.",
    )


def _loaded_libraries() -> str:
    """Return the names of the libraries in this process."""
    try:
        return Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return os.environ.get("LD_PRELOAD", "")


def _has_openblas() -> bool:
    try:
        done = subprocess.run(
            ["/sbin/ldconfig", "-p"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return OPENBLAS in done.stdout
