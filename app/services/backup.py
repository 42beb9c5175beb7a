"""Everything of a data folder as one file, and back again, also on another computer.

A backup is a ZIP: `manifest.json` says what it is and names each other file with its size and its
digest. Nothing in it is an absolute path. A restore checks all of it first, keeps the present
state as a backup of its own, and then changes the files; one that is cut short by a crash is
finished at the next start.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated

import msgspec
from msgspec import Meta

from app import strings
from app.services.database import INDEX_ONLY, PRIVATE, SOUND, connect, copy_to, look, stamp
from app.services.migrations import STEPS, NewerSchemaError
from app.services.readable import UNREADABLE
from mtp_mlx import __version__
from mtp_mlx.errors import MtpMlxError

SUFFIX = ".zip"
DATABASE = "chats.sqlite3"
SETTINGS = "settings.json"
_SPEEDS = "plain speed.json"
_FOLDERS = ("reports", "pairs")  # of JSON files: speed reports, what auto learned of each pair
_NAME = re.compile(rf"{DATABASE}|{SETTINGS}|{_SPEEDS}|({'|'.join(_FOLDERS)})/[^/\\\x00]+\.json")
_FORMAT = "MTP MLX backup"
_VERSION = 1
_MANIFEST = "manifest.json"
_MOST_MANIFEST = 16 * 2**20  # bytes
_OF_THIS_COMPUTER = ("geometry", "seen", "pairs")  # settings that mean nothing on another one
_CHUNK = 2**20
_ASIDE = "backups"
_STAGE = ".restoring"
_READY = "ready"

# What a torn file makes the ZIP reader raise.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
)


class BackupError(MtpMlxError):
    """A backup that was not made or cannot be restored; nothing was changed."""

    code = "backup"


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    version: int
    schema: int  # of the chats
    created: Annotated[float, Meta(ge=0, le=253402300799)]  # seconds since the epoch
    program: str  # the release that wrote it
    files: dict[str, _Entry]


def back_up(folder: Path, chats: sqlite3.Connection, target: Path) -> None:
    """Write a backup, whole or not at all. Raises BackupError."""
    part = target.with_name(f"{target.name}.part")
    copy = target.with_name(f"{target.name}.chats")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE))
        copy_to(chats, copy)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            files = {DATABASE: _add(archive, DATABASE, copy)}
            for name in _names(folder):
                files[name] = _add(archive, name, folder / name)
            archive.writestr(_MANIFEST, msgspec.json.encode(_manifest(files)))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(
            strings.NOT_BACKED_UP.format(reason=_reason(error)), strings.NOT_BACKED_UP_REMEDY
        ) from error
    finally:
        for path in (part, copy):
            with suppress(OSError):
                path.unlink()


def check(source: Path) -> Manifest:
    """Return what a backup says of itself. Raises BackupError where it is none, or a newer one."""
    with _opened(source) as archive:
        return _read_manifest(archive)


def stage(source: Path, folder: Path) -> Manifest:
    """Unpack a backup beside the files that it is to replace, and check all of it.

    Raises BackupError.
    """
    stage = folder / _STAGE
    shutil.rmtree(stage, ignore_errors=True)
    try:
        with _opened(source) as archive:
            manifest = _read_manifest(archive)
            _make_room(folder, manifest)
            for name, entry in manifest.files.items():
                _unpack(archive, name, entry, stage / name)
        _check_chats(stage / DATABASE)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return manifest


def put_in_place(folder: Path) -> None:
    """Replace the files of a folder by those that were staged. Its chats must be closed.

    Raises OSError; what was not done then is done at the next start.
    """
    stage = folder / _STAGE
    (stage / _READY).touch()
    finish(folder)


def finish(folder: Path) -> None:
    """Go on with a restore that was cut short; one that had not begun is forgotten."""
    stage = folder / _STAGE
    if not (stage / _READY).exists():
        shutil.rmtree(stage, ignore_errors=True)
        return
    if (stage / DATABASE).exists():
        for suffix in ("-wal", "-shm"):  # of the chats that go: never applied to those that come
            (folder / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        (stage / DATABASE).replace(folder / DATABASE)
    for name in (SETTINGS, _SPEEDS):
        if (stage / name).exists():
            (stage / name).replace(folder / name)
    for name in _FOLDERS:
        for path in sorted((stage / name).glob("*.json")):
            (folder / name).mkdir(exist_ok=True, mode=0o700)
            path.replace(folder / name / path.name)
    shutil.rmtree(stage)


def aside(folder: Path) -> Path:
    """Return where the present state goes before a restore."""
    return folder / _ASIDE / f"{strings.BEFORE_RESTORE.format(stamp=stamp())}{SUFFIX}"


def suggested_name() -> str:
    return f"{strings.BACKUP_NAME.format(day=time.strftime('%Y-%m-%d'))}{SUFFIX}"


def portable(settings: bytes) -> bytes:
    """Return the settings without what belongs to this computer: its screens, its paths."""
    try:
        stored = msgspec.json.decode(settings, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        return b"{}"
    kept = {
        name: value
        for name, value in stored.items()
        if name not in _OF_THIS_COMPUTER and not _has_path(name, bytes(value))
    }
    return msgspec.json.format(msgspec.json.encode(kept), indent=2)


def _has_path(name: str, value: bytes) -> bool:
    """Whether a setting is, or holds, a place on this disk; a prompt may begin with a slash."""
    if name in {"reply", "presets"}:
        return False
    return re.search(rb'"(/|~/|[A-Za-z]:\\\\|file:)', value) is not None


def _names(folder: Path) -> Iterator[str]:
    yield from (name for name in (SETTINGS, _SPEEDS) if (folder / name).is_file())
    for sub in _FOLDERS:
        for path in sorted((folder / sub).glob("*.json")):
            name = f"{sub}/{path.name}"
            if _NAME.fullmatch(name) and _is_text(name) and path.is_file():
                yield name


def _is_text(name: str) -> bool:
    """A name that is no UTF-8 can stand in no manifest."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> _Entry:
    if name == SETTINGS:
        data = portable(path.read_bytes())
        archive.writestr(name, data)
        return _Entry(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        return _copied(source, target.write)


def _copied(source: IO[bytes], write: Callable[[bytes], object]) -> _Entry:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return _Entry(size=size, sha256=digest.hexdigest())


def _manifest(files: dict[str, _Entry]) -> Manifest:
    return Manifest(
        format=_FORMAT,
        version=_VERSION,
        schema=len(STEPS),
        created=time.time(),
        program=__version__,
        files=files,
    )


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except OSError as error:
        raise _refused(_reason(error)) from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise _refused(strings.BACKUP_FOREIGN) from error


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        if archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
            raise _refused(strings.BACKUP_FOREIGN)
        manifest = msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
    except (KeyError, *UNREADABLE, *_DAMAGE) as error:
        raise _refused(strings.BACKUP_FOREIGN) from error
    if manifest.format != _FORMAT:
        raise _refused(strings.BACKUP_FOREIGN)
    if manifest.version > _VERSION or manifest.schema > len(STEPS):
        raise BackupError(strings.BACKUP_NEWER, strings.BACKUP_NEWER_REMEDY)
    if DATABASE not in manifest.files or not all(map(_NAME.fullmatch, manifest.files)):
        raise _refused(strings.BACKUP_FOREIGN)
    return manifest


def _make_room(folder: Path, manifest: Manifest) -> None:
    """Refuse before anything is written what the disk cannot hold."""
    need = sum(entry.size for entry in manifest.files.values())
    if need > shutil.disk_usage(folder).free:
        raise _refused(strings.BACKUP_NO_ROOM)


def _unpack(archive: zipfile.ZipFile, name: str, entry: _Entry, target: Path) -> None:
    try:
        if archive.getinfo(name).file_size != entry.size:
            raise _refused(strings.BACKUP_TORN.format(name=name))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(opened, "wb") as file, archive.open(name) as source:
            got = _copied(source, file.write)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _refused(_reason(error)) from error
    except (KeyError, *_DAMAGE) as error:
        raise _refused(strings.BACKUP_TORN.format(name=name)) from error
    if got != entry:
        raise _refused(strings.BACKUP_TORN.format(name=name))


def _check_chats(database: Path) -> None:
    """Bring them up to date as well: what cannot be is refused before anything is replaced."""
    try:
        if (fault := look(database)) not in (SOUND, INDEX_ONLY):
            raise _refused(strings.BACKUP_TORN.format(name=f"{DATABASE}: {fault[:80]}"))
        connect(database).close()
    except NewerSchemaError as error:
        raise BackupError(strings.BACKUP_NEWER, strings.BACKUP_NEWER_REMEDY) from error
    except (OSError, sqlite3.Error) as error:
        raise _refused(_reason(error)) from error
    for copy in database.parent.glob(f"{database.stem} (*"):
        copy.unlink()


def _refused(reason: str) -> BackupError:
    return BackupError(strings.NOT_RESTORED.format(reason=reason), strings.NOT_RESTORED_REMEDY)


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((text or type(error).__name__).split())[:120].rstrip(".")
