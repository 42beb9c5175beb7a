"""`scripts/try_machine`: try what this machine can run, and leave what came out in one folder."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from mtp_mlx import __version__
from mtp_mlx.paths import DATA_VARIABLE
from tests.without_mlx import REASON, VARIABLE, mlx_computes

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "machine"
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
IMPORT_ALL = """import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
names = [name for name in names if not name.endswith("__main__")]
for name in names: importlib.import_module(name)
print(len(names), "modules of", sys.argv[1])"""
DEVICE = "from mtp_mlx.loading.device import describe as d; print(d().backend, '·', d().name)"
GB = 10**9


@dataclass(frozen=True, slots=True)
class Step:
    """A command of this Python, and what it tries. `{out}` in it stands for the folder."""

    name: str
    arguments: tuple[str, ...]
    window: bool = False  # else the engine, which computes with MLX
    minutes: int = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step; the last line that it wrote says the most."""

    name: str
    verdict: str  # passed, FAILED or skipped
    seconds: float
    last_line: str


def steps(target: str | None, *, metal: bool) -> list[Step]:
    """Return the steps in the order in which they run: what costs least and says most first."""
    model = ("--target", target) if target else ()
    speed = ("bench", "--modes", "off,auto,1,2,3", "--out", "{out}/speed.json", *model)
    program = ("-P", "-m", "mtp_mlx")
    engine = () if metal else ("--without-engine",)
    return [
        Step("window's modules", ("-c", IMPORT_ALL, "app"), window=True),
        Step("engine's modules", ("-c", IMPORT_ALL, "mtp_mlx")),
        Step("device", ("-c", DEVICE)),
        Step("window", ("-m", "scripts.open_window", "{out}/window.png", *engine), window=True),
        Step("recorded values", (*PYTEST, "tests/families"), minutes=20),
        Step("equality", (*PYTEST, "tests/engine/test_equality.py"), minutes=20),
        Step("perfect drafter", (*PYTEST, "tests/engine/test_perfect_drafter.py"), minutes=20),
        Step("plain speed", ("scripts/bench_plain.py", "--repeats", "3", *model), minutes=20),
        Step("calibrate", (*program, "calibrate", *model), minutes=20),
        Step("speed report", (*program, *speed), minutes=40),
        Step("its page", (*program, "report", "export", "{out}/speed.json", "{out}/speed.html")),
        Step("doctor", (*program, "doctor")),
    ]


def main() -> int:
    """Run all steps and return 1 if one of those that can run here fails."""
    parser = argparse.ArgumentParser(prog="scripts/try_machine", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="the folder that is written anew")
    parser.add_argument("--target", help="measure this model, not the built-in pair")
    parser.add_argument(
        "--engine", action="store_true", help="try the engine alone, not the window"
    )
    options = parser.parse_args()
    out: Path = options.out.resolve()
    if out.exists() and not (out / "summary.md").exists():
        parser.error(f"{out} is no folder of an earlier trial. Choose one that does not exist.")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    computes = mlx_computes()
    os.environ |= {VARIABLE: "yes" if computes else "no", DATA_VARIABLE: str(out / "data")}
    outcomes = []
    for step in steps(options.target, metal=computes):
        if options.engine and step.window:
            continue
        print(f"== {step.name}", flush=True)
        outcome = attempt(step, out) if computes or step.window else skipped(step)
        print(f"{outcome.verdict}: {outcome.last_line}", flush=True)
        outcomes.append(outcome)
    shutil.rmtree(out / "data", ignore_errors=True)
    (out / "summary.md").write_text(summary(outcomes, computes=computes), "utf-8")
    anonymise(out)
    archive = shutil.make_archive(str(out), "zip", out.parent, out.name)
    print((out / "summary.md").read_text("utf-8"))
    print(f"All of it: {archive}")
    return 1 if any(outcome.verdict == "FAILED" for outcome in outcomes) else 0


def skipped(step: Step) -> Outcome:
    return Outcome(step.name, "skipped", 0.0, REASON)


def attempt(step: Step, out: Path) -> Outcome:
    """Run a step, with what it writes in a log of its own."""
    log = out / f"{re.sub(r'[^a-z]+', '-', step.name)}.log"
    command = [sys.executable, *(part.replace("{out}", str(out)) for part in step.arguments)]
    begun = time.monotonic()
    with log.open("w", encoding="utf-8") as file:
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=step.minutes * 60,
                check=False,
            )
            end = "" if done.returncode == 0 else f"exit code {done.returncode}: "
        except subprocess.TimeoutExpired:
            end = f"stopped after {step.minutes} minutes: "
    lines = log.read_text("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing written")
    verdict = "FAILED" if end else "passed"
    return Outcome(step.name, verdict, time.monotonic() - begun, f"{end}{last}")


def summary(outcomes: Sequence[Outcome], *, computes: bool) -> str:
    """Return the page that somebody reads first."""
    facts = {
        "mtp-mlx": f"{__version__} {said_by('git', 'rev-parse', '--short', 'HEAD')}",
        "system": f"{platform.system()} {platform.mac_ver()[0] or platform.release()}",
        "chip": said_by("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine(),
        "memory": f"{psutil.virtual_memory().total / GB:.0f} GB",
        "Python": f"{platform.python_version()} ({platform.machine()})",
        "MLX computes": json.dumps(computes),
    }
    rows = [
        f"| {done.name} | {done.verdict} | {done.seconds:.0f} s | {done.last_line[:120]} |"
        for done in outcomes
    ]
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    table = ["| step | result | time | last line |", "|---|---|---|---|", *rows]
    return "\n".join(["# What this machine runs", "", *lines, "", *table, ""])


def said_by(*command: str) -> str:
    """Return what a program of the system writes; nothing where it is absent or fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def anonymise(folder: Path) -> None:
    """Take the user's folder, the user's name and the machine's name out of logs and summary.

    A speed report has none of them.
    """
    host = socket.gethostname()
    words = {str(ROOT): "CHECKOUT", str(Path.home()): "HOME", host: "MACHINE"}
    words |= {host.partition(".")[0]: "MACHINE", getpass.getuser(): "USER"}
    for file in folder.rglob("*"):
        if file.suffix in {".log", ".md"}:
            file.write_text(without(file.read_text("utf-8", "replace"), words), "utf-8")


def without(text: str, words: dict[str, str]) -> str:
    """Return the text with each word replaced where it stands alone, the longest first."""
    for word in sorted(words, key=len, reverse=True):
        if len(word) > 2:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", words[word], text)
    return text


if __name__ == "__main__":
    sys.exit(main())
