r"""What may stand after `\left`, `\right`, `\middle` and `\big`."""

from __future__ import annotations

from functools import partial

from app.render.maths.reader import CannotReadError, Command, Reader
from app.render.maths.symbols import COMMANDS, Kind, words_of
from app.render.maths.tree import Delimiter, Fence, Node

SIGNS = {
    **{sign: sign for sign in "()[]|/"},
    ".": "",
    "<": "\N{MATHEMATICAL LEFT ANGLE BRACKET}",
    ">": "\N{MATHEMATICAL RIGHT ANGLE BRACKET}",
}
NAMES = words_of(
    """langle rangle lfloor rfloor lceil rceil lbrace rbrace { } | vert Vert lvert rvert lVert rVert
    lbrack rbrack lparen rparen backslash uparrow downarrow updownarrow Uparrow Downarrow"""
)
_HEIGHTS = {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}  # em, as plain TeX has them
_SIDES = {"": Kind.ORDINARY, "l": Kind.OPENING, "r": Kind.CLOSING, "m": Kind.RELATION}


def delimiter(reader: Reader) -> str:
    """Empty for the one that is not shown. Raises CannotReadError."""
    token = reader.take()
    if token in SIGNS:
        return SIGNS[token]
    if token[:1] == "\\" and token[1:] in NAMES:
        return COMMANDS[token[1:]][0]
    raise CannotReadError(f"{token} is no delimiter")


def _fence(reader: Reader) -> Node:
    left = delimiter(reader)
    with reader.deeper():
        items = reader.row(["\\right"]).items
    reader.expect("\\right")
    return Fence(left, items, delimiter(reader))


def _middle(reader: Reader) -> Node:
    return Delimiter(delimiter(reader), Kind.RELATION)


def _sized(height: float, kind: Kind, reader: Reader) -> Node:
    return Delimiter(delimiter(reader), kind, height)


DELIMITER_COMMANDS: dict[str, Command] = {
    "left": _fence,
    "middle": _middle,
    **{
        name + side: partial(_sized, height, kind)
        for name, height in _HEIGHTS.items()
        for side, kind in _SIDES.items()
    },
}
