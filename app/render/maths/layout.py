"""The tree to a box: which construction sets which node, in which style, with which spaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.render.maths import constructions
from app.render.maths.boxes import Box, beside, character, space, taller, words
from app.render.maths.font import Level, Setting
from app.render.maths.symbols import WITH_LIMITS, Kind
from app.render.maths.tree import (
    Accent,
    Arrow,
    As,
    Atom,
    Brace,
    Delimiter,
    Fence,
    Fraction,
    Framed,
    Grid,
    Line,
    Node,
    Phantom,
    Root,
    Row,
    Scripts,
    Space,
    Switch,
    Words,
)

_PRIME = "\N{PRIME}"
_LIMIT_ATOMS = {(char, Kind.OPERATOR) for char in WITH_LIMITS}

_ORDER = tuple(Kind)
_EIGHTEENTHS = {"1": 3, "t": 3, "m": 4, "k": 5}  # of an em: thin, medium, thick
# The TeXbook, page 170: a row for the left neighbour, a column for the right one, in the order of
# `Kind`. A letter is a space that scripts go without.
_TABLE = {
    Kind.ORDINARY: "01mk000t",
    Kind.OPERATOR: "110k000t",
    Kind.BINARY: "mm00m00m",
    Kind.RELATION: "kk00k00k",
    Kind.OPENING: "00000000",
    Kind.CLOSING: "01mk000t",
    Kind.PUNCTUATION: "tt0ttttt",
    Kind.INNER: "t1mkt0tt",
}
_NO_TERM_BEFORE = (
    None, Kind.BINARY, Kind.OPERATOR, Kind.RELATION, Kind.OPENING, Kind.PUNCTUATION,
)  # fmt: skip
_NO_TERM_AFTER = (None, Kind.RELATION, Kind.CLOSING, Kind.PUNCTUATION)


@dataclass(frozen=True, slots=True)
class _Part:
    """A box of a row. `kind` None: white space and the like, which spacing looks past."""

    kind: Kind | None
    box: Box


def lay(node: Node, setting: Setting) -> Box:  # noqa: C901, PLR0911, PLR0912  (one case a node)
    """Return the box of a tree, in the style and size of `setting`."""
    match node:
        case Atom():
            return _atom(node, setting)
        case Words():
            return words(node.text, setting)
        case Row():
            return _row(node.items, setting)
        case Scripts():
            return _scripts(node, setting)
        case Fraction():
            return _fraction(node, setting.sized(node.size))
        case Root():
            degree = _if_any(node.degree, setting.above().above())
            return constructions.root(lay(node.body, setting.under_bar()), degree, setting)
        case Accent():
            body = lay(node.body, setting.under_bar())
            return constructions.accent(node.mark, body, setting, wide=node.wide)
        case Line():
            return constructions.line(lay(node.body, setting.under_bar()), setting, over=node.over)
        case Brace():
            return constructions.brace(node.mark, lay(node.body, setting), setting, over=node.over)
        case Delimiter():
            height = (node.height or 0.0) * setting.scale
            return constructions.delimiter(node.char, height, setting)
        case Fence():
            return _fence(node, setting)
        case Grid():
            return _grid(node, setting)
        case Arrow():
            below = _if_any(node.below, setting.below())
            return constructions.arrow(node.char, lay(node.above, setting.above()), below, setting)
        case Space():
            return space(node.em * setting.scale)
        case Framed():
            return constructions.frame(lay(node.body, setting), setting)
        case Phantom():
            return replace(lay(node.body, setting), parts=())
        case As():
            return lay(node.body, setting)
        case Switch():
            return space(0.0)


def _if_any(node: Node | None, setting: Setting) -> Box | None:
    return None if node is None else lay(node, setting)


def _kind(node: Node) -> Kind | None:
    """Return what the node is to its neighbours; None: it is no atom, and they look past it."""
    match node:
        case Atom() | Words() | Delimiter() | As():
            return node.kind
        case Scripts():
            return _kind(node.base) or Kind.ORDINARY
        case Fence() | Fraction():
            return Kind.INNER
        case Arrow():
            return Kind.RELATION
        case Space() | Switch():
            return None
        case _:
            return Kind.ORDINARY


def _atom(atom: Atom, setting: Setting) -> Box:
    if atom.kind is not Kind.OPERATOR:
        return character(atom.char, setting)
    least = setting.length("DisplayOperatorMinHeight") if setting.display else 0.0
    box = taller(atom.char, least, setting)
    lifted = box.lifted(setting.axis - (box.height - box.depth) / 2)
    return replace(lifted, single=False)


def _row(items: Sequence[Node], setting: Setting) -> Box:
    return _spaced(list(_parts(items, setting)), setting)


def _parts(items: Iterable[Node], setting: Setting) -> Iterator[_Part]:
    for item in items:
        if isinstance(item, Switch):
            setting = setting.sized(item.size)
        yield _Part(_kind(item), lay(item, setting))


def _scripts(node: Scripts, setting: Setting) -> Box:
    base = lay(node.base, setting)
    below = _if_any(node.below, setting.below())
    above = _above(node.above, setting)
    if _has_limits(node, setting):
        return constructions.as_limits(base, below, above, setting)
    if isinstance(node.base, Atom) and node.base.kind is Kind.OPERATOR:
        base = replace(
            base, width=base.width - base.italic
        )  # a subscript stands under the slant of an integral
    return constructions.beside_base(base, below, above, setting)


def _above(node: Node | None, setting: Setting) -> Box | None:
    """Return the superscript; the font's primes are small and raised by themselves."""
    match node:
        case None:
            return None
        case Atom(char=char) if char == _PRIME:
            return _prime(setting)
        case Row(items=items) if Atom(_PRIME, Kind.ORDINARY) in items:
            return beside(box for item in items if (box := _above(item, setting)) is not None)
        case _:
            return lay(node, setting.above())


