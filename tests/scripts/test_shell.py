"""The shell scripts: they run under the bash 3.2 of macOS, and find a Python or say what to do.

`scripts/check_shell` runs these tests under a real bash 3.2; elsewhere the system's bash runs them.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASH = os.environ.get("MTP_MLX_BASH") or shutil.which("bash") or "bash"
SHEBANG = b"#!/usr/bin/env bash\n"
FOLDERS = (ROOT / "scripts", ROOT / ".ci")

NEWER = {
    "an associative array": r"\b(declare|local|typeset) -[a-zA-Z]*A",
    "a reference to a name": r"\b(declare|local|typeset) -[a-zA-Z]*n\b",
    "mapfile": r"\b(mapfile|readarray)\b",
    "a change of case": r"\$\{\w+(\[[^]]*\])?(,,?|\^\^?)",
    "a transformed value": r"\$\{\w+(\[[^]]*\])?@[A-Za-z]\}",
    "two streams by one sign": r"&>>|\|&",
    "a coprocess": r"\bcoproc\b",
    "a test for a variable": r"\[\[? +-v ",
    "a wait for the first of several": r"\bwait -n",
    "an element from the end": r"\$\{\w+\[-\d",
    "the time by printf": r"printf .*%\(",
    "a case that falls through": r";&|;;&",
}


def shell_scripts() -> list[Path]:
    files = [file for folder in FOLDERS for file in sorted(folder.rglob("*")) if file.is_file()]
    return [
        file
        for file in files
        if file.suffix == ".sh" or (not file.suffix and file.read_bytes().startswith(SHEBANG))
    ]


def without_comments(script: str) -> str:
    return re.sub(r"(^|\s)#.*", r"\1", script)


def newer_than_macos(script: str) -> list[str]:
    """Return what of a script bash 3.2 cannot read, or reads as something else."""
    text = without_comments(script)
    features = [name for name, pattern in NEWER.items() if re.search(pattern, text)]
    # Under `set -u`, bash before 4.4 takes an empty array for an unset variable.
    for array in set(re.findall(r'"\$\{(\w+)\[[@*]\]\}"', text)):
        unguarded = rf'(?<!\+)"\$\{{{array}\[[@*]\]\}}"'
        filled = re.search(rf"\b{array}=\(\s*[^\s)]", text)
        emptied = re.search(rf"\b{array}=\(\s*\)", text)
        if re.search(unguarded, text) and (emptied or not filled):
            features.append(f"the array {array}, which may be empty")
    return features


@pytest.mark.parametrize("script", shell_scripts(), ids=lambda file: file.name)
def test_a_script_is_read_by_the_bash_of_macos(script: Path) -> None:
    done = subprocess.run([BASH, "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert newer_than_macos(script.read_text("utf-8")) == []


@pytest.mark.parametrize("script", shell_scripts(), ids=lambda file: file.name)
def test_a_script_can_be_started_or_is_sourced(script: Path) -> None:
    started = script.suffix != ".sh"
    assert script.read_bytes().startswith(SHEBANG) is started
    assert bool(script.stat().st_mode & stat.S_IXUSR) is started
    assert not started or "set -euo pipefail" in script.read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "feature"),
    [
        ("declare -A ages", "an associative array"),
        ("mapfile -t lines <file", "mapfile"),
        ('echo "${name,,}"', "a change of case"),
        ("make &>>log", "two streams by one sign"),
        ('options=()\nrun "${options[@]}"', "the array options, which may be empty"),
        ('run "${options[@]}"', "the array options, which may be empty"),
        ('options=()\nrun ${options[@]+"${options[@]}"}', None),
        ('options=(-q)\nrun "${options[@]}"', None),
        ("echo done  # not with mapfile", None),
    ],
)
def test_what_macos_cannot_read_is_found(line: str, feature: str | None) -> None:
    assert newer_than_macos(line) == ([feature] if feature else [])


# --- scripts/run, on machines that have this Python or that -------------------------------------

TOOLS = ("basename", "cat", "cksum", "cp", "dirname", "mkdir", "rm")
PLACES = ("/opt/homebrew", "/usr/local", "/Library", "/usr/bin/")

# A Python of another version: it answers -c by that version, makes environments of itself, installs
# nothing, and says how the program is started.
PYTHON = """#!/bin/sh
echo "$0 $1" >>"{log}"
case "$1" in
-c)
  exec "{real}" -c 'import platform, sys
