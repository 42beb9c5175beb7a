"""The wheels of a bundle: which ones it needs, from the index that pip is configured with.

Versions are those of constraints.txt. pip resolves for the machine it runs on, so the requirements
of a bundle for another system are followed here, and pip only brings single wheels.
"""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import Parser
from pathlib import Path, PurePosixPath

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from bundling.layout import PYTHON_VERSION, dotted
from bundling.macho import Version

DROPPED = {
    "transformers": "mlx-lm imports it for tokenizers, which we read ourselves",
    "regex": "of transformers",
    "safetensors": "of transformers; MLX reads the format itself",
    "protobuf": "of mlx-lm's tokenizers",
    "typer": "of the command `hf`",
    "shellingham": "of typer",
    "rich": "of typer",
    "hf-xet": "switched off: our fetcher speaks HTTP",
}
"""Packages that a bundle leaves out, each with its reason. Names are normalised."""

_NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")


class NoWheelError(Exception):
    """The index has no wheel of this package for this system."""


@dataclass(frozen=True, slots=True)
class System:
    """The system that wheels are for: pip's options and what markers are evaluated with."""

    options: tuple[str, ...]
    environment: Mapping[str, str]
    python: tuple[str, ...] = field(default=("python3",))
    """The interpreter that runs pip."""

    def wants(self, requirement: Requirement, extras: frozenset[str] = frozenset()) -> bool:
        marker = requirement.marker
        return marker is None or any(
            marker.evaluate({**self.environment, "extra": extra}) for extra in (*extras, "")
        )


def macos(least: Version, python: str) -> System:
    """Return macOS on Apple silicon from version `least` on; `python` runs pip."""
    version = dotted(PYTHON_VERSION)
    return System(
        options=(
            *("--platform", f"macosx_{least[0]}_0_arm64", "--implementation", "cp"),
            *("--python-version", version),
        ),
        environment={
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": "arm64",
            "platform_python_implementation": "CPython",
            "platform_release": "24.0.0",
            "platform_system": "Darwin",
            "platform_version": "",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "darwin",
        },
        python=(python,),
    )


def this_system(python: str, version: Version) -> System:
    """Return the system that `python`, of that version, runs on."""
    here = {name: str(value) for name, value in default_environment().items()}
    numbers = {
        "python_version": dotted(version),
        "python_full_version": f"{dotted(version)}.0",
        "implementation_version": f"{dotted(version)}.0",
    }
    return System(options=(), environment={**here, **numbers}, python=(python,))


def constraints(text: str, system: System) -> dict[str, str]:
    """Return the version of each package that constraints.txt names for `system`."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    pins = (Requirement(line) for line in lines if line)
    return {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in pins
        if system.wants(pin)
    }


class Downloads:
    """Wheels in a folder of this disk, brought by pip where they are missing."""

    def __init__(self, folder: Path, system: System, versions: Mapping[str, str]) -> None:
        self._folder = folder
        self._system = system
        self._versions = versions
        folder.mkdir(parents=True, exist_ok=True)

    def closure(self, roots: Iterable[str]) -> list[Path]:
        """Return the wheels of the requirements `roots` and of all that these require.

        Raises NoWheelError.
        """
        wheels: dict[str, Path] = {}
        followed: dict[str, frozenset[str]] = {}  # with these extras
        waiting = self._wanted(map(Requirement, roots), frozenset())
        while waiting:
            wheels.update(self.bring(waiting))
            followed |= waiting
            level, waiting = waiting, {}
            for name, extras in level.items():
                for other, more in self._wanted(requirements(wheels[name]), extras).items():
                    all_extras = more | waiting.get(other, followed.get(other, frozenset()))
                    if followed.get(other) != all_extras:
                        waiting[other] = all_extras
        return [wheels[name] for name in sorted(wheels)]

    def bring(self, names: Iterable[str]) -> dict[str, Path]:
        """Return the wheel of each package. Raises NoWheelError."""
        wanted = sorted(set(names))
        missing = [name for name in wanted if self._found(name) is None]
        if missing:
            self._download([f"{name}=={self._version(name)}" for name in missing])
        return {name: self._find(name) for name in wanted}

    def _wanted(
        self, asked: Iterable[Requirement], extras: frozenset[str]
    ) -> dict[str, frozenset[str]]:
        return {
            canonicalize_name(one.name): frozenset(one.extras)
            for one in asked
            if self._system.wants(one, extras) and canonicalize_name(one.name) not in DROPPED
        }

    def _version(self, name: str) -> str:
        if name not in self._versions:
            raise NoWheelError(f"constraints.txt names no version of {name}")
        return self._versions[name]

    def _found(self, name: str) -> Path | None:
        for wheel in sorted(self._folder.glob("*.whl")):
            package, version, _, _ = parse_wheel_filename(wheel.name)
            if package == name and str(version) == self._version(name):
                return wheel
        return None

    def _find(self, name: str) -> Path:
        wheel = self._found(name)
        if wheel is None:
            raise NoWheelError(f"pip brought no wheel of {name}")
        return wheel

    def _download(self, pinned: Sequence[str]) -> None:
        command = [*self._system.python, "-m", "pip", "download", "--no-deps", "--quiet"]
        options = ["--only-binary", ":all:", "--dest", str(self._folder), *self._system.options]
        bare = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        run = subprocess.run(
            [*command, *options, *pinned], stderr=subprocess.PIPE, text=True, env=bare, check=False
        )
        if run.returncode != 0:
            absent = _NO_WHEEL.search(run.stderr)
            if absent is not None:
                raise NoWheelError(f"the index has no wheel of {absent[1]} for this system")
            raise OSError(f"pip could not bring wheels: {run.stderr.strip()[-2000:]}")


def requirements(wheel: Path) -> list[Requirement]:
    """Return what a wheel requires, markers included."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (
            name
            for name in archive.namelist()
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1
        )
        headers = Parser().parsestr(archive.read(metadata).decode(), headersonly=True)
    return [Requirement(line) for line in headers.get_all("Requires-Dist", [])]


def unpack(wheel: Path, folder: Path, needed: Callable[[PurePosixPath], bool]) -> None:
    """Lay what is `needed` of a wheel's packages into `folder`. Scripts and headers stay behind."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            inside = _place(PurePosixPath(entry.filename))
            if inside is None or entry.is_dir() or not needed(inside):
                continue
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))
            target.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)


def _place(inside: PurePosixPath) -> PurePosixPath | None:
    """Return where a file of a wheel belongs, below site-packages; None: nowhere."""
    if ".." in inside.parts or inside.is_absolute():
        raise OSError(f"A wheel has a file outside of itself: {inside}.")
    if not inside.parts[0].endswith(".data"):
        return inside
    if inside.parts[1] in ("purelib", "platlib"):
        return PurePosixPath(*inside.parts[2:])
    return None
