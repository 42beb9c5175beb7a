"""What runners do: their workflows, the scripts that those call, and tests without Metal.

actionlint reads the workflows more closely; it comes with the extra `workflows`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import machine_trial
import pytest
import release
import yaml

from tests.without_mlx import REASON, NoMlx, skip_what_needs_mlx

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OF_THE_RUNNER = re.compile(r"cat|gh|python3(\.\d+)?")
LONGEST_MIN = 120

by_name = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def read(file: Path) -> dict[Any, Any]:
    value = yaml.safe_load(file.read_text("utf-8"))
    assert isinstance(value, dict)
    return value


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@by_name
def test_a_workflow_may_read_and_only_the_draft_of_a_release_is_written(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    given = {
        name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job
    }
    assert given == ({"publish": {"contents": "write"}} if file.stem == "release" else {})
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@by_name
def test_a_pull_request_reaches_no_secret_and_its_words_reach_no_shell(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "pull_request_target" not in text
    workflow = read(file)
    if "pull_request" in workflow[True]:  # YAML 1.1 reads the key `on` as a truth value
        assert "secrets" not in text
    assert [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


@by_name
def test_every_action_is_one_commit_and_every_job_ends(file: Path) -> None:
    lines = [line for line in file.read_text("utf-8").splitlines() if "uses:" in line]
    assert lines
    for line in lines:
        assert re.search(r"uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line
    workflow = read(file)
    assert all(0 < job["timeout-minutes"] <= LONGEST_MIN for job in workflow["jobs"].values())
    assert workflow["concurrency"]["group"]


@by_name
def test_a_step_calls_a_script_that_exists(file: Path) -> None:
    for step in steps(read(file)):
        for line in step.get("run", "").splitlines():
            program, *arguments = line.split()
            if OF_THE_RUNNER.fullmatch(program):
                scripts = [word for word in arguments if word.startswith("scripts/")]
                assert all((ROOT / script).is_file() for script in scripts)
            else:
                assert program.startswith("scripts/")
                assert os.access(ROOT / program, os.X_OK), program


def changelog(folder: Path, text: str, version: str = "1.2.0") -> Path:
    (folder / "mtp_mlx").mkdir()
    (folder / "mtp_mlx" / "__init__.py").write_text(f'"""."""\n\n__version__ = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(text)
    return folder


LOG = "# Changelog\n\n## [Unreleased]\n\n- a\n\n## [1.2.0] - 2026-12-01\n\n### Added\n\n- b\n"


@pytest.mark.parametrize("end", ["", "\n## [1.1.0]\n\n- c\n", "\n[1.2.0]: somewhere\n"])
def test_the_notes_of_a_release_are_its_section_of_the_changelog(tmp_path: Path, end: str) -> None:
    assert release.notes("v1.2.0", changelog(tmp_path, LOG + end)) == "### Added\n\n- b"


@pytest.mark.parametrize(
    ("tag", "log", "words"),
    [
        ("v1.2.1", LOG, "the version in the source is 1.2.0"),
        ("1.2.0", LOG, "The tag is 1.2.0"),
        ("v1.2.0", LOG.replace("1.2.0", "1.1.0"), "no section for 1.2.0"),
        ("v1.2.0", "## [1.2.0]\n\n## [1.1.0]\n\n- c\n", "no section for 1.2.0"),
    ],
)
def test_a_release_whose_parts_disagree_is_refused(
    tmp_path: Path, tag: str, log: str, words: str
) -> None:
    with pytest.raises(release.NotReleasableError, match=words):
        release.notes(tag, changelog(tmp_path, log))


def test_checksums_are_those_of_all_files_but_their_own(tmp_path: Path) -> None:
    with pytest.raises(release.NotReleasableError):
        release.checksums(tmp_path)
    (tmp_path / "b.whl").write_bytes(b"")
    (tmp_path / "SHA256SUMS").write_text("old")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert release.checksums(tmp_path) == f"{empty}  b.whl\n"


def test_the_logs_of_a_trial_name_neither_user_nor_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("machine_trial.getpass.getuser", lambda: "erika")
    monkeypatch.setattr("machine_trial.socket.gethostname", lambda: "erikas-mac.local")
    monkeypatch.setattr("machine_trial.Path.home", lambda: Path("/Users/erika"))
    log = tmp_path / "window.log"
    log.write_text(
        f"{ROOT}/app/x.py\n/Users/erika/Library\nerika on erikas-mac.local, erikas-mac; erikant\n"
    )
    machine_trial.anonymise(tmp_path)
    assert log.read_text() == (
        "CHECKOUT/app/x.py\nHOME/Library\nUSER on MACHINE, MACHINE; erikant\n"
    )


def test_without_mlx_only_the_windows_steps_of_a_trial_run() -> None:
    with_window = [step.name for step in machine_trial.steps(None, metal=False) if step.window]
    assert with_window == ["window's modules", "window"]
    window = next(s for s in machine_trial.steps(None, metal=False) if s.name == "window")
    assert "--without-engine" in window.arguments
    measured = [s for s in machine_trial.steps("a/b", metal=True) if "a/b" in s.arguments]
    assert [step.name for step in measured] == ["plain speed", "calibrate", "speed report"]


def test_a_step_of_a_trial_that_fails_or_hangs_says_so(tmp_path: Path) -> None:
    failing = machine_trial.Step("a step", ("-c", "print('words'); raise SystemExit(3)"))
    outcome = machine_trial.attempt(failing, tmp_path)
    assert (outcome.verdict, outcome.last_line) == ("FAILED", "exit code 3: words")
    hanging = machine_trial.Step("b", ("-c", "input() or 1/0"), minutes=0)
    assert machine_trial.attempt(hanging, tmp_path).verdict == "FAILED"
    page = machine_trial.summary([outcome, machine_trial.skipped(failing)], computes=True)
    assert "| a step | FAILED |" in page
    assert "no Metal" in page


@pytest.mark.parametrize("name", ["mlx", "mlx.core", "mlx.nn.layers"])
def test_without_metal_what_imports_mlx_is_skipped(name: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=REASON):
        NoMlx().find_spec(name, None)
    NoMlx().find_spec("mlx_lm", None)  # which imports MLX itself


def test_without_metal_what_starts_a_process_that_computes_is_skipped() -> None:
    class Item:
        def __init__(self, mark: str) -> None:
            self.mark = mark
            self.added: list[pytest.MarkDecorator] = []

        def get_closest_marker(self, name: str) -> str | None:
            return name if name == self.mark else None

        def add_marker(self, marker: pytest.MarkDecorator) -> None:
            self.added.append(marker)

    computing, other = Item("mlx"), Item("slow")
    skip_what_needs_mlx([computing, other])  # type: ignore[list-item]
    assert [marker.name for marker in computing.added] == ["skip"]
    assert other.added == []
