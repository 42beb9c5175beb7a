r"""`\begin … \end`: matrices, cases and aligned equations, all of them grids of cells."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.render.maths.reader import CannotReadError, Command, Reader
from app.render.maths.symbols import Kind
from app.render.maths.tree import Fence, Grid, Node, Row, Size, Space, Words

JOT = 0.3  # em between equations, as TeX's \jot
_BREAKS = ("\\\\", "\\cr")
_SPECIFICATION = "lcr|"


@dataclass(frozen=True, slots=True)
class _Look:
    columns: str = "c"
    gaps: tuple[float, ...] = (1.0,)
    size: Size = "text"
    leading: float = 0.0
    left: str | None = None
    right: str | None = None


_PAIRS = _Look("rl", (0.0, 2.0), "display", JOT)
_ALONE = _Look("c", (1.0,), "display", JOT)
_LOOKS = {
    "matrix": _Look(),
    "pmatrix": _Look(left="(", right=")"),
    "bmatrix": _Look(left="[", right="]"),
    "Bmatrix": _Look(left="{", right="}"),
    "vmatrix": _Look(left="|", right="|"),
    "Vmatrix": _Look(left="\N{DOUBLE VERTICAL LINE}", right="\N{DOUBLE VERTICAL LINE}"),
    "smallmatrix": _Look(gaps=(0.4,), size="script"),
    "subarray": _Look(size="script"),
    "array": _Look(),
    "cases": _Look("ll", (1.0,), left="{", right=""),
    "dcases": _Look("ll", (1.0,), "display", left="{", right=""),
    "rcases": _Look("ll", (1.0,), left="", right="}"),
    "eqnarray": _Look("rcl", (0.3,), "display", JOT),
    **dict.fromkeys(("aligned", "align", "alignedat", "alignat", "split", "flalign"), _PAIRS),
    **dict.fromkeys(("gathered", "gather", "equation", "multline", "displaymath", "math"), _ALONE),
}
_WITH_NUMBER = ("alignedat", "alignat")
_WITH_COLUMNS = ("array", "subarray")


def whole(reader: Reader) -> Node:
    """The formula itself, which may have rows without saying so."""
    grid = _grid(reader, _PAIRS, ())
    (first, *more) = grid.rows or ((Row(()),),)
    return first[0] if not more and len(first) == 1 else grid


def _environment(reader: Reader) -> Node:
    name = reader.text().removesuffix("*")
    if name not in _LOOKS:
        raise CannotReadError(f"{name} is no environment known here")
    look = _LOOKS[name]
    reader.optional()
    if name in _WITH_NUMBER:
        reader.text()
    columns = _columns(reader.text()) if name in _WITH_COLUMNS else look.columns
    with reader.deeper():
        grid = _grid(reader, look, ["\\end"], columns)
    reader.expect("\\end")
    if reader.text().removesuffix("*") != name:
        raise CannotReadError(f"{name} does not end")
    if look.left is None or look.right is None:
        return grid
    return Fence(look.left, (grid,), look.right)


def _columns(written: str) -> str:
    columns = "".join(written.split())
    if not columns.strip("|") or columns.strip(_SPECIFICATION):
        raise CannotReadError(f"{written} names no columns")
    return columns


def _grid(reader: Reader, look: _Look, end: Collection[str], columns: str = "") -> Grid:
    rows, lines = [list[Node]()], set[int]()
    stops = ("&", *_BREAKS, *end)
    while True:
        while reader.skip("\\hline"):
            lines.add(len(rows) - 1)
        rows[-1].append(_cell(reader.row(stops), look, len(rows[-1])))
        if reader.skip("&"):
            continue
        if not any(reader.skip(token) for token in _BREAKS):
            break
        reader.optional()
        rows.append([])
    if rows[-1] == [Row(())]:  # after the last \\
        rows.pop()
    return Grid(
        rows=tuple(tuple(row) for row in rows),
        columns=columns or look.columns,
        gaps=look.gaps,
        size=look.size,
        leading=look.leading,
        lines=frozenset(lines),
    )


def _cell(row: Row, look: _Look, column: int) -> Row:
    """`&=` begins a cell, and yet the sign has a term on its left: an empty one."""
    return Row((Row(()), *row.items)) if look is _PAIRS and column % 2 else row


def _substack(reader: Reader) -> Node:
    reader.expect("{")
    with reader.deeper():
        grid = _grid(reader, _LOOKS["subarray"], ["}"])
    reader.expect("}")
    return grid


def _tag(reader: Reader) -> Node:
    return Row((Space(2.0), Words(f"({reader.text()})", Kind.ORDINARY)))


ENVIRONMENT_COMMANDS: dict[str, Command] = {
    "begin": _environment,
    "substack": _substack,
    "tag": _tag,
    "tag*": _tag,
}
