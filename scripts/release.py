"""What a release says of itself; needs no library, so that any Python runs it.

Usage: python3 scripts/release.py notes TAG          prints what CHANGELOG.md says of the version
       python3 scripts/release.py checksums FOLDER   writes FOLDER/SHA256SUMS, for `shasum -c`
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUMS = "SHA256SUMS"


class NotReleasableError(Exception):
    """The tag, the version and the changelog do not agree, or there is nothing to release."""


def notes(tag: str, root: Path = ROOT) -> str:
    """Return the changelog's section for the version of `tag`. Raises NotReleasableError."""
    source = (root / "mtp_mlx" / "__init__.py").read_text("utf-8")
    version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    if version is None or tag != f"v{version[1]}":
        known = version[1] if version else "none"
        raise NotReleasableError(f"The tag is {tag}, and the version in the source is {known}.")
    changes = (root / "CHANGELOG.md").read_text("utf-8")
    pattern = rf"^## \[{re.escape(version[1])}\].*?\n(.*?)(?=^## |^\[|\Z)"
    section = re.search(pattern, changes, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise NotReleasableError(f"CHANGELOG.md has no section for {version[1]}.")
    return section[1].strip()


def checksums(folder: Path) -> str:
    """Return a line for each file of `folder`: SHA-256 and name. Raises NotReleasableError."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != SUMS)
    if not files:
        raise NotReleasableError(f"{folder} has no files.")
    return "".join(f"{digest(file)}  {file.name}\n" for file in files)


def digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> int:
    match sys.argv[1:]:
        case ["notes", tag]:
            print(notes(tag))
        case ["checksums", folder]:
            lines = checksums(Path(folder))
            (Path(folder) / SUMS).write_text(lines, "utf-8")
            print(lines, end="")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NotReleasableError, OSError) as error:
        print(f"scripts/release.py: {error}", file=sys.stderr)
        sys.exit(1)
