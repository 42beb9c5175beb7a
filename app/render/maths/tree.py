"""The tree that a formula is read into: what its parts mean, not yet where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.render.maths.symbols import Kind

Size = Literal["display", "text", "script"]
"""A style of the TeXbook, chapter 17."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One character, already in the alphabet in which it is drawn."""

    char: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Words:
    """Upright running text. `limits`: in display style, its scripts stand above and below it."""

    text: str
    kind: Kind
    limits: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Nodes side by side on a baseline; braces make one of their own."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Scripts:
    """A base with scripts: above and below it where `limits`, beside it where not.

    None: as the kind of the base and the style decide.
    """

    base: Node
    below: Node | None
    above: Node | None
    limits: bool | None = None


@dataclass(frozen=True, slots=True)
class Fraction:
    """Two nodes on top of each other; a binomial has no bar. `size` None: that around it."""

    top: Node
    bottom: Node
    bar: bool = True
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A root; a square root has no degree."""

    body: Node
    degree: Node | None


@dataclass(frozen=True, slots=True)
class Accent:
    """A combining character over a body; `wide`: it grows with the body."""

    mark: str
    body: Node
    wide: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line over the body, or under it."""

    body: Node
    over: bool


@dataclass(frozen=True, slots=True)
class Brace:
    """A horizontal brace over the body, or under it, as wide as the body."""

    mark: str
    body: Node
    over: bool


@dataclass(frozen=True, slots=True)
class Delimiter:
    """A delimiter by itself: `height` in em, None for that of its fence. "" is not drawn."""

    char: str
    kind: Kind
    height: float | None = None


@dataclass(frozen=True, slots=True)
class Fence:
    """Items between two delimiters as high as they are; "" is a delimiter that is not drawn.

    A `Delimiter` without height among the items is as high as the two.
    """

    left: str
    items: tuple[Node, ...]
    right: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells.

    `columns` has an l, c or r for the alignment of each column and | where a line runs; where
    there are more columns, the letters are repeated from the first.
    """

    rows: tuple[tuple[Node, ...], ...]
    columns: str
    gaps: tuple[float, ...]  # em after each column, repeated from the first
    size: Size
    leading: float = 0.0  # em between the rows
    lines: frozenset[int] = frozenset()  # indices of the rows that have a line above them


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow as long as the nodes above and below it."""

    char: str
    above: Node
    below: Node | None


@dataclass(frozen=True, slots=True)
class Space:
    """White space; it may be negative."""

    em: float


@dataclass(frozen=True, slots=True)
class Switch:
    """Sets the rest of its row in another style."""

    size: Size


@dataclass(frozen=True, slots=True)
class Framed:
    """A body in a frame of four lines."""

    body: Node


@dataclass(frozen=True, slots=True)
class Phantom:
    """White space of the body's size."""

    body: Node


@dataclass(frozen=True, slots=True)
class As:
    """A body spaced as an atom of this kind is."""

    body: Node
    kind: Kind


Node = (
    Atom
    | Words
    | Row
    | Scripts
    | Fraction
    | Root
    | Accent
    | Line
    | Brace
    | Delimiter
    | Fence
    | Grid
    | Arrow
    | Space
    | Switch
    | Framed
    | Phantom
    | As
)
