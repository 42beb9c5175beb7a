"""Text is attached as it is; everything else is refused with a sentence and loses nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.services.text_files import MOST_BYTES, FileError, read_text_file, read_text_files


def refused(path: Path) -> str:
    with pytest.raises(FileError) as error:
        read_text_file(path)
    sentence = str(error.value)
    assert f"“{path.name or path}”" in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    "data",
    [
        b"Gr\xc3\xbc\xc3\x9fe\nan alle\n",
        b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe\r\nan alle\r\n",
        "Grüße\nan alle\n".encode("utf-16"),
        b"\xfe\xff" + "Grüße\r\nan alle\r\n".encode("utf-16-be"),
    ],
)
def test_text_is_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(data)
    found = read_text_file(path)
    assert (found.name, found.text) == ("notes.txt", "Grüße\nan alle\n")


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\0\0", b"caf\xe9", b"a\0b", b"\xff\xfea", b"\xff\xfe\0\0a\0"]
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    assert "not a text file" in refused(path)


def test_size_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"x" * MOST_BYTES)
    assert len(read_text_file(path).text) == MOST_BYTES
    path.write_bytes(b"x" * (3 * 2**20))
    assert "has 3.0 MB" in refused(path)


def test_folders_pipes_and_empty_files(tmp_path: Path) -> None:
    assert "not a file" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "not a file" in refused(tmp_path / "pipe")
    (tmp_path / "empty.txt").write_text(" \n")
    assert "is empty" in refused(tmp_path / "empty.txt")


def test_a_file_that_vanished(tmp_path: Path) -> None:
    assert "no longer there" in refused(tmp_path / "gone.txt")
    (tmp_path / "file").write_text("x")
    assert "no longer there" in refused(tmp_path / "file" / "gone.txt")


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x")

    def fail(error: OSError) -> None:
        def refuse(_self: Path, _mode: str) -> None:
            raise error

        monkeypatch.setattr(Path, "open", refuse)

    fail(PermissionError(13, "Permission denied"))
    assert "may not read" in refused(path)
    fail(OSError(5, "Input/output error"))
    assert "(Input/output error)" in refused(path)


@pytest.mark.parametrize("name", [b"caf\xe9.txt", b"\xff\xfe.txt"])
def test_a_name_that_is_no_utf_8_is_refused_in_one_sentence(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_text("some words")
    found = read_text_files([path, Path("/nowhere/caf\N{REPLACEMENT CHARACTER}.txt")])
    assert found.read == ()
    ending = "is no UTF-8; give the file another name."
    assert [text.endswith(ending) for text in found.refused] == [True, True]
    assert all(text.encode() for text in found.refused)
