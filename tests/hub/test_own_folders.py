"""The folders that the user named are kept, whatever happens to their file."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mtp_mlx.errors import UsageError
from mtp_mlx.hub import own_folders as module
from mtp_mlx.hub.own_folders import add_folder, forget_folder, own_folders
from mtp_mlx.paths import data_folder


def file() -> Path:
    return data_folder() / "model folders.json"


def test_a_folder_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    assert own_folders() == ()
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        assert add_folder(folder) == folder
    add_folder(f"{one}/../one/")  # once more
    assert own_folders() == (one, two)
    one.rmdir()
    assert own_folders() == (one, two)
    assert forget_folder(str(one)) == one
    assert own_folders() == (two,)
    with pytest.raises(UsageError, match="not among the remembered"):
        forget_folder(one)


def test_a_name_is_taken_from_home_and_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "linked").symlink_to("models")
    monkeypatch.chdir(tmp_path)
    assert add_folder("~/models") == add_folder("models") == tmp_path / "models"
    assert add_folder("linked") == tmp_path / "linked"
    assert own_folders() == (tmp_path / "models", tmp_path / "linked")


@pytest.mark.parametrize("name", ["$HOME of mine", "~", "a\nb", "100%", "Modèles"])
def test_a_full_path_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    """Also to forget a folder that is not connected."""
    folder = tmp_path / name
    folder.mkdir()
    assert add_folder(folder) == folder
    folder.rmdir()
    assert forget_folder(str(folder)) == folder
    assert own_folders() == ()


WHY_NOT = {
    "file": "file is a file and no folder. Name the folder that it lies in.",
    "circle": "circle cannot be read: Too many levels of symbolic links. Put a real",
}


@pytest.mark.parametrize(
    "name", ["nothing", "~nobody-here/x", "a\0b", "x" * 5000, "", "file", "circle"]
)
def test_what_is_no_folder_is_not_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(UsageError, match=WHY_NOT.get(name, "There is no folder")):
        add_folder(name)
    assert not file().exists()


def test_there_is_a_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FOLDERS", 1)
    for name in "ab":
        (tmp_path / name).mkdir()
    add_folder(tmp_path / "a")
    with pytest.raises(UsageError, match="Forget one"):
        add_folder(tmp_path / "b")


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("{", True),
        ("[]", True),
        ("\xff\xfe", True),
        ("{}", False),
        (json.dumps({"folders": "/x"}), False),
        (json.dumps({"folders": [3, None, "relative", ""]}), False),
    ],
)
def test_a_damaged_file_is_no_folders_and_is_kept(
    tmp_path: Path, content: str, *, kept: bool
) -> None:
    file().parent.mkdir(parents=True)
    file().write_text(content, encoding="latin-1")
    assert own_folders() == ()
    add_folder(tmp_path)
    assert own_folders() == (tmp_path,)
    aside = file().with_name("model folders (unreadable 1).json")
    assert aside.exists() == kept
    assert not kept or aside.read_text(encoding="latin-1") == content
    file().write_text("[")
    forget = aside.with_name(f"model folders (unreadable {1 + kept}).json")
    add_folder(tmp_path)
    assert forget.read_text() == "["


def test_what_can_be_read_of_a_file_counts() -> None:
    file().parent.mkdir(parents=True)
    file().write_text(json.dumps({"folders": ["/a", 3, "/b", "/a"], "later": 1}))
    assert own_folders() == (Path("/a"), Path("/b"))
    forget_folder("/a")
    assert json.loads(file().read_text()) == {"folders": ["/b"], "later": 1}


def test_two_programs_lose_nothing(tmp_path: Path) -> None:
    folders = [tmp_path / str(i) for i in range(8)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as two:
        list(two.map(add_folder, folders))
    assert sorted(own_folders()) == folders
