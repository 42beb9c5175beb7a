"""A tree into a box: which rule sets which node, and in what size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.render.maths import marks
from app.render.maths.box import Box, beside, space
from app.render.maths.fractions import fraction, stack
from app.render.maths.glyphs import character, words
from app.render.maths.grids import grid
from app.render.maths.larger import taller
from app.render.maths.scripts import as_limits, beside_base
from app.render.maths.setting import Setting
from app.render.maths.spacing import Part, row
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


def lay(node: Node, setting: Setting) -> Box:  # noqa: C901, PLR0911, PLR0912  (one case a node)
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
            return marks.root(lay(node.body, setting.under_bar()), degree, setting)
        case Accent():
            body = lay(node.body, setting.under_bar())
            return marks.accent(node.mark, body, setting, wide=node.wide)
        case Line():
            return marks.line(lay(node.body, setting.under_bar()), setting, over=node.over)
        case Brace():
            return marks.brace(node.mark, lay(node.body, setting), setting, over=node.over)
        case Delimiter():
            height = (node.height or 0.0) * setting.scale
            return marks.delimiter(node.char, height, setting)
        case Fence():
            return _fence(node, setting)
        case Grid():
            return _grid(node, setting)
        case Arrow():
            below = _if_any(node.below, setting.below())
            return marks.arrow(node.char, lay(node.above, setting.above()), below, setting)
        case Space():
            return space(node.em * setting.scale)
        case Framed():
            return marks.frame(lay(node.body, setting), setting)
        case Phantom():
            return replace(lay(node.body, setting), parts=())
        case As():
            return lay(node.body, setting)
        case Switch():
            return space(0.0)


def _if_any(node: Node | None, setting: Setting) -> Box | None:
    return None if node is None else lay(node, setting)


def _kind(node: Node) -> Kind | None:
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
    return row(list(_parts(items, setting)), setting)


def _parts(items: Iterable[Node], setting: Setting) -> Iterable[Part]:
    for item in items:
        if isinstance(item, Switch):
            setting = setting.sized(item.size)
        yield _kind(item), lay(item, setting)


def _scripts(node: Scripts, setting: Setting) -> Box:
    base = lay(node.base, setting)
    below = _if_any(node.below, setting.below())
    above = _above(node.above, setting)
    if _has_limits(node, setting):
        return as_limits(base, below, above, setting)
    if isinstance(node.base, Atom) and node.base.kind is Kind.OPERATOR:
        base = replace(base, width=base.width - base.italic)  # an index nestles to an integral
    return beside_base(base, below, above, setting)


def _above(node: Node | None, setting: Setting) -> Box | None:
    """Primes of the font are small and high by themselves."""
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


_LIMIT_ATOMS = {(char, Kind.OPERATOR) for char in WITH_LIMITS}


def _fraction(node: Fraction, setting: Setting) -> Box:
    top, bottom = lay(node.top, setting.top()), lay(node.bottom, setting.bottom())
    return fraction(top, bottom, setting) if node.bar else stack(top, bottom, setting)


def _fence(node: Fence, setting: Setting) -> Box:
    body = _row([item for item in node.items if not _is_middle(item)], setting)
    height = marks.fence_height(body, setting)

    def part(item: Node) -> Part:
        if isinstance(item, Delimiter) and item.height is None:
            return item.kind, marks.delimiter(item.char, height, setting)
        return _kind(item), lay(item, setting)

    return row(
        [
            (Kind.OPENING, marks.delimiter(node.left, height, setting)),
            *map(part, node.items),
            (Kind.CLOSING, marks.delimiter(node.right, height, setting)),
        ],
        setting,
    )


def _is_middle(node: Node) -> bool:
    return isinstance(node, Delimiter) and node.height is None


def _grid(node: Grid, setting: Setting) -> Box:
    inner = setting.sized(node.size)
    cells = [[lay(cell, inner) for cell in cells] for cells in node.rows]
    return grid(cells, node, inner)
