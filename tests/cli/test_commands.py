from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mtp_mlx.cli import doctor
from mtp_mlx.cli.main import COMMANDS, run
from mtp_mlx.hub.resolve import DEMO_FOLDER

HEAVY = ("mlx", "numpy", "huggingface_hub", "tokenizers", "jinja2", "PySide6")
needs_demo = pytest.mark.skipif(not DEMO_FOLDER.exists(), reason="no built-in pair here")


def program(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mtp_mlx", *arguments],
        capture_output=True,
        text=True,
        check=False,
        input=more.get("input"),
        timeout=120,
    )


def test_help_lists_the_commands_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from mtp_mlx.cli.main import run; run(['--help'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *listed, imported = done.stdout.splitlines()
    assert imported == "[]"
    assert all(any(line.strip().startswith(name) for line in listed) for name in COMMANDS)


def test_help_takes_little_time() -> None:
    """In processor time, which does not depend on what else the machine is doing."""
    before = os.times()
    program("--help")
    after = os.times()
    user = after.children_user - before.children_user
    system = after.children_system - before.children_system
    assert user + system < 0.3


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"usage: mtp-mlx {name}" in capsys.readouterr().out.lower()


def test_without_a_command_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_an_unknown_command_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nothing"]) == 2
    assert "mtp-mlx --help" in capsys.readouterr().err


def test_doctor_tells_findings(capsys: pytest.CaptureFixture[str]) -> None:
    run(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert {"mtp-mlx", "python", "mlx"} <= set(told["versions"])
    verdicts = {found["subject"]: found["verdict"] for found in told["findings"]}
    assert verdicts["versions"] == "good"
    assert {"device", "memory", "BLAS", "C++ compiler", "built-in pair"} <= set(verdicts)
    run(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert [line[6:].split("  ")[0].strip()[:13] for line in lines] == list(verdicts)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bring their own BLAS")
@pytest.mark.parametrize(
    ("loaded", "installed", "verdict", "remedy"),
    [
        ("/lib/libopenblas.so.0", True, "good", ""),
        ("/lib/libblas.so.3", True, "slow", "LD_PRELOAD"),
        ("/lib/libblas.so.3", False, "slow", "apt install libopenblas0"),
    ],
)
def test_a_slow_blas_is_told(
    monkeypatch: pytest.MonkeyPatch, loaded: str, installed: bool, verdict: str, remedy: str
) -> None:
    monkeypatch.setattr(doctor, "_loaded_libraries", lambda: loaded)
    monkeypatch.setattr(doctor, "_has_openblas", lambda: installed)
    found = doctor.linear_algebra()
    assert found.verdict == verdict
    assert remedy in found.remedy


def test_a_missing_package_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    assert run(["doctor"]) == 1
    assert "no-such-package not installed. Run scripts/run once." in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_without_a_display_the_terminal_is_offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert run(["app"]) == 1
    assert "scripts/run chat" in capsys.readouterr().err


@pytest.mark.mlx
def test_the_real_program_fails_in_one_line() -> None:
    done = program("generate", "hello", "--target", "./no-such-folder")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.mlx
@needs_demo
def test_the_built_in_pair_answers() -> None:
    done = program("generate", "What is MTP?", "--json", "--max-tokens", "8", "--temperature", "0")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert len(found["tokens"]) <= 8
    assert isinstance(found["text"], str)


@pytest.mark.mlx
@needs_demo
def test_bytes_that_are_no_utf8_are_bad_usage() -> None:
    """Through a real pipe, and with a locale in which Python would let them pass."""
    done = subprocess.run(
        [sys.executable, "-m", "mtp_mlx", "generate", "-"],
        input=b"caf\xe9",
        env=os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"UTF-8" in done.stderr


@pytest.mark.mlx
@needs_demo
def test_ids_outside_the_vocabulary_are_bad_usage() -> None:
    done = program("generate", "--prompt-ids", "-", input="[1, 99999999]")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "99999999" in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            "generate x --ignore-eos --max-tokens 200 | head -c 1",
            marks=(needs_demo, pytest.mark.mlx),
        ),
        "models list --json | true",  # what was held back must not fail again at the exit
    ],
)
def test_a_reader_that_goes_away_ends_in_one_line(line: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m mtp_mlx {line}"],
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"went away" in done.stderr
