"""`scripts/bundle`: assemble `MTP MLX.app`, check one, or start the same layout on Linux."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bundling import assembly, checks, relocatable
from bundling.layout import Layout, on_macos
from bundling.wheels import NoWheelError

OUT = assembly.ROOT / "build" / "bundle"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked and return the exit code: 0, also where a check had to be skipped."""
    options = _parser().parse_args(arguments)
    try:
        if options.linux is not None:
            return _linux(options.linux)
        if options.check is None:
            return _build(options)
        return _check(options)
    except NoWheelError as error:
        if options.check is None:
            print(f"scripts/bundle: {error}.", file=sys.stderr)
            return 1
        print(f"Skipped: {error}.")
        return 0
    except relocatable.NoPythonError as error:
        print(f"scripts/bundle: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bundle", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="the folder for the bundle")
    python = parser.add_mutually_exclusive_group()
    python.add_argument(
        "--python",
        type=Path,
        metavar="ARCHIVE",
        help="a relocatable Python, instead of the one that scripts/bundling/python.toml names",
    )
    python.add_argument(
        "--stand-in", action="store_true", help="no Python at all: for checks of everything else"
    )
    parser.add_argument(
        "--check",
        nargs="?",
        type=Path,
        const=Path(),
        metavar="APP",
        help="check a bundle; without APP, one with a stand-in for Python is made and checked",
    )
    parser.add_argument(
        "--linux",
        type=Path,
        metavar="DIR",
        help="assemble the layout for this Linux in DIR, and start it in every way",
    )
    parser.add_argument(
        "--write-contents",
        action="store_true",
        help="with --check: write the packages and programs to scripts/bundling/contents.txt",
    )
    return parser


def _build(options: argparse.Namespace) -> int:
    assembled = assembly.for_macos(options.out, _python(options))
    return _tell(assembled, checks.faults(assembled.layout, python=not options.stand_in))


def _python(options: argparse.Namespace) -> assembly.LayPython:
    if options.stand_in:
        return relocatable.lay_stand_in
    if options.python is not None:
        lay = relocatable.lay_folder if options.python.is_dir() else relocatable.lay_archive
        return partial(lay, options.python)
    archive = relocatable.archive(relocatable.pinned(), assembly.TOOLS / "python")
    return partial(relocatable.lay_archive, archive)


def _check(options: argparse.Namespace) -> int:
    if options.check != Path():
        layout = Layout(options.check)
        if not layout.packages.is_dir():
            print(f"scripts/bundle: {layout.root} is no bundle.", file=sys.stderr)
            return 1
        whole = layout.interpreter.is_file() and bool(layout.interpreter.stat().st_size)
        return _tell(assembly.Assembled(layout, ()), checks.faults(layout, python=whole))
    with tempfile.TemporaryDirectory() as folder:
        assembled = assembly.for_macos(Path(folder), relocatable.lay_stand_in)
        if options.write_contents:
            lines = checks.contents(assembled.layout)
            checks.CONTENTS.write_text("\n".join(lines) + "\n")
        return _tell(assembled, checks.faults(assembled.layout, python=False))


def _linux(folder: Path) -> int:
    if on_macos():
        print("scripts/bundle: --linux is for Linux.", file=sys.stderr)
        return 1
    from bundling import starts

    return starts.run(folder)


def _tell(assembled: assembly.Assembled, faults: Sequence[str]) -> int:
    layout = assembled.layout
    for line in (*assembled.skipped, *faults):
        print(line)
    size, count = checks.size(layout.root) / 1e6, len(assembly.machos(layout))
    print(f"{layout.root}: {size:.0f} MB, {count} programs and libraries, {len(faults)} faults.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
