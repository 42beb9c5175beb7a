"""Remove a repository from the Hub's cache: all its revisions, by the rules of the Hub's library.

A conversion that this program made in its own folder, or has not finished, is removed as well. What
lies in another program's folder, or in a folder of the user's, is never touched.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtp_mlx.errors import LoadError, ModelNotFound
from mtp_mlx.files import brief
from mtp_mlx.hub.cache import PREFIX, expanded
from mtp_mlx.hub.conversions import LOCK, place_of, read_notes, work_folder
from mtp_mlx.hub.in_use import is_loaded, is_locked, programs_reading
from mtp_mlx.hub.listing import CONFIG
from mtp_mlx.hub.local_model import LocalModel
from mtp_mlx.hub.places import Place
from mtp_mlx.paths import models_folder

if TYPE_CHECKING:
    from huggingface_hub import DeleteCacheStrategy


_STORE = Path("blobs", ".huggingface-shared-blobs")
"""The file by which the library knows its store of blobs that repositories share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What removing a repository would do. Nothing has happened yet."""

    repository: str
    folder: str  # of the repository in the Hub's cache
    freed_bytes: int
    is_loaded: bool  # by a running MTP MLX
    readers: tuple[str, ...]  # other programs that have a file of it open
    copies: tuple[str, ...]  # its folders in other places, which stay


def plan_removal(name: str, places: Sequence[Place]) -> Removal:
    """Return what removing a model would do; `name` is its repository or a folder of it.

    Raises ModelNotFound, and LoadError where it lies in a folder of somebody else's or is being
    fetched.
    """
    conversion = _conversion(name)
    if conversion is not None:
        return conversion
    named = [model for place in places for model in place.models if _is_named(model, name)]
    if not named:
        raise ModelNotFound(
            f"There is no model {brief(repr(name))} on this disk.",
            "`mtp-mlx models places` lists them.",
        )
    chosen = next((model for model in named if model.owner == "hub"), None)
    if chosen is None:
        raise _not_ours(named[0], places)
    folder = _folder_of(Path(chosen.path))
    _check_not_fetched(chosen.name, folder)
    return Removal(
        repository=chosen.name,
        folder=str(folder),
        freed_bytes=_deletion(folder).freed_bytes,
        is_loaded=any(map(is_loaded, (folder / "snapshots").glob("*"))),
        readers=programs_reading(folder),
        copies=tuple(model.path for model in named if model is not chosen),
    )


def remove(removal: Removal) -> None:
    """Remove what was planned. Raises LoadError where a fetch has begun, or the disk refuses."""
    folder = Path(removal.folder)
    try:
        if folder.name.startswith(PREFIX):
            _check_not_fetched(removal.repository, folder)
            _deletion(folder).strategy.execute()
        else:
            _check_not_made(folder)
            shutil.rmtree(folder)
    except OSError as error:
        raise _refused(removal, brief(error)) from error
    if folder.exists():  # the library logs what it may not delete, and goes on
        raise _refused(removal, "the system does not allow it")


def _conversion(name: str) -> Removal | None:
    """Return the removal of a conversion: of one that is whole in this program's folder, or begun.

    Raises LoadError while it is being made.
    """
    out = Path(os.path.abspath(expanded(name)))  # noqa: PTH100  (resolves no links)
    work = work_folder(out)
    is_begun = read_notes(work) is not None
    folder = work if is_begun else out
    if not is_begun and not (out.parent == models_folder() and (out / CONFIG).is_file()):
        return None
    _check_not_made(folder)
    return Removal(
        repository=out.name,
        folder=str(folder),
        freed_bytes=_own_bytes(folder),
        is_loaded=is_loaded(folder),
        readers=programs_reading(folder),
        copies=(),
    )


def _check_not_made(folder: Path) -> None:
    if is_locked(folder / LOCK):
        name = place_of(folder).name if read_notes(folder) else folder.name
        raise LoadError(f"{brief(name)} is being made.", "Stop the conversion first.")


def _is_named(model: LocalModel, name: str) -> bool:
    if name in (model.name, model.repository):
        return True
    path, given = Path(model.path), Path(os.path.abspath(expanded(name)))  # noqa: PTH100  (resolves no links)
    return given == path or (model.owner == "hub" and given == _folder_of(path))


def _folder_of(snapshot: Path) -> Path:
    """Return the folder models--… that a snapshot is of, or that is given itself."""
    return next(f for f in (snapshot, *snapshot.parents) if f.name.startswith(PREFIX))


def _not_ours(model: LocalModel, places: Sequence[Place]) -> LoadError:
    if model.owner == "own":
        return LoadError(
            f"{brief(model.name)} lies in a folder of yours, {brief(model.place)}.",
            "Move it to the trash there; `mtp-mlx models forget` drops the folder from the list.",
        )
    title = next(place.title for place in places if place.path == model.place)
    return LoadError(f"{brief(model.name)} belongs to {title}.", f"Remove it in {title}.")


def _check_not_fetched(repository: str, folder: Path) -> None:
    """Raise LoadError while a program fetches it: this one and the library lock what they fetch."""
    if any(map(is_locked, (folder.parent / ".locks" / folder.name).glob("*.lock"))):
        raise LoadError(f"{brief(repository)} is being fetched.", "Stop the fetch first.")


def _refused(removal: Removal, why: str) -> LoadError:
    return LoadError(
        f"{brief(removal.repository)} could not be removed: {why}.",
        f"Check the rights of {brief(removal.folder)}, and try again.",
    )


@dataclass(frozen=True, slots=True)
class _Deletion:
    strategy: DeleteCacheStrategy
    freed_bytes: int


def _deletion(folder: Path) -> _Deletion:
    """Return the library's plan to delete all of a repository.

    The library looks a revision up in all repositories and takes the first of that name, so it is
    given this repository alone. One without a whole revision it does not list: its folder is
    deleted by the same plan, which also lets go of blobs that repositories share.
    """
    from huggingface_hub import scan_cache_dir

    info = scan_cache_dir(folder.parent)
    repositories = frozenset(repo for repo in info.repos if repo.repo_path == folder)
    revisions = [revision for repo in repositories for revision in repo.revisions]
    names = [revision.commit_hash for revision in revisions]
    strategy = replace(info, repos=repositories).delete_revisions(*names)
    blobs = {file.blob_path: file.size_on_disk for one in revisions for file in one.files}
    of_own_blobs = sum(size for blob, size in blobs.items() if not blob.is_symlink())
    has_store = (folder.parent / _STORE).is_file()  # without one, what a link leads to stays
    shared = strategy.expected_freed_size - of_own_blobs if has_store else 0
    if not strategy.repos:
        strategy = replace(strategy, repos=frozenset({folder}))
    return _Deletion(strategy, shared + _own_bytes(folder))


def _own_bytes(folder: Path) -> int:
    """Return the bytes of the files in a repository's folder: blobs, parts of files, lists.

    A file that has another name outside of it stays on the disk.
    """
    if folder.is_symlink():
        return 0
    files = list(_own_files(folder))
    names = Counter((file.st_dev, file.st_ino) for file in files)
    sizes = {
        (file.st_dev, file.st_ino): file.st_size
        for file in files
        if file.st_nlink <= names[file.st_dev, file.st_ino]
    }
    return sum(sizes.values())


def _own_files(folder: Path) -> Iterator[os.stat_result]:
    for above, _, names in os.walk(folder):
        for name in names:
            file = Path(above, name)
            if not file.is_symlink():
                yield file.lstat()
