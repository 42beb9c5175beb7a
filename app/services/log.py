"""The log file in the data folder, and a hook that logs exceptions which nothing has caught.

The log holds no prompt and no reply. An exception is logged with its type, the disk's error code
and the lines of the program, without its message, which may quote what the user typed.
"""

from __future__ import annotations

import logging
import os
import platform
import queue
import sqlite3
import sys
import threading
import traceback
from io import TextIOWrapper
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from app import strings
from app.services.database import PRIVATE
from mtp_mlx import __version__

NAME = "log.txt"
MOST_BYTES = 500_000  # of the file, before it becomes an older one and a new one begins
_OLDER = 2  # files that are kept
_STOP_S = 2.0  # how long the program's end waits for a disk that hangs
_OURS = ("app", "mtp_mlx")

_log = logging.getLogger(__name__)


class LogFile:
    """The log file. A thread of its own writes it, so that code which logs waits for no disk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        to_file = _File(
            self.path, maxBytes=MOST_BYTES, backupCount=_OLDER, encoding="utf-8", delay=True
        )
        records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        self._listener = QueueListener(records, to_file)
        self._file = to_file
        self._ended = False
        self._handler = QueueHandler(records)
        self._handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        for name in _OURS:
            logging.getLogger(name).addHandler(self._handler)
        logging.getLogger("app").setLevel(logging.INFO)
        self._listener.start()
        _log.info("mtp-mlx %s, %s", __version__, platform.platform())

    def stop(self) -> None:
        """Write what was logged and end. A second call does nothing."""
        if self._ended:
            return
        self._ended = True
        for name in _OURS:
            logging.getLogger(name).removeHandler(self._handler)
        ending = threading.Thread(target=self._listener.stop, daemon=True)
        ending.start()
        ending.join(_STOP_S)
        self._file.close()


class _File(RotatingFileHandler):
    """Is opened, and its folder made, with the first record: on the log's own thread.

    Nobody else may read it.
    """

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT, PRIVATE))
        return super()._open()


class Faults(QObject):
    """Logs exceptions that nothing has caught, on any thread, and says so in the window."""

    said = Signal(str)  # one sentence, with where the log is

    def __init__(self, log: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sentence = strings.DEFECT.format(path=log)
        self._hooks = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Install the hooks. PySide hands exceptions in slots to `sys.excepthook`."""
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread

    def remove(self) -> None:
        sys.excepthook, threading.excepthook = self._hooks

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._hooks[0](kind, error, trace)
            return
        _log.critical("not caught", exc_info=(kind, error, trace))
        self.said.emit(self._sentence)

    def _on_thread(self, raised: threading.ExceptHookArgs) -> None:
        if raised.exc_value is not None and not issubclass(raised.exc_type, SystemExit):
            self._on_exception(raised.exc_type, raised.exc_value, raised.exc_traceback)


class _Formatter(logging.Formatter):
    def formatException(self, ei: object) -> str:  # noqa: N802  (logging's name)
        error = ei[1] if isinstance(ei, tuple) else None
        lines: list[str] = []
        while isinstance(error, BaseException):
            lines.append(_named(error))
            frames = traceback.extract_tb(error.__traceback__)
            lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


def _named(error: BaseException) -> str:
    """Return an exception's type, with the error number of the disk or of SQLite."""
    match error:
        case OSError(errno=int(number)):
            return f"{type(error).__name__} {number}"
        case sqlite3.Error() if hasattr(error, "sqlite_errorname"):
            return f"{type(error).__name__} {error.sqlite_errorname}"
        case _:
            return type(error).__name__
