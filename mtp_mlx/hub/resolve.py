"""Turn a model's name into a folder: it names a folder, the built-in pair, or a repository.

A repository that is complete in the local cache is used without a request. Any other is fetched.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mtp_mlx.api import DEMO_PAIR
from mtp_mlx.errors import LoadError, ModelNotFound
from mtp_mlx.families import drafter_for
from mtp_mlx.files import brief, is_absence, remedy_of, shown_path
from mtp_mlx.hub.cache import REPOSITORY, lacks_texts, whole_snapshot
from mtp_mlx.hub.connection import Patience
from mtp_mlx.hub.matching import Merit
from mtp_mlx.hub.own_folders import own_folders
from mtp_mlx.hub.places import inventory
from mtp_mlx.hub.progress import Status, line, watched
from mtp_mlx.hub.transfer import Wanted, fetch
from mtp_mlx.paths import resources
from mtp_mlx.printable import printable

PATIENCE = Patience(give_up_s=60.0)
"""How long a load asks a silent Hub: less long than a fetch, for somebody waits for it."""

DEMO_FOLDER = resources() / "demo_pair"

Show = Callable[[Status], None]
"""Called while a repository is fetched, several times a second."""


def _show_on_terminal(status: Status) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{printable(line(status))}")
        sys.stderr.flush()


def resolve(name: str, *, with_texts: bool = True, show: Show = _show_on_terminal) -> Path:
    """Return the folder of a model. Raises ModelNotFound or LoadError, with the remedy.

    With `with_texts` it is to have a tokenizer and a chat template, where its repository has them.
    """
    if name == DEMO_PAIR:
        return _demo("target")
    folder = _folder(name)
    if folder is not None:
        return folder
    if REPOSITORY.fullmatch(name) is None or name.startswith("."):
        raise _no_folder(name)
    held = whole_snapshot(name)
    if held is not None and not (with_texts and lacks_texts(held)):
        return held
    elsewhere = copy_elsewhere(name, with_texts=with_texts) if held is None else None
    if elsewhere is not None:
        return elsewhere
    try:
        return _fetched(name, show)
    except LoadError:
        if held is None:
            raise
        return held  # its weights are whole; whoever needs what it lacks says so


def on_this_disk(name: str) -> Path:
    """Return the folder of a model without asking the Hub. Raises ModelNotFound."""
    folder = _folder(name)
    if folder is not None:
        return folder
    is_repository = REPOSITORY.fullmatch(name) is not None
    held = (whole_snapshot(name) or copy_elsewhere(name)) if is_repository else None
    if held is not None:
        return held
    if not is_repository:
        raise _no_folder(name)
    raise ModelNotFound(
        f"{brief(name)} is not on this disk.",
        f"Fetch it with `mtp-mlx models fetch {brief(name, 80)}`.",
    )


def unpacked_drafter(target: Path) -> Path:
    """Return the best drafter here for a target that is not quantised. Raises ModelNotFound."""
    found = inventory(own_folders(), target)
    fitting = (p.drafters for p in found.pairings if _is_same(Path(p.target.path), target))
    choices = (choice for drafters in fitting for choice in drafters)
    best = next((choice.model for choice in choices if "unpacked" in choice.merits), None)
    if best is None:
        raise ModelNotFound(
            f"No drafter on this disk fits {brief(target.name)} and is not quantised.",
            "Fetch its drafter first, or leave out --drafter.",
        )
    return Path(best.path)


@dataclass(frozen=True, slots=True)
class OwnDrafter:
    """The folder of a target's drafter, and a sentence on it where it is a surprising one."""

    folder: Path
    note: str | None = None


def resolve_drafter(
    drafter: str | None, target: str, target_folder: Path, show: Show = _show_on_terminal
) -> OwnDrafter | None:
    """Return the drafter asked for, else the target's own; None where there is none.

    A target named by its repository has the drafter published for it, fetched if need be. A target
    that is a folder of the user's is no reason to fetch anything: it has the best drafter on this
    disk that fits it. Raises ModelNotFound or LoadError.
    """
    if drafter == DEMO_PAIR:
        return OwnDrafter(_demo("drafter"))
    if drafter is not None:
        return OwnDrafter(resolve(drafter, with_texts=False, show=show))
    if target == DEMO_PAIR or is_built_in(target_folder):
        return OwnDrafter(_demo("drafter"))
    if _folder(target) is not None:
        return _drafter_of_folder(target_folder)
    return _drafter_of_repository(target, target_folder, show)


