"""A formula as a tree of frozen values: what was meant, not yet where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.render.maths.symbols import Kind

Size = Literal["display", "text", "script"]


@dataclass(frozen=True, slots=True)
class Atom:
    """One character, in the alphabet in which it is shown."""

    char: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Words:
    """Upright running text; `limits`: a name like lim, which carries them above and below."""

    text: str
    kind: Kind
    limits: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Scripts:
    """`limits`: above and below also outside display style, None: as the base has it."""

    base: Node
    below: Node | None
    above: Node | None
    limits: bool | None = None


@dataclass(frozen=True, slots=True)
class Fraction:
    top: Node
    bottom: Node
    bar: bool = True
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Root:
    body: Node
    degree: Node | None


@dataclass(frozen=True, slots=True)
class Accent:
    mark: str
    body: Node
    wide: bool


@dataclass(frozen=True, slots=True)
class Line:
    body: Node
    over: bool


@dataclass(frozen=True, slots=True)
class Brace:
    mark: str
    body: Node
    over: bool


@dataclass(frozen=True, slots=True)
class Delimiter:
    """`height` in em, or None for one that is as high as what its fence holds; "" is none."""

    char: str
    kind: Kind
    height: float | None = None


@dataclass(frozen=True, slots=True)
class Fence:
    """Items between two delimiters; delimiters without height among them stand in the middle."""

    left: str
    items: tuple[Node, ...]
    right: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells. `columns`: l, c or r each and | for a line; the last one is repeated."""

    rows: tuple[tuple[Node, ...], ...]
    columns: str
    gaps: tuple[float, ...]  # em after each column, repeated
    size: Size
    leading: float = 0.0  # em added between the rows
    lines: frozenset[int] = frozenset()  # above which rows a line runs


@dataclass(frozen=True, slots=True)
class Arrow:
    """As long as what stands above and below it."""

    char: str
    above: Node
    below: Node | None


@dataclass(frozen=True, slots=True)
class Space:
    em: float


@dataclass(frozen=True, slots=True)
class Switch:
    """The rest of the row is set in this size."""

    size: Size


@dataclass(frozen=True, slots=True)
class Framed:
    body: Node


@dataclass(frozen=True, slots=True)
class Phantom:
    """Takes its room and shows nothing."""

    body: Node


@dataclass(frozen=True, slots=True)
class As:
    """A node in another part."""

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
