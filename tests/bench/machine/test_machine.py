"""Asking the real system: tools that are missing, hang, fail or print nonsense."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mtp_mlx.bench import machine as system
from mtp_mlx.bench.environment import Commit, commit, conditions, machine

PYTHON = (sys.executable, "-c")


def test_a_tool_that_answers_and_one_that_then_fails() -> None:
    assert system.output(*PYTHON, "print('yes')") == "yes"
    assert system.output(*PYTHON, "print('partly'); raise SystemExit(1)") == "partly"


def test_a_tool_that_is_missing_hangs_or_prints_nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system.output("no-such-tool-anywhere") is None
    assert system.output(*PYTHON, "") is None
    assert system.output(*PYTHON, "print('x' * 2**21)") is None
    found = system.output(*PYTHON, "import sys; sys.stdout.buffer.write(b'\\xff\\xfe ok')")
    assert found is not None
    assert found.endswith("ok")
    monkeypatch.setattr(system, "PATIENCE_S", 0.05)
    assert system.output(*PYTHON, "import time; time.sleep(60)") is None


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert system.text(str(tmp_path / "none")) is None
    assert system.text(str(tmp_path)) is None
    assert system.listed(str(tmp_path / "none")) == []


def test_this_machine_can_be_asked() -> None:
    assert machine().memory_bytes is None or machine().memory_bytes > 2**20  # type: ignore[operator]
    assert conditions().load is None or conditions().load >= 0  # type: ignore[operator]


SHA = "a" * 40
CLEAN = f"# branch.oid {SHA}\n# branch.head main"


@pytest.mark.parametrize(
    ("status", "clean"),
    [
        (CLEAN, True),
        (f"{CLEAN}\n1 .M N... 100644 100644 100644 {SHA} {SHA} file.py", False),
        (None, None),
        ("fatal: no", None),
    ],
)
def test_a_commit_is_clean_or_not(tmp_path: Path, status: str | None, clean: bool | None) -> None:
    found = commit(lambda *words: SHA if "rev-parse" in words else status, tmp_path)
    assert found == Commit(sha=SHA, clean=clean)


@pytest.mark.parametrize("sha", [None, "", "fatal: not a git repository", "abc"])
def test_no_commit_is_made_up(tmp_path: Path, sha: str | None) -> None:
    assert commit(lambda *_: sha, tmp_path) == Commit()


def test_an_installed_copy_has_no_commit() -> None:
    assert commit(lambda *_: SHA, None) == Commit()
