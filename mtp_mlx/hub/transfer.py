"""Fetch repositories into the library's cache, so that a fetch goes on where it was killed.

The bytes of a file are appended to a part beside its blob. A part of the right length and SHA-256
becomes the blob, and the snapshot gets a link to it: an ordinary cache, with one copy of the bytes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtp_mlx.activity import awake
from mtp_mlx.errors import DamagedModel, ModelNotFound, NotWritable
from mtp_mlx.files import brief, write_atomically
from mtp_mlx.hub.connection import BrokenTransferError, Connection, Patience
from mtp_mlx.hub.listing import (
    Listing,
    Plan,
    RemoteFile,
    check_access,
    disk_full,
    free_bytes,
    list_repository,
    may_go_on,
    size_at,
)
from mtp_mlx.hub.part import Part, is_shared
from mtp_mlx.hub.progress import Progress

if TYPE_CHECKING:
    from httpx2 import Response

PATIENCE = Patience()
LISTING_GIVES_UP_S, LISTING_UNREACHABLE_S = 8.0, 2.0
"""Seconds after which a Hub that does not list is given up: somebody waits for an answer."""

_PARTIAL, _NO_SUCH_RANGE = 206, 416
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)

LOOK_EVERY_S = 0.2
"""Seconds between two looks at what another process fetches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A repository to fetch."""

    repository: str
    revision: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A repository that is whole on this disk."""

    repository: str
    folder: Path


def fetch(
    wanted: Sequence[Wanted], progress: Progress, patience: Patience = PATIENCE
) -> list[Fetched]:
    """Fetch repositories in this order. Raises LoadError, after which what came is kept.

    All are listed and their room is checked before the first byte.
    """
    transfers = [_list(one, progress, patience) for one in wanted]
    plan = Plan(tuple(transfer.listing for transfer in transfers))
    progress.plan(plan.here, plan.total)
    plan.check_space()
    for transfer in transfers:
        check_access(transfer.connection, transfer.listing)
    with awake("Downloading a model"):
        return [transfer.run() for transfer in transfers]


class Transfer:
    """One repository on its way into the cache."""

    def __init__(self, listing: Listing, connection: Connection, progress: Progress) -> None:
        self.listing = listing
        self.connection = connection
        self._progress = progress

    def run(self) -> Fetched:
        """Fetch what is missing while no other process does."""
        listing = self.listing
        if not listing.is_whole():
            with self._alone():
                for file in listing.files:
                    if not listing.is_here(file):
                        self._complete(file)
                self._progress.begin("linking", listing.repository)
                with _disk(listing):
                    _link(listing)
                    for file in listing.files:  # of one that another program has brought
                        listing.part(file).unlink(missing_ok=True)
        _keep_tree(listing)
        with suppress(OSError):  # a cache that is whole may be read-only
            _keep_revision(listing)
        return Fetched(repository=listing.repository, folder=listing.snapshot)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the repository's lock, which the system takes back from a process that dies."""
        listing, progress = self.listing, self._progress
        lock = listing.folder.parent / ".locks" / listing.folder.name / "mtp.lock"
        with _disk(listing):
            lock.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            here = listing.bytes_here
            if not _is_locked(descriptor):
                progress.begin("fetching", listing.repository)
                progress.wait(None, "another process fetches it")
                while not _is_locked(descriptor):
                    time.sleep(LOOK_EVERY_S)
                    progress.add(listing.bytes_here - here)
                    here = listing.bytes_here
            progress.add(listing.bytes_here - here)
            yield
        finally:
            os.close(descriptor)

    def _complete(self, file: RemoteFile) -> None:
        """Bring a file to its length, check it, and give it the name of its blob."""
        listing, progress = self.listing, self._progress
        if is_shared(file, listing.blob(file), listing.repository, progress):
            had = size_at(listing.part(file)) or 0
            progress.begin("linking", listing.repository, file.name)
            progress.add(file.size - (had if may_go_on(file, had) else 0))
            return
        with _disk(listing), Part.at(listing.part(file), file) as part:
            if part.length:
                progress.begin("verifying", listing.repository, file.name, (0, part.length))
                part.read(progress)
            progress.begin("fetching", listing.repository, file.name)
            while part.length < file.size:
                self.connection.persist(lambda: self._append(part))
            if file.sha256 is not None:
                progress.begin("verifying", listing.repository, file.name, (file.size, file.size))
            if not part.is_right():
                part.path.unlink()
                raise DamagedModel(
                    f"{brief(file.name, 100)} came damaged and was removed: its SHA-256 is not the "
                    "one that the Hub lists.",
                    "Start again to fetch that file anew.",
                )
            part.become(listing.blob(file))

    def _append(self, part: Part) -> None:
        """Append what one connection brings. Raises BrokenTransferError before the file's end."""
        from huggingface_hub.errors import HfHubHTTPError

        address = self.listing.address(part.file)
        try:
            with self.connection.stream(address, start=part.length) as response:
                self._receive(response, part)
        except HfHubHTTPError as error:
            if error.response.status_code != _NO_SUCH_RANGE or not part.length:
                raise
            self._progress.add(-part.length)
            part.empty()
            raise BrokenTransferError("the Hub has no bytes where the part ends") from error
        if part.length < part.file.size:
            raise BrokenTransferError("the connection was cut")

    def _receive(self, response: Response, part: Part) -> None:
        """Append a response; where it begins at the file's beginning, what is here is left out.

        So a server without ranges costs time, and never what came before.
        """
        repeated = _bytes_repeated(response, part)
        repeats = repeated > 0
        if repeats:
            self._progress.wait(None, "the Hub sends the file from its beginning")
        for chunk in response.iter_bytes():
            new = chunk[repeated:]
            self._progress.pass_over(len(chunk) - len(new))
            repeated -= len(chunk) - len(new)
            if not new:
                continue
            if repeats:
                self._progress.go_on()
                repeats = False
            if part.length + len(new) > part.file.size:
                raise BrokenTransferError("more bytes come than the file has")
            part.append(new)
            self.connection.came()
            self._progress.add(len(new))