def _prime(setting: Setting) -> Box:
    return character(_PRIME, setting).lifted(-setting.length("SuperscriptShiftUp"))


def _has_limits(node: Scripts, setting: Setting) -> bool:
    if node.limits is not None:
        return node.limits
    match node.base:
        case As(body=Brace()):
            return True
        case Atom(char=char, kind=kind):
            return setting.display and (char, kind) in _LIMIT_ATOMS
        case Words(limits=limits):
            return setting.display and limits
        case As(kind=kind):
            return setting.display and kind is Kind.OPERATOR
        case _:
            return False


def _fraction(node: Fraction, setting: Setting) -> Box:
    top, bottom = lay(node.top, setting.top()), lay(node.bottom, setting.bottom())
    build = constructions.fraction if node.bar else constructions.stack
    return build(top, bottom, setting)


def _fence(node: Fence, setting: Setting) -> Box:
    body = _row([item for item in node.items if not _is_middle(item)], setting)
    height = constructions.fence_height(body, setting)

    def part(item: Node) -> _Part:
        if isinstance(item, Delimiter) and item.height is None:
            return _Part(item.kind, constructions.delimiter(item.char, height, setting))
        return _Part(_kind(item), lay(item, setting))

    return _spaced(
        [
            _Part(Kind.OPENING, constructions.delimiter(node.left, height, setting)),
            *map(part, node.items),
            _Part(Kind.CLOSING, constructions.delimiter(node.right, height, setting)),
        ],
        setting,
    )


def _is_middle(node: Node) -> bool:
    r"""Whether it is a delimiter of `\middle`, which is as high as its fence."""
    return isinstance(node, Delimiter) and node.height is None


def _grid(node: Grid, setting: Setting) -> Box:
    inner = setting.sized(node.size)
    cells = [[lay(cell, inner) for cell in cells] for cells in node.rows]
    return constructions.grid(cells, node, inner)


def _spaced(parts: Sequence[_Part], setting: Setting) -> Box:
    """Return the parts side by side with the TeXbook's spaces between them (chapter 18)."""
    return beside(_with_spaces(parts, _settled([part.kind for part in parts]), setting))


def _with_spaces(
    parts: Sequence[_Part], kinds: Sequence[Kind | None], setting: Setting
) -> Iterator[Box]:
    last: Kind | None = None
    for i, (kind, part) in enumerate(zip(kinds, parts, strict=True)):
        if last is not None and kind is not None:
            yield space(_between(last, kind, setting))
        last = kind or last
        box = part.box
        yield box
        if box.italic and box.single and i + 1 < len(parts) and not parts[i + 1].box.italic:
            yield space(box.italic)  # what follows is upright and would be touched


def _between(left: Kind, right: Kind, setting: Setting) -> float:
    """Return the space between two neighbours, in em of the whole formula."""
    width = _TABLE[left][_ORDER.index(right)]
    if width == "0" or (width.isalpha() and setting.level >= Level.SCRIPT):
        return 0.0
    return _EIGHTEENTHS[width] / 18 * setting.scale


def _settled(kinds: Sequence[Kind | None]) -> list[Kind | None]:
    """Return the kinds with each binary sign that lacks a term on one side made ordinary."""
    settled = list(kinds)
    atoms = [i for i, kind in enumerate(kinds) if kind is not None]
    for place, i in enumerate(atoms):
        before = settled[atoms[place - 1]] if place else None
        after = kinds[atoms[place + 1]] if place + 1 < len(atoms) else None
        if settled[i] is Kind.BINARY and (before in _NO_TERM_BEFORE or after in _NO_TERM_AFTER):
            settled[i] = Kind.ORDINARY
    return settled
