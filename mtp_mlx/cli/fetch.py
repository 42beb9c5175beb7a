"""`mtp-mlx models fetch`: bring a model onto this disk.

Ending the process pauses it, and a new start goes on where it was. With --json each line of stdout
is an object, one for each step and at least one each second:

- `phase`: listing, fetching, verifying, linking; the last line has done or failed.
- `repository`, `file`: what it is about; null for what is about no file.
- `done`, `total`: bytes here and wanted, of all files of all repositories; while verifying, bytes
  read and to be read of this file. `rate`: bytes a second during the last five seconds.
- `reason`, `waiting_s`: why nothing comes, and the seconds until the next attempt; else null.
- done has `folder`, the snapshot; failed has only `code`, `message` and `remedy` besides its phase.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mtp_mlx.cli.terminal import ProgressLine
from mtp_mlx.errors import GatedModel, LoadError, ModelNotFound
from mtp_mlx.families import drafter_for
from mtp_mlx.hub.cache import whole_snapshot
from mtp_mlx.printable import json_line, printable

if TYPE_CHECKING:
    from mtp_mlx.hub.progress import Status
    from mtp_mlx.hub.transfer import Fetched


@click.command("fetch", short_help="Download a model and its drafter.")
@click.argument("repository", metavar="REPO")
@click.option("--revision", metavar="R", default="main", help="A branch, a tag or a commit.")
@click.option("--no-drafter", is_flag=True, help="Leave out the drafter of a known target.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON objects, one a line.")
def fetch(repository: str, revision: str, no_drafter: bool, as_json: bool) -> None:
    """Download a model and its drafter into the Hub's cache, where other programs have them too.

    Stop it at any time: started again, it goes on where it was.
    """
    drafter = None if no_drafter else missing_drafter(repository)
    if as_json:
        _fetch_as_json(repository, revision, drafter)
        return
    with ProgressLine() as shown:
        from mtp_mlx.hub.progress import line

        width = shutil.get_terminal_size().columns - 1
        all_fetched = _fetch(
            repository, revision, drafter, lambda status: shown.show(line(status)[:width])
        )
    for fetched in all_fetched:
        click.echo(printable(f"{fetched.repository} is on this disk: {fetched.folder}"))


def missing_drafter(target: str) -> str | None:
    """Return the repository of a known target's drafter; None where it is here or not known.

    A copy in any program's folder will do: loading takes it.
    """
    from mtp_mlx.hub.resolve import copy_elsewhere

    drafter = drafter_for(target)
    if drafter is None or whole_snapshot(drafter) is not None:
        return None
    return None if copy_elsewhere(drafter) is not None else drafter


def _fetch_as_json(repository: str, revision: str, drafter: str | None) -> None:
    def tell(values: Mapping[str, object]) -> None:
        print(json_line(values), flush=True)

    last: dict[str, object] = {}

    def show(status: Status) -> None:
        waits = None if status.waiting_s is None else round(status.waiting_s, 1)
        last.update(asdict(status) | {"waiting_s": waits})
        tell(last)

    try:
        fetched = _fetch(repository, revision, drafter, show)
    except LoadError as error:
        tell(
            {"phase": "failed", "code": error.code, "message": error.message}
            | {"remedy": error.remedy}
        )
        raise
    total = last["total"]
    tell(
        last
        | {"phase": "done", "repository": repository, "file": None, "done": total, "rate": 0}
        | {"folder": str(fetched[-1].folder)}
    )


def _fetch(
    repository: str, revision: str, drafter: str | None, show: Callable[[Status], None]
) -> list[Fetched]:
    """Fetch the drafter first: it is small, and shows early whether the Hub lets one in."""
    from mtp_mlx.hub.progress import watched
    from mtp_mlx.hub.transfer import Wanted
    from mtp_mlx.hub.transfer import fetch as bring

    wanted = [Wanted(repository=repository, revision=revision)]
    if drafter is not None:
        wanted.insert(0, Wanted(repository=drafter))
    try:
        return watched(lambda progress: bring(wanted, progress), show)
    except (GatedModel, ModelNotFound) as error:
        if drafter is None or drafter not in error.message:
            raise
        alone = "Or fetch the target alone with --no-drafter."
        raise type(error)(error.message, f"{error.remedy} {alone}") from error
