"""Turn a model's name into a folder: it names a folder, the built-in pair, or a repository.

A repository that is complete in the local cache is used without a request. Any other is fetched,
but only the files that an engine reads: safetensors, and the text files beside them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from mtp_mlx.api import DEMO_PAIR
from mtp_mlx.errors import LoadError, ModelNotFound
from mtp_mlx.families import drafter_for
from mtp_mlx.hub.cache import is_complete
from mtp_mlx.paths import resources

DEMO_FOLDER = resources() / "demo_pair"
FILES = ["*.safetensors", "*.json", "*.jinja", "*.model"]
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def resolve(name: str) -> Path:
    """Return the folder of a model. Raises ModelNotFound, or LoadError for a failed download."""
    if name == DEMO_PAIR:
        return _demo("target")
    folder = _folder(name)
    if folder is not None:
        return folder
    if REPOSITORY.fullmatch(name) is None or name.startswith("."):
        raise ModelNotFound(
            f"There is no folder {name!r} here.",
            "Give an existing folder, or a repository id such as google/gemma-4-E2B-it.",
        )
    return _cached(name) or _fetched(name)


def resolve_drafter(drafter: str | None, target: str, target_folder: Path) -> Path | None:
    """Return the folder of the drafter that is named, else of the target's own.

    None where no drafter is known for the target. Raises ModelNotFound or LoadError.
    """
    if DEMO_PAIR in (drafter, target if drafter is None else None):
        return _demo("drafter")
    if drafter is not None:
        return resolve(drafter)
    if target_folder.resolve() == DEMO_FOLDER / "target":
        return _demo("drafter")
    repository = drafter_for(target) or drafter_for(_config(target_folder))
    return None if repository is None else resolve(repository)


def _folder(name: str) -> Path | None:
    try:
        folder = Path(name).expanduser()
        return folder if name and folder.is_dir() else None
    except (OSError, RuntimeError):  # the name is too long, or of an unknown user's home
        return None


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


def _cached(repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, local_files_only=True, allow_patterns=FILES))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError):
        return None
    return folder if is_complete(folder) else None


def _fetched(repository: str) -> Path:
    from huggingface_hub import errors, snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        return Path(snapshot_download(repository, allow_patterns=FILES))
    except errors.GatedRepoError as error:
        raise LoadError(
            f"{repository} asks its readers to accept terms first.",
            "Accept them on the model's page, then sign in with `hf auth login`.",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelNotFound(
            f"There is no public repository {repository}.", "Check the spelling of its id."
        ) from error
    except (errors.LocalEntryNotFoundError, OSError, ValueError, RuntimeError) as error:
        raise LoadError(
            f"{repository} is not on this machine and could not be fetched: {_brief(error)}.",
            "Check the network and free disk space, or name a local folder.",
        ) from error


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".:")[:160]
