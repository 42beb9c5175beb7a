"""Files that are no ordinary ones are never opened."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mtp_mlx import files
from mtp_mlx.errors import DamagedModel
from mtp_mlx.files import (
    find_object,
    is_absence,
    made_of,
    open_standard_files,
    read_object,
    read_ordinary,
    remedy_of,
    shown_path,
    size_of,
)


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def listening(path: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


KINDS: dict[str, Callable[[Path], Path]] = {
    "pipe": pipe,
    "socket": listening,
    "folder": folder,
    "device": lambda _: Path("/dev/zero"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_have_no_end_is_told(tmp_path: Path, kind: str) -> None:
    file = KINDS[kind](tmp_path / "x")
    with pytest.raises(DamagedModel, match=f"no ordinary file but a {kind}"):
        size_of(file)
    with pytest.raises(OSError, match=f"no ordinary file but a {kind}"):
        read_ordinary(file)


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("{}")
    assert read_ordinary(tmp_path / "x") == b"{}"
    assert read_object(tmp_path / "x") == {}
    monkeypatch.setattr(files, "MOST_BYTES", 1)
    monkeypatch.setattr(files, "LARGEST", 1)
    with pytest.raises(OSError, match="more than 0 MB"):
        read_ordinary(tmp_path / "x")
    with pytest.raises(DamagedModel, match="2 bytes are more"):
        find_object(tmp_path / "x")


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    assert size_of(tmp_path / "none") is None
    assert size_of(tmp_path / "none" / "x") is None
    with pytest.raises(DamagedModel, match="cannot be read"):
        size_of(tmp_path / ("x" * 5000))


def test_what_a_checkpoint_says_and_nobody_understands_is_damage() -> None:
    assert made_of(lambda: 3, "mine") == 3
    with pytest.raises(DamagedModel, match=r"config\.json of mine cannot be understood: invalid"):
        made_of(lambda: int("x"), "mine")


def test_standard_files_that_are_closed_are_the_null_device(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    with kept.open("w") as file:
        spare = os.dup(file.fileno())
        closed = spare + 20  # not the next that is opened
        while _is_open(closed):
            closed += 1
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, None)
        open_standard_files((spare, closed))
        os.write(closed, b"lost")
        os.write(spare, b"kept")
        with sys.stdin, sys.stdout, sys.stderr:
            assert sys.stdin.read() == ""
            assert not sys.stderr.isatty()
        os.close(spare)
        os.close(closed)
    assert kept.read_text() == "kept"


def test_a_closed_descriptor_gets_the_null_device_though_a_lower_one_is_free() -> None:
    lower, closed = sorted(os.open(os.devnull, os.O_RDWR) for _ in range(2))
    os.close(lower)
    os.close(closed)
    open_standard_files((closed,))
    assert _is_open(closed)
    assert not _is_open(lower)
    os.close(closed)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "the right to read it"),
        (errno.EIO, "disk is connected"),
        (errno.ELOOP, "place of the link"),
        (errno.EISDIR, "Download the model again"),
    ],
)
def test_the_remedy_is_that_of_the_cause(number: int, words: str) -> None:
    assert words in remedy_of(OSError(number, "no"))


def test_only_what_is_not_there_is_absent() -> None:
    assert is_absence(OSError(errno.ENOENT, "no"))
    assert not is_absence(OSError(errno.EIO, "no"))


def test_a_path_is_shown_from_the_home_on_and_a_long_one_by_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shown_path(tmp_path / "models" / "tiny") == "~/models/tiny"
    assert shown_path(Path("/a" * 50 + "/end"), most=10) == "…a/a/a/end"