sys.version_info, sys.platform = ({version}), "{platform}"
platform.machine = lambda: "{processor}"
exec(sys.argv[1])' "$2" ;;
-m) [ "$2" != venv ] || {{ mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; }} ;;
-P) shift 3; printf 'started'; printf ' <%s>' "$@"; echo ;;
esac
"""
UV = """#!/bin/sh
case "$1 $2" in
"python install") cp "{fetched}" "{home}/fetched" ;;
"python find") echo "{home}/fetched" ;;
*) exit 1 ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A copy of scripts/run in a folder whose programs are all that it can start."""

    folder: Path
    system: str = "Darwin"
    processor: str = "arm64"

    def add(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        file.chmod(0o755)

    def add_python(self, path: str, version: str, processor: str | None = None) -> None:
        values = {
            "log": self.folder / "log",
            "real": sys.executable,
            "version": version.replace(".", ", "),
            "platform": self.system.lower(),
            "processor": processor or self.processor,
        }
        self.add(path, PYTHON.format(**values))

    def add_uv(self, path: str = "bin/uv") -> None:
        self.add_python("store/python3.13", "3.13.9")
        fetched = self.folder / "store" / "python3.13"
        self.add(path, UV.format(fetched=fetched, home=self.folder / "home"))

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BASH, self.folder / "a checkout" / "scripts" / "run", *arguments],
            env={
                "PATH": f"{self.folder}/bin:{self.folder}/usr/bin",
                "HOME": str(self.folder / "home"),
                "LD_PRELOAD": "",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self) -> list[str]:
        """Return the paths of the Pythons that were started, within the machine."""
        log = self.folder / "log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return [line.rsplit(maxsplit=1)[0].removeprefix(f"{self.folder}/") for line in lines]


def machine(
    folder: Path, system: str = "Darwin", processor: str = "arm64", macos: str = "15.7.1"
) -> Machine:
    made = Machine(folder, system, processor)
    names = {"-m": processor, "": system}
    words = "".join(f'[ "$*" != "{option}" ] || echo {name}\n' for option, name in names.items())
    made.add("bin/uname", f"#!/bin/sh\n{words}")
    made.add("bin/sw_vers", f"#!/bin/sh\necho {macos}\n")
    made.add("bin/xcode-select", "#!/bin/sh\nexit 2\n")
    made.add("bin/sysctl", "#!/bin/sh\nexit 1\n")
    for tool in TOOLS:
        (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
    (folder / "home").mkdir()
    for name in ("run", "_setup.sh"):
        text = (ROOT / "scripts" / name).read_text("utf-8")
        for place in PLACES:  # of the machine that runs the test, which may have a Python there
            text = text.replace(place, f"{folder}{place}")
        made.add(f"a checkout/scripts/{name}", text)
    made.add("a checkout/pyproject.toml", "")
    made.add("a checkout/constraints.txt", "")
    return made


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("bin/python3.12", "3.12.1"),
        ("bin/python3", "3.11.0"),
        ("bin/python3", "3.14.3"),
        ("opt/homebrew/bin/python3.13", "3.13.0"),
        ("Library/Frameworks/Python.framework/Versions/3.12/bin/python3", "3.12.8"),
        ("home/.pyenv/versions/3.13.0/bin/python", "3.13.0"),
    ],
)
def test_a_python_that_suits_starts_the_program(tmp_path: Path, path: str, version: str) -> None:
    mac = machine(tmp_path)
    mac.add_python("usr/bin/python3", "3.9.6")
    mac.add_python(path, version)
    done = mac.run("generate", "two words")
    assert (done.returncode, done.stdout) == (0, "started <generate> <two words>\n")
    assert path in mac.asked()
    assert mac.run().stdout == "started <app>\n"


@pytest.mark.parametrize(
    ("path", "version", "processor"),
    [
        ("bin/python3", "3.9.6", "arm64"),
        ("bin/python3.10", "3.10.2", "arm64"),
        ("bin/python3", "3.15.0", "arm64"),
        ("usr/local/bin/python3.12", "3.12.1", "x86_64"),
        ("bin/nothing", "3.9.6", "arm64"),
    ],
)
def test_a_mac_without_a_python_that_suits_is_told_what_to_install(
    tmp_path: Path, path: str, version: str, processor: str
) -> None:
    mac = machine(tmp_path)
    mac.add_python(path, version, processor)
    done = mac.run()
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("scripts/run: Python 3.11 to 3.14 is needed, and macOS brings none.")
    assert "python.org" in last
    assert "uv" in last
    assert not (tmp_path / "a checkout" / ".venv").exists()


def test_the_python3_that_only_offers_tools_is_never_started(tmp_path: Path) -> None:
    mac = machine(tmp_path)
    mac.add_python("usr/bin/python3", "3.12.0")
    assert mac.run().returncode == 1
    assert mac.asked() == []
    mac.add("bin/xcode-select", "#!/bin/sh\n")  # now it is a Python
    assert mac.run().stdout == "started <app>\n"


@pytest.mark.parametrize("path", ["bin/uv", "home/.local/bin/uv", "opt/homebrew/bin/uv"])
def test_uv_fetches_a_python_where_none_suits(tmp_path: Path, path: str) -> None:
    mac = machine(tmp_path)
    mac.add_python("bin/python3", "3.9.6")
    mac.add_uv(path)
    assert mac.run().stdout == "started <app>\n"
    assert "home/fetched" in mac.asked()


def test_the_python_that_is_named_is_used_or_refused(tmp_path: Path) -> None:
    linux = machine(tmp_path, system="Linux", processor="x86_64")
    linux.add_python("bin/python3.13", "3.13.0")
    linux.add_python("bin/older", "3.11.0")
    linux.add_python("bin/oldest", "3.10.0")
    refused = linux.run(MTP_MLX_PYTHON="oldest")
    assert refused.returncode == 1
    assert "MTP_MLX_PYTHON is oldest, and no Python 3.11 to 3.14" in refused.stderr
    assert linux.run(MTP_MLX_PYTHON="older").stdout == "started <app>\n"
    assert "bin/python3.13" not in linux.asked()


@pytest.mark.parametrize(
    ("processor", "macos", "sysctl", "words"),
    [
        ("x86_64", "15.1", "exit 1", "this one has an Intel processor"),
        ("x86_64", "15.1", "echo 1", "runs under Rosetta"),
        ("arm64", "13.6.9", "exit 1", "this is 13.6.9"),
    ],
)
def test_a_mac_that_mlx_does_not_run_on_is_told_before_a_download(
    tmp_path: Path, processor: str, macos: str, sysctl: str, words: str
) -> None:
    mac = machine(tmp_path, processor=processor, macos=macos)
    mac.add("bin/sysctl", f"#!/bin/sh\n{sysctl}\n")
    mac.add_python("bin/python3.13", "3.13.0", "arm64")
    done = mac.run()
    assert done.returncode == 1
    assert words in done.stderr
    assert mac.asked() == []
