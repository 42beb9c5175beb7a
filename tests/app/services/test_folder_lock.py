from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.services.folder_lock import lock_folder


def test_one_comes_first_to_a_folder(tmp_path: Path) -> None:
    first = lock_folder(tmp_path / "data")
    assert first is not None
    assert lock_folder(tmp_path / "data") is None
    first.unlock()
    again = lock_folder(tmp_path / "data")
    assert again is not None
    again.unlock()


def test_a_killed_window_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\n"
        "from app.services.folder_lock import lock_folder\n"
        "lock = lock_folder(pathlib.Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / "lock").exists()
    lock = lock_folder(tmp_path)
    assert lock is not None
    assert lock.isLocked()
    lock.unlock()


def test_a_folder_that_cannot_be_made_is_left_to_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lock = lock_folder(tmp_path / "file" / "data")
    assert lock is not None
    assert not lock.isLocked()