def _list(wanted: Wanted, progress: Progress, patience: Patience) -> Transfer:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    repository = wanted.repository
    progress.begin("listing", repository)
    try:
        validate_repo_id(repository)
        is_id = "/" in repository
    except HFValidationError:
        is_id = False
    if not is_id:
        raise ModelNotFound(
            f"{brief(repository)} is no id of a repository.",
            "Write it as owner/name, such as google/gemma-4-E2B-it.",
        )
    if ".." in wanted.revision.split("/"):
        raise ModelNotFound(
            f"{repository} has no such revision.", "Name a branch, a tag or a commit that it has."
        )
    soon = replace(
        patience,
        give_up_s=min(patience.give_up_s, LISTING_GIVES_UP_S),
        unreachable_s=min(patience.unreachable_s, LISTING_UNREACHABLE_S),
    )
    asking = Connection(repository, progress, soon)
    listing = list_repository(asking, repository, wanted.revision)
    return Transfer(listing, asking.with_patience(patience), progress)


def _bytes_repeated(response: Response, part: Part) -> int:
    """Return how many bytes of a response are here already. Raises BrokenTransferError.

    A network that wants its users to sign in answers anything with a page of its own.
    """
    headers = response.headers
    if response.status_code == _PARTIAL:
        began = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
        if began is None or int(began[1]) != part.length:
            raise BrokenTransferError("the Hub sends other bytes than those that were asked for")
        return 0
    length = headers.get("Content-Length")
    is_coded = "Content-Encoding" in headers
    if length is not None and not is_coded and length != str(part.file.size):
        raise BrokenTransferError("what answers is not the Hub, or has another file")
    return part.length


def _link(listing: Listing) -> None:
    """Give each blob its name in the snapshot. Raises OSError.

    Where the disk has no links, the blob itself becomes the file, as the library has it there.
    """
    missing = [file for file in listing.files if not listing.is_placed(file)]
    for number, file in enumerate(missing):
        place = listing.snapshot / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if _is_link_made(place, listing.blob(file)):
            continue
        if any(other.etag == file.etag for other in missing[number + 1 :]):
            shutil.copyfile(listing.blob(file), place)
        else:
            listing.blob(file).replace(place)


def _keep_revision(listing: Listing) -> None:
    """Note which commit the revision is, as the library does. Raises OSError."""
    if listing.revision != listing.commit:
        write_atomically(listing.folder / "refs" / listing.revision, listing.commit.encode())


def _keep_tree(listing: Listing) -> None:
    """Keep the listing where the library does, so that it and others know the snapshot is whole.

    The library would ask the Hub for it again, and wait for an answer where it is busy.
    """
    from huggingface_hub._tree_cache import TreeCacheEntry, write_tree_cache

    entries = {
        file.name: TreeCacheEntry(
            size=file.size,
            blob_id=file.git_hash,
            lfs_sha256=file.sha256,
            lfs_size=None if file.sha256 is None else file.size,
            xet_hash=file.xet_hash,
        )
        for file in listing.tree
    }
    write_tree_cache(str(listing.folder), listing.commit, entries)


def _is_link_made(place: Path, blob: Path) -> bool:
    """Make a link that stays right where the cache is moved; tell whether the disk has links."""
    from huggingface_hub import constants

    if constants.HF_HUB_DISABLE_SYMLINKS:
        return False
    try:
        place.symlink_to(os.path.relpath(blob, place.parent))
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True


def _is_locked(descriptor: int) -> bool:
    """Take the lock, and tell whether it is ours; a disk without locks has each process go on."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def _disk(listing: Listing) -> Iterator[None]:
    """Turn what the disk refuses into a LoadError."""
    cache = listing.folder.parent
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            missing = listing.size - listing.bytes_here
            raise disk_full(cache, free_bytes(cache), missing) from error
        if error.errno == errno.ENOENT:
            raise NotWritable(
                f"Files of {brief(listing.repository)} were removed while it was being fetched.",
                "Start again to fetch what is missing.",
            ) from error
        raise NotWritable(
            f"The folder of models {brief(cache)} cannot be written to: {brief(error)}.",
            "Check its rights and its disk, or set HF_HUB_CACHE to another folder.",
        ) from error
