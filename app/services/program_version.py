"""Which program this is: its version and the commit of the checkout it runs from."""

from __future__ import annotations

import subprocess

from app import strings
from mtp_mlx import __version__
from mtp_mlx.paths import checkout

_SECONDS = 5.0
_SHOWN = 12  # characters of a commit


def version_text() -> str:
    """Return a sentence with the version and the commit; an installed copy has no commit."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return strings.ABOUT_VERSION_ONLY.format(version=__version__)
    words = strings.ABOUT_VERSION.format(version=__version__, commit=commit[:_SHOWN])
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return f"{words}, {strings.ABOUT_CHANGED}" if changed else words


def _git(*arguments: str) -> str:
    """Return what git says of the checkout; "" without one, without git, or where it fails."""
    root = checkout()
    if root is None:
        return ""
    try:
        said = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            timeout=_SECONDS,
            check=True,
            text=True,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return said.stdout.strip()
