"""The watch over the interface thread sees what it is there to see."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.interface_thread import WINDOW, Watch

_SOURCE = "def do(operation, *arguments):\n    return operation(*arguments)\n"


@pytest.fixture(autouse=True)
def _interface_thread_touches_no_file() -> None:
    """In place of the watch that every other test has: here a file is touched on purpose."""


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


def window_code() -> Callable[..., object]:
    """A function whose code seems to stand in the window's folder."""
    namespace: dict[str, Callable[..., object]] = {}
    exec(compile(_SOURCE, WINDOW[0] + "/made_up.py", "exec"), namespace)  # noqa: S102  (two lines of ours)
    return namespace["do"]


@pytest.mark.parametrize(
    "asked",
    [
        lambda path: ((path / "a.txt").write_text, "x"),
        lambda path: ((path / "here.txt").read_text,),
        lambda path: (sqlite3.connect, path / "a.sqlite3"),
        lambda path: (os.listdir, path),
        lambda path: ((path / "here.txt").unlink,),
        lambda path: ((path / "here.txt").replace, path / "there.txt"),
        lambda path: ((path / "folder").mkdir,),
    ],
)
def test_a_file_that_the_window_touches_is_seen(
    watch: Watch, tmp_path: Path, asked: Callable[[Path], tuple[Callable[..., object], object]]
) -> None:
    (tmp_path / "here.txt").write_text("x")
    do = window_code()
    watch.begin(tmp_path)
    result = do(*asked(tmp_path))
    touched = watch.end()
    assert touched
    assert touched[0].endswith("made_up.py:2")
    if isinstance(result, sqlite3.Connection):
        result.close()


def test_what_others_do_is_not_the_windows(watch: Watch, tmp_path: Path) -> None:
    """The test itself, another thread, and a file elsewhere."""
    file = tmp_path / "in" / "a.txt"
    do = window_code()
    watch.begin(tmp_path / "in")
    file.parent.mkdir()
    file.write_text("x")
    thread = threading.Thread(target=do, args=(file.write_text, "y"))
    thread.start()
    thread.join()
    do((tmp_path / "out.txt").write_text, "z")
    assert watch.end() == []
