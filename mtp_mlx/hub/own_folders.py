"""The folders of models that the user named, kept in a small file of the data folder.

A folder stays in the list while its drive is not plugged in. Windows and commands may write at the
same time.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mtp_mlx.errors import LoadError, UsageError
from mtp_mlx.files import brief, is_absence, read_object, remedy_of, shown_path, write_atomically
from mtp_mlx.hub.cache import expanded
from mtp_mlx.paths import data_folder
from mtp_mlx.printable import as_text

MOST_FOLDERS = 100
"""Folders that are remembered: each is looked through whenever models are listed."""

_FILE, _LOCK = "model folders.json", "model folders.lock"


def own_folders() -> tuple[Path, ...]:
    """Return the folders in the order in which they were added; what cannot be read is left out."""
    return tuple(map(Path, _read(data_folder() / _FILE)))


def add_folder(name: str | Path) -> Path:
    """Remember a folder, and return its full path.

    Raises UsageError where there is no such folder, or there are too many. Raises OSError.
    """
    folder = _absolute(name)
    _check_is_folder(name, folder)
    if as_text(str(folder)) != str(folder):
        raise UsageError("The folder's name is not UTF-8 text.", "Rename the folder.")
    if len(own_folders()) >= MOST_FOLDERS:
        raise UsageError(
            f"{MOST_FOLDERS} folders are remembered already.",
            "Forget one with `mtp-mlx models forget`, or add a folder above several.",
        )
    _change(lambda folders: [*folders, str(folder)])
    return folder


def _check_is_folder(name: str | Path, folder: Path) -> None:
    absent = UsageError(f"There is no folder {brief(name)!r} here.", "Name an existing folder.")
    if not str(name):
        raise absent
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except ValueError:  # a name that no file can have
        raise absent from None
    except OSError as error:
        if is_absence(error):
            raise absent from None
        reason = f"{shown_path(folder)} cannot be read: {brief(error)}."
        raise UsageError(reason, remedy_of(error)) from error
    if not is_folder:
        what = f"{shown_path(folder)} is a file and no folder."
        raise UsageError(what, "Name the folder that it lies in.")


def forget_folder(name: str | Path) -> Path:
    """Remember a folder no longer, and return its path; its files stay.

    Raises UsageError where it is not remembered, and OSError.
    """
    folder = _absolute(name)
    if folder not in own_folders():
        raise UsageError(
            f"{brief(name)!r} is not among the remembered folders.",
            "`mtp-mlx models places` lists them.",
        )
    _change(lambda folders: [known for known in folders if Path(known) != folder])
    return folder


def _absolute(name: str | Path) -> Path:
    """Return the full path, through links as they are: a drive may come back under its name.

    In a full path `$` and `~` are letters of names.
    """
    words = str(name)
    path = words if os.path.isabs(words) else expanded(words)  # noqa: PTH117  (an impossible name too)
    return Path(os.path.abspath(path))  # noqa: PTH100  (resolves no links)


def _read(file: Path) -> Sequence[str]:
    try:
        folders = read_object(file).get("folders")
    except (LoadError, OSError):
        return ()
    if not isinstance(folders, list):
        return ()
    paths = [path for path in folders if isinstance(path, str) and os.path.isabs(path)]  # noqa: PTH117
    return list(dict.fromkeys(paths))[:MOST_FOLDERS]


def _change(change: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """Write the list anew. A file that cannot be read is kept under another name first."""
    file = data_folder() / _FILE
    with _alone(file.with_name(_LOCK)):
        _keep_unreadable(file)
        folders = list(dict.fromkeys(change(_read(file))))
        content = {**read_object(file), "folders": folders}  # with what a later release wrote
        write_atomically(file, msgspec.json.format(msgspec.json.encode(content)))


def _keep_unreadable(file: Path) -> None:
    try:
        read_object(file)
    except LoadError:
        number = 1
        while (kept := file.with_name(f"{file.stem} (unreadable {number}).json")).exists():
            number += 1
        file.rename(kept)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock that ends with the process."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
