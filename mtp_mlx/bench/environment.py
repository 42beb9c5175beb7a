"""The environment of a benchmark, as the report's schema names it: machine, program, weights."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mtp_mlx.bench.machine import (
    Conditions,
    Machine,
    linux,
    listed,
    load,
    macos,
    output,
    text,
)
from mtp_mlx.files import write_atomically
from mtp_mlx.learned import folder
from mtp_mlx.loading.device import describe, versions
from mtp_mlx.paths import checkout
from mtp_mlx.report.model import Environment


def machine() -> Machine:
    """Return the facts of the machine that do not change while a benchmark runs."""
    if platform.system() == "Darwin":
        return macos.machine(output)
    return linux.machine(text) if platform.system() == "Linux" else Machine()


def conditions() -> Conditions:
    """Return the present state of the machine. Asking takes time, so never ask during a run."""
    if platform.system() == "Darwin":
        return macos.conditions(output, load())
    if platform.system() == "Linux":
        return linux.conditions(text, listed, load())
    return Conditions(load=load())


def environment(machine: Machine, before: Conditions) -> Environment:
    installed = versions()
    device = describe()
    program = commit(output, checkout())
    return Environment(
        app_version=installed["mtp-mlx"],
        commit=program.sha,
        commit_clean=program.clean,
        python=installed["python"],
        mlx=installed["mlx"],
        mlx_lm=installed["mlx-lm"],
        os=machine.os or platform.platform(terse=True),
        machine=machine.model,
        device=device.name,
        backend=device.backend,
        cpu=machine.cpu,
        cpu_cores=machine.cpu_cores,
        gpu_cores=machine.gpu_cores,
        memory_bytes=machine.memory_bytes or device.memory_bytes,
        fanless=machine.fanless,
        power_source=before.power_source,
        low_power_mode=before.low_power_mode,
        thermal_before=before.thermal,
        governor=before.governor,
        load_before=before.load,
    )


def finished(begun: Environment, after: Conditions) -> Environment:
    """Add the state at the end to `begun`; a low power mode that began meanwhile counts."""
    slowed = {begun.low_power_mode, after.low_power_mode}
    return msgspec.structs.replace(
        begun,
        power_source_after=after.power_source,
        low_power_mode=True if True in slowed else begun.low_power_mode,
        thermal_after=after.thermal,
        load_after=after.load,
    )


def cooldown_s(machine: Machine, before: Conditions) -> float:
    """Return the usual seconds between runs: 5 without a fan or on a battery, else 0."""
    return 5.0 if machine.fanless or before.power_source == "battery" else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    sha: str | None = None
    clean: bool | None = None  # no tracked file differs from the commit


def commit(ask: Callable[..., str | None], root: Path | None) -> Commit:
    """Return the commit of the checkout at `root`; None, an installed copy, has none."""
    if root is None:
        return Commit()
    git = ("git", "-C", str(root))
    sha = ask(*git, "rev-parse", "HEAD")
    if sha is None or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha):
        return Commit()
    # `--branch` prints a line first: no output at all means that git failed.
    status = ask(*git, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None or not status.startswith("# branch.oid"):
        return Commit(sha=sha)
    return Commit(sha=sha, clean=all(line.startswith("#") for line in status.splitlines()))


CHUNK = 16 * 2**20  # bytes that are hashed between two looks at `cancelled`
Hashes = dict[str, str]
"""Hashes of weight files, by the names of `_place`."""


def weights_sha256(files: Sequence[Path], cancelled: Callable[[], bool]) -> str | None:
    """Return the hash of a single file, or that of the names and hashes of several, by name.

    The latter is the hash of the output of `sha256sum *.safetensors`. None where there are no
    files, where a file cannot be read, or once `cancelled`.
    """
    hashes: list[tuple[str, str]] = []
    for file in sorted(files, key=lambda file: file.name):
        try:
            digest = _sha256(file, cancelled)
        except OSError:
            return None
        if digest is None:
            return None
        hashes.append((file.name, digest))
    if len(hashes) < 2:
        return hashes[0][1] if hashes else None
    listing = "".join(f"{digest}  {name}\n" for name, digest in hashes)
    return hashlib.sha256(listing.encode()).hexdigest()


def _sha256(file: Path, cancelled: Callable[[], bool]) -> str | None:
    place = _place(file)
    stored = _stored_hashes()
    if place in stored:
        return stored[place]
    hashed = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            if cancelled():
                return None
            hashed.update(chunk)
    digest = hashed.hexdigest()
    with contextlib.suppress(OSError):
        write_atomically(_hash_file(), msgspec.json.encode({**_stored_hashes(), place: digest}))
    return digest


def _place(file: Path) -> str:
    """Return a name for the file's present content: it changes when the file is written to."""
    real = file.resolve()
    state = real.stat()
    name = f"{real}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ino}"
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()


def _hash_file() -> Path:
    return folder().parent / "hashes.json"


def _stored_hashes() -> Hashes:
    try:
        return msgspec.json.decode(_hash_file().read_bytes(), type=Hashes)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return {}
