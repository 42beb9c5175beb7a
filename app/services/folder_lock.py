"""Who came first to a data folder.

Chats and settings may be shared (see `chat_store` and `settings`); putting a damaged file aside
may not: it would be taken from under another window. That is for whoever holds the lock.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QLockFile

_NAME = "lock"
# The system holds a live owner's lock however old it is; this only frees one that a crash left
# behind, also where the machine has changed its name since.
_STALE_MS = 1000


def lock_folder(folder: Path) -> QLockFile | None:
    """None beside another window. A folder that takes no lock holds no chats either."""
    with suppress(OSError):  # the store, opened next, says so in the window
        folder.mkdir(parents=True, exist_ok=True)
    lock = QLockFile(str(folder / _NAME))
    lock.setStaleLockTime(_STALE_MS)
    if lock.tryLock(0) or lock.error() is not QLockFile.LockError.LockFailedError:
        return lock
    return None
