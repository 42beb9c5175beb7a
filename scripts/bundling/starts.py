"""Starts a bundle on Linux as a stranger's machine would, and holds it to what it promises.

It lies in a folder whose name has spaces and accents, may not be written to, is moved between two
starts, and runs with the bare environment that the Finder gives, and with one full of what other
Pythons leave behind. Where the checks run as root, the bundle runs as somebody who owns nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from app.strings import APP_NAME
from bundling import assembly, checks, relocatable
from bundling.inside import every_module, every_view
from bundling.layout import PYTHON_VERSION, Layout, python_library
from bundling.wheels import DROPPED
from tests.hub.fake_hub import PIECE, REPOSITORY, FakeHub, serving, weights

PATIENCE_S = 300
_LOOK_S = 0.2
_SCREEN = "1400x900x24"
_SCREEN_TOOLS = ("Xvfb", "xwininfo")
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
_PLACES = ("Ünïcode & spaces", "moved: a 2nd plaçe (ß)")

COMMANDS = {
    "version": ("--version",),
    "help": ("bench", "--help"),
    "reply": ("generate", "Who are you?", "--mtp", "3", "--max-tokens", "16", "--json"),
    "benchmark": (
        *("bench", "--modes", "off,2", "--repeats", "1", "--max-tokens", "8"),
        *("--out", f"{{data}}/reports/{every_view.REPORT}"),
    ),
    "page": ("report", "export", f"{{data}}/reports/{every_view.REPORT}", "{data}/page.html"),
    "paper": ("report", "export", f"{{data}}/reports/{every_view.REPORT}", "{data}/page.pdf"),
    "card": ("report", "export", f"{{data}}/reports/{every_view.REPORT}", "{data}/card.png"),
    "models": ("models", "list", "--json"),
    "places": ("models", "places", "--json"),
    "fit": ("models", "fit", "--json"),
    "doctor": ("doctor",),
    "calibration": ("calibrate", "--help"),
}
"""Commands that a bundle must carry out; {data} is its data folder."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a start said, and what is wrong with it: "" where nothing is."""

    name: str
    said: str
    fault: str


def run(folder: Path) -> int:
    """Assemble the bundle for this Linux in `folder`, start it, and return the exit code."""
    source, version = _python()
    assembled = assembly.for_linux(folder, source, version)
    if not assembled.layout.window.exists():
        print("Skipped:", *assembled.skipped)
        return 0
    faults = [*assembled.skipped, *_static(assembled.layout)]
    before = digests(assembled.layout.root)
    with TemporaryDirectory(prefix="start-") as scratch:
        for outcome in _starts(assembled.layout, Path(scratch)):
            print(f"{outcome.name}: {outcome.fault or outcome.said}", flush=True)
            faults += [f"{outcome.name} fails."] if outcome.fault else []
    faults += changes(before, digests(assembled.layout.root))
    print(*faults, sep="\n")
    size = checks.size(assembled.layout.root) / 1e6
    print(f"{assembled.layout.root}: {size:.0f} MB, {len(before)} files, {len(faults)} faults.")
    return 1 if faults else 0


def _python() -> tuple[Path, tuple[int, int]]:
    """Return the folder and the version of a Python of this machine: the bundle's, or ours."""
    version = PYTHON_VERSION
    program = assembly.find_python(version)
    if program is None:
        version = (sys.version_info.major, sys.version_info.minor)
        program = Path(sys.executable)
    tell = [str(program), "-c", "import sys; print(sys.base_prefix)"]
    told = subprocess.run(tell, capture_output=True, text=True, check=True).stdout.strip()
    library = Path(told) / "lib" / python_library(version, macos=False)
    if not library.is_file():
        raise relocatable.NoPythonError(f"{told} has no Python as a library: {library.name}.")
    return Path(told), version