def _drafter_of_folder(target: Path) -> OwnDrafter | None:
    best = _best_on_disk(target)
    repository = drafter_for(_config(target))
    if best is not None:
        return best.drafter
    if repository is None:
        return None
    held = whole_snapshot(repository)
    if held is not None:
        return OwnDrafter(held)  # it does not fit or is damaged: loading says so
    raise ModelNotFound(
        f"its drafter {repository} is not on this disk; --drafter {repository} fetches it",
        "Name the drafter, or do without MTP.",
    )


def _drafter_of_repository(target: str, folder: Path, show: Show) -> OwnDrafter | None:
    repository = drafter_for(target) or drafter_for(_config(folder))
    held = whole_snapshot(repository) if repository is not None else None
    if held is not None:
        return OwnDrafter(held)
    best = _best_on_disk(folder)
    if repository is None or (best is not None and "published" in best.merits):
        return None if best is None else best.drafter
    try:
        return OwnDrafter(resolve(repository, with_texts=False, show=show))
    except LoadError:
        if best is None:
            raise
        return best.drafter


@dataclass(frozen=True, slots=True)
class _Best:
    drafter: OwnDrafter
    merits: tuple[Merit, ...]


def _best_on_disk(target: Path) -> _Best | None:
    """Return the best drafter in all places, and beside the target, that fits it by its shape."""
    found = inventory(own_folders(), target)
    fitting = (p.drafters for p in found.pairings if _is_same(Path(p.target.path), target))
    best = next((drafters[0] for drafters in fitting if drafters), None)
    if best is None:
        return None
    note = None
    if not {"published", "published-for-shape"} & {*best.merits}:
        place = next(place.title for place in found.places if best.model in place.models)
        name = brief(best.model.name)
        note = f"Drafts come from {name} in {brief(place)}, which fits this target."
    return _Best(OwnDrafter(Path(best.model.path), note), best.merits)


def copy_elsewhere(repository: str, *, with_texts: bool = False) -> Path | None:
    """Return a usable copy of a repository in any place of this disk.

    With `with_texts` it has a tokenizer and a chat template.
    """
    models = (model for place in inventory(own_folders()).places for model in place.models)
    copies = (model for model in models if model.repository == repository and model.is_usable)
    return next((Path(copy.path) for copy in copies if not (with_texts and copy.lacks)), None)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def is_built_in(target: Path) -> bool:
    """Tell whether a target's folder is the one that comes with the program."""
    return target.resolve() == (DEMO_FOLDER / "target").resolve()


def _folder(name: str) -> Path | None:
    try:
        folder = Path(name).expanduser()
        return folder if name and folder.is_dir() else None
    except (OSError, RuntimeError):  # the name is too long, or of an unknown user's home
        return None


def _no_folder(name: str) -> LoadError:
    """Return why a path names no folder: a disk that is not there is no mistake of the user's."""
    again = "Give an existing folder, or a repository id such as google/gemma-4-E2B-it."
    try:
        path = Path(name).expanduser()
        path.stat()
    except OSError as error:
        if not is_absence(error):
            what = f"{shown_path(path)} cannot be read: {brief(error)}."
            return LoadError(what, remedy_of(error))
        if path.is_absolute():
            return ModelNotFound(
                f"{shown_path(path)} is not there: it was moved or removed, or its disk is not "
                "connected.",
                "Bring it back, or choose another model.",
            )
    except (ValueError, RuntimeError):  # a name that no file can have, or of an unknown user's home
        pass
    else:
        if name:
            what = f"{shown_path(path)} is a file and no folder."
            return ModelNotFound(what, "Choose the folder it lies in.")
    return ModelNotFound(f"There is no folder {brief(repr(name))} here.", again)


def _demo(part: str) -> Path:
    folder = DEMO_FOLDER / part
    if not folder.is_dir():
        raise ModelNotFound(
            "The built-in pair is missing from this installation.",
            "Install the program again, or name a model with --target.",
        )
    return folder


def _config(folder: Path) -> Mapping[str, object]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # loading reports the damage
    return config if isinstance(config, Mapping) else {}


def _fetched(repository: str, show: Show) -> Path:
    """Fetch what an engine reads of a repository."""
    wanted = [Wanted(repository=repository)]
    try:
        (fetched,) = watched(lambda progress: fetch(wanted, progress, PATIENCE), show)
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
    return fetched.folder
