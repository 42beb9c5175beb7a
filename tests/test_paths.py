"""Where the program finds its files: in a checkout, in a built copy, in the user's data."""

from __future__ import annotations

from pathlib import Path

import pytest

import mtp_mlx
from mtp_mlx import paths

ROOT = Path(__file__).parents[1]


def test_a_checkout_uses_its_own_resources() -> None:
    assert Path(str(mtp_mlx.__file__)).is_relative_to(ROOT)
    assert paths.resources() == ROOT / "resources"
    assert paths.checkout() == (ROOT if (ROOT / ".git").exists() else None)
    assert paths.program_command() == ("scripts/run" if (ROOT / ".git").exists() else "mtp-mlx")


def test_a_copy_in_the_checkout_of_another_project_has_no_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "mtp_mlx" / "resources").mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "mtp_mlx")
    assert paths.resources() == tmp_path / "mtp_mlx" / "resources"
    assert paths.checkout() is None
    assert paths.program_command() == "mtp-mlx"


def test_the_data_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.DATA_VARIABLE, "elsewhere")
    assert paths.data_folder() == Path("elsewhere")
    monkeypatch.delenv(paths.DATA_VARIABLE)
    assert paths.data_folder().name == "MTP MLX"


def test_models_made_here_lie_among_the_users_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.DATA_VARIABLE, "elsewhere")
    assert paths.models_folder() == Path("elsewhere/models")


def test_only_a_bundle_has_a_page_of_licences(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path)
    (tmp_path / "resources").mkdir()
    assert paths.licences() is None
    page = tmp_path / "resources" / paths.LICENCES
    page.touch()
    assert paths.licences() == page
