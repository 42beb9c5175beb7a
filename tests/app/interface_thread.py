"""Catches the interface thread touching a file of the user: it must never wait for a disk.

The interpreter tells an audit hook of each file that is opened, listed, moved or removed. What
counts is who asked for it: code of the window, not the test itself.
"""

from __future__ import annotations

import inspect
import sys
import threading
from pathlib import Path
from types import FrameType

_EVENTS = frozenset(
    {
        "open",
        "sqlite3.connect",
        "os.listdir",
        "os.scandir",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.utime",
    }
)
_ROOT = Path(__file__).parents[2]
WINDOW = tuple(
    str(_ROOT / "app" / part) for part in ("views", "viewmodels", "engine", "program.py")
)
_TESTS = str(_ROOT / "tests")


class Watch:
    """Between `begin` and `end`, `touched` collects where the window touched a file of `folder`."""

    def __init__(self) -> None:
        self.touched: list[str] = []
        self._folder = ""
        sys.addaudithook(self._on_event)  # for as long as the process lives

    def begin(self, folder: Path) -> None:
        self.touched = []
        self._folder = str(folder)

    def end(self) -> list[str]:
        self._folder = ""
        return self.touched

    def _on_event(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in _EVENTS or not self._folder:
            return
        path = arguments[0] if arguments else None
        if not isinstance(path, str | Path) or not str(path).startswith(self._folder):
            return
        if threading.current_thread() is threading.main_thread():
            hook = inspect.currentframe()
            asked = _window_code(None if hook is None else hook.f_back)
            if asked is not None:
                self.touched.append(f"{event} {path} at {asked}")


def _window_code(frame: FrameType | None) -> str | None:
    """The line of the window that asked, or None where the test did so itself."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(WINDOW):
            return f"{name}:{frame.f_lineno}"
        if name.startswith(_TESTS) and not name.endswith("interface_thread.py"):
            return None
        frame = frame.f_back
    return None
