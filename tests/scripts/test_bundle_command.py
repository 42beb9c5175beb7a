"""`scripts/bundle`: what it does where something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundling import assembly, starts
from bundling.__main__ import main
from bundling.wheels import NoWheelError


def no_wheel(*_: object) -> assembly.Assembled:
    raise NoWheelError("the index has no wheel of mlx-metal==1 for this system")


def test_without_a_python_nothing_is_built(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(assembly, "for_macos", pytest.fail)
    assert main(["--out", str(tmp_path)]) == 1
    assert "python.toml names no relocatable Python" in capsys.readouterr().err


def test_a_check_is_skipped_with_a_word_where_a_wheel_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(assembly, "for_macos", no_wheel)
    assert main(["--check"]) == 0
    assert "Skipped: the index has no wheel of mlx-metal" in capsys.readouterr().out
    assert main(["--stand-in", "--out", str(tmp_path)]) == 1
    assert "no wheel of mlx-metal" in capsys.readouterr().err


def test_a_check_of_a_folder_that_is_no_bundle_fails(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert f"{tmp_path} is no bundle." in capsys.readouterr().err


def test_a_start_that_writes_into_the_bundle_is_seen(tmp_path: Path) -> None:
    for name in ("kept", "changed", "removed"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("kept")
    before = starts.digests(tmp_path)
    (tmp_path / "changed").write_text("other")
    (tmp_path / "removed").unlink()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "new.pyc").touch()
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("changed")
    assert starts.changes(before, starts.digests(tmp_path)) == [
        "__pycache__/new.pyc was written.",
        "removed was removed.",
        "changed was changed.",
        "link was changed.",
    ]
    assert starts.changes(before, before) == []
