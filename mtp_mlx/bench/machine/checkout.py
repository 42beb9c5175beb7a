"""Which commit this program is, where it runs from a checkout of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    sha: str | None = None
    clean: bool | None = None  # no tracked file differs from it


def commit(ask: Callable[..., str | None], root: Path | None) -> Commit:
    """Return the commit of the checkout at `root`; None, an installed copy, has none."""
    if root is None:
        return Commit()
    git = ("git", "-C", str(root))
    sha = ask(*git, "rev-parse", "HEAD")
    if sha is None or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha):
        return Commit()
    # A word before the list, for no output may also mean that git failed.
    told = ask(*git, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if told is None or not told.startswith("# branch.oid"):
        return Commit(sha=sha)
    return Commit(sha=sha, clean=all(line.startswith("#") for line in told.splitlines()))