def _static(layout: Layout) -> list[str]:
    """Return what the files of a bundle for Linux show, a sentence each."""
    present = [name for name in DROPPED if (layout.packages / name.replace("-", "_")).exists()]
    return [
        *checks.unwanted(layout),
        *checks.stray_links(layout),
        *checks.unsealed_modules(layout),
        *(f"{name} is in the bundle." for name in present),
    ]


def digests(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file below `root`, and where each link leads."""
    values: dict[str, str] = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            values[name] = f"-> {path.readlink()}"
        elif path.is_file():
            with path.open("rb") as stream:
                values[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return values


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return what starting a bundle did to its files, a sentence each."""
    both = before.keys() & after.keys()
    return [
        *(f"{name} was written." for name in sorted(after.keys() - before.keys())),
        *(f"{name} was removed." for name in sorted(before.keys() - after.keys())),
        *(f"{name} was changed." for name in sorted(both) if after[name] != before[name]),
    ]


def _starts(layout: Layout, scratch: Path) -> Iterator[Outcome]:
    """Start everything, half of it in each of two places."""
    scratch.chmod(0o755)
    user = User.made(scratch)
    first, second = (layout.root.parent / name for name in _PLACES)
    with _laid(layout, first) as there:
        for name, arguments in COMMANDS.items():
            yield user.start(name, [str(there.command), *user.filled(arguments)])
        version = [str(there.command), "--version"]
        yield user.start("beside another Python", version, variables=user.foreign())
        yield _fetched(there, user)
        target = there.packages / "mtp_mlx" / "resources" / "demo_pair" / "target"
        convert = ["models", "convert", str(target), str(user.home / "4-bit")]
        yield user.start("conversion", [str(there.command), *convert])
    with _laid(layout, second) as there:
        yield user.start("a reply, moved", [str(there.command), *COMMANDS["reply"]])
        modules = user.script(every_module.__file__)
        yield user.start("every module", [there.interpreter, modules, there.root])
        if missing := [tool for tool in _SCREEN_TOOLS if shutil.which(tool) is None]:
            yield Outcome("every view", f"skipped: {' and '.join(missing)} are not here", "")
            return
        with screen() as display:
            views = [there.interpreter, user.script(every_view.__file__), user.data, user.pictures]
            yield user.start("every view", views, display=display)
            yield _window(there, user, display)


@contextmanager
def _laid(layout: Layout, place: Path) -> Iterator[Layout]:
    """Move the bundle to `place` and forbid writing to it; undo both at the end."""
    place.mkdir(parents=True, exist_ok=True)
    root = place / layout.root.name
    layout.root.rename(root)
    _protect(root, writable=False)
    try:
        yield Layout(root, layout.python)
    finally:
        _protect(root, writable=True)
        root.rename(layout.root)
        place.rmdir()


def _protect(root: Path, *, writable: bool) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o200 if writable else mode & ~0o222)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a home folder of their own and nothing else."""

    home: Path

    @classmethod
    def made(cls, scratch: Path) -> User:
        user = cls(scratch / "home")
        for folder in (user.home, user.data, user.data / "reports", user.pictures):
            folder.mkdir(parents=True)
            if os.geteuid() == 0:
                os.chown(folder, 65534, 65534)
        return user

    @property
    def data(self) -> Path:
        return self.home / "Data folder"

    @property
    def pictures(self) -> Path:
        return self.home / "pictures"

    def filled(self, arguments: Sequence[str]) -> list[str]:
        return [argument.format(data=self.data) for argument in arguments]

    def script(self, source: str | None) -> Path:
        """Return a copy of a script, beside the home folder: nobody reads the checkout."""
        return Path(shutil.copy(str(source), self.home.parent))

    def environment(self, *, display: str = "") -> dict[str, str]:
        bare = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "MTP_MLX_DATA": str(self.data)}
        shown = {"DISPLAY": display} if display else {"QT_QPA_PLATFORM": "offscreen"}
        return {**bare, **shown}

    def foreign(self) -> dict[str, str]:
        """Return what another Python leaves in a terminal, with modules that must not be ours."""
        folder = self.home.parent / "another python"
        folder.mkdir(exist_ok=True)
        for name in ("json", "click", "sitecustomize"):
            (folder / f"{name}.py").write_text("raise SystemExit('This is another Python.')\n")
        return {
            "PYTHONHOME": "/nonexistent",
            "PYTHONPATH": str(folder),
            "PYTHONSTARTUP": str(folder / "json.py"),
            "PYTHONOPTIMIZE": "2",
            "QT_PLUGIN_PATH": "/nonexistent",
            "__PYVENV_LAUNCHER__": "/nonexistent/python3",
        }

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        display: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run a command to its end; `variables` are added to the bare environment."""
        environment = {**self.environment(display=display), **(variables or {})}
        done = subprocess.run(
            as_nobody(command),
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        said = (done.stdout.strip().splitlines() or [""])[-1]
        fault = "" if done.returncode == 0 else f"exit code {done.returncode}\n{done.stderr}"
        return Outcome(name, said[:200], fault)


def as_nobody(command: Sequence[str | Path]) -> list[str]:
    """Return the command, run by nobody where root would run it: root may write everywhere."""
    words = [str(word) for word in command]
    return [*_NOBODY, *words] if os.geteuid() == 0 else words


def _fetched(there: Layout, user: User) -> Outcome:
    """Fetch a model from a Hub on loopback."""
    files = {"config.json": b"{}", "model.safetensors": weights(3 * PIECE)}
    with serving(FakeHub({REPOSITORY: files})) as hub:
        fetch = [str(there.command), "models", "fetch", REPOSITORY, "--json"]
        return user.start("fetch", fetch, variables={"HF_ENDPOINT": hub.address})


def _window(there: Layout, user: User, display: str) -> Outcome:
    """Start the window's own program; it is up when its worker runs and its window is there."""
    command = as_nobody([there.window, "--data-dir", user.data / "window"])
    environment = user.environment(display=display)
    with subprocess.Popen(command, cwd="/", env=environment, stderr=subprocess.PIPE) as process:
        try:
            fault = _comes_up(process, there, display)
        finally:
            process.terminate()
            said = process.communicate(timeout=PATIENCE_S)[1].decode(errors="replace")
    return Outcome(
        APP_NAME, "the window and its worker are there", f"{fault}\n{said}" if fault else ""
    )


def _comes_up(process: subprocess.Popen[bytes], there: Layout, display: str) -> str:
    """Wait for window and worker. Return why they are not there, or ""."""
    deadline = time.monotonic() + PATIENCE_S
    missing = "nothing is there"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"it ends with exit code {process.returncode}"
        children = [child.cmdline() for child in psutil.Process(process.pid).children()]
        worker = [str(there.interpreter), "-P", "-m", "mtp_mlx", "worker"]
        if worker not in children:
            missing = f"its worker is not among {children}"
        elif f'"{APP_NAME}"' not in windows(display):
            missing = f"its window is not among {windows(display)}"
        else:
            return ""
        time.sleep(_LOOK_S)
    return missing


@contextmanager
def screen() -> Iterator[str]:
    """Run Xvfb and yield its display, as ":90"."""
    reading, writing = os.pipe()
    options = ["-screen", "0", _SCREEN, "-nolisten", "tcp", "-displayfd", str(writing)]
    with subprocess.Popen(
        ["Xvfb", *options], stderr=subprocess.DEVNULL, pass_fds=[writing]
    ) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as told:
                number = told.readline().strip()
            if not number:
                raise OSError("Xvfb does not start.")
            yield f":{number}"
        finally:
            server.terminate()


def windows(display: str) -> str:
    """Return what `xwininfo` says of all windows: a line each, with the title."""
    command = ["xwininfo", "-display", display, "-root", "-tree"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
