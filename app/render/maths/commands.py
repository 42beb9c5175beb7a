r"""What each command with arguments makes of them, environments (`\begin … \end`) included."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from unicodedata import normalize

from app.render.maths.reader import CannotReadError, Command, Reader
from app.render.maths.symbols import (
    ACCENTS,
    ALPHABET_COMMANDS,
    LIMIT_WORDS,
    TEXT_ALPHABETS,
    WIDE_ACCENTS,
    WORDS,
    Kind,
    in_alphabet,
)
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
    Size,
    Space,
    Switch,
    Words,
)

_NOT = "\N{COMBINING LONG SOLIDUS OVERLAY}"
_DELIMITER_HEIGHTS = {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}  # em, as in plain TeX
_DELIMITER_SIDES = {"": Kind.ORDINARY, "l": Kind.OPENING, "r": Kind.CLOSING, "m": Kind.RELATION}
_JOT = 0.3  # em between equations, as TeX's \jot
_BREAKS = ("\\\\", "\\cr")
_SPECIFICATION = "lcr|"


@dataclass(frozen=True, slots=True)
class _Look:
    """How an environment is set: the fields of `Grid`, and the delimiters around it."""

    columns: str = "c"
    gaps: tuple[float, ...] = (1.0,)
    size: Size = "text"
    leading: float = 0.0
    left: str | None = None
    right: str | None = None


_PAIRS = _Look("rl", (0.0, 2.0), "display", _JOT)
_ALONE = _Look("c", (1.0,), "display", _JOT)
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
    "eqnarray": _Look("rcl", (0.3,), "display", _JOT),
    **dict.fromkeys(("aligned", "align", "alignedat", "alignat", "split", "flalign"), _PAIRS),
    **dict.fromkeys(("gathered", "gather", "equation", "multline", "displaymath", "math"), _ALONE),
}
_WITH_NUMBER = ("alignedat", "alignat")
_WITH_COLUMNS = ("array", "subarray")


def read(latex: str) -> Node:
    """Return the tree of a formula, a grid where it has several rows or cells.

    Raises CannotReadError, and nothing else, whatever the text.
    """
    grid = _grid(Reader(latex, _COMMANDS), _PAIRS, ())
    (first, *more) = grid.rows or ((Row(()),),)
    return first[0] if not more and len(first) == 1 else grid


def _fraction(size: Size | None, reader: Reader) -> Node:
    return Fraction(reader.argument(), reader.argument(), size=size)


def _binomial(size: Size | None, reader: Reader) -> Node:
    halves = Fraction(reader.argument(), reader.argument(), bar=False, size=size)
    return Fence("(", (halves,), ")")


def _root(reader: Reader) -> Node:
    degree = reader.optional()
    return Root(reader.argument(), degree)


def _accent(mark: str, wide: bool, reader: Reader) -> Node:
    return Accent(mark, reader.argument(), wide)


def _line(over: bool, reader: Reader) -> Node:
    return Line(reader.argument(), over)


def _brace(mark: str, over: bool, reader: Reader) -> Node:
    return As(Brace(mark, reader.argument(), over), Kind.OPERATOR)


def _arrow(char: str, reader: Reader) -> Node:
    below = reader.optional()
    return Arrow(char, reader.argument(), below)


def _stack(over: bool, reader: Reader) -> Node:
    mark, base = reader.argument(), _alone(reader.argument())
    return Scripts(base, None if over else mark, mark if over else None, limits=True)


def _alone(node: Node) -> Node:
    """Return the only item of a row: braces leave a relation a relation here."""
    return node.items[0] if isinstance(node, Row) and len(node.items) == 1 else node


def _as(kind: Kind, reader: Reader) -> Node:
    return As(reader.argument(), kind)


def _not(reader: Reader) -> Node:
    atom = reader.argument()
    negated = normalize("NFC", atom.char + _NOT) if isinstance(atom, Atom) else ""
    if not isinstance(atom, Atom) or len(negated) != 1:
        raise CannotReadError("\\not of this is not known")
    return Atom(negated, atom.kind)


def _text(alphabet: str, reader: Reader) -> Node:
    return Words(in_alphabet(reader.text(), alphabet), Kind.ORDINARY)


def _alphabet(name: str, reader: Reader) -> Node:
    return reader.group(name)


def _word(text: str, limits: bool, _reader: Reader) -> Node:
    return Words(text, Kind.OPERATOR, limits)


def _operator(limits: bool, reader: Reader) -> Node:
    return Words(reader.text(), Kind.OPERATOR, limits)


def _modulo(reader: Reader) -> Node:
    inner = Row((Words("mod", Kind.OPERATOR), reader.argument()))
    return Row((Space(1.0), Fence("(", (inner,), ")")))


def _switch(size: Size, _reader: Reader) -> Node:
    return Switch(size)


def _nothing(_reader: Reader) -> Node:
    return Row(())


def _swallow(reader: Reader) -> Node:
    """Drop a label or a colour, which are for a printed page."""
    reader.text()
    return Row(())


def _coloured(reader: Reader) -> Node:
    reader.text()
    return reader.argument()


def _fence(reader: Reader) -> Node:
    left = reader.delimiter()
    with reader.deeper():
        items = reader.row(["\\right"]).items
    reader.expect("\\right")
    return Fence(left, items, reader.delimiter())


def _middle(reader: Reader) -> Node:
    return Delimiter(reader.delimiter(), Kind.RELATION)


def _sized(height: float, kind: Kind, reader: Reader) -> Node:
    return Delimiter(reader.delimiter(), kind, height)


def _environment(reader: Reader) -> Node:
    name = reader.text().removesuffix("*")
    if name not in _LOOKS:
        raise CannotReadError(f"the environment {name} is not implemented")
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
    """Return the cell; after `&`, a sign of aligned equations has an empty term on its left."""
    return Row((Row(()), *row.items)) if look is _PAIRS and column % 2 else row


def _substack(reader: Reader) -> Node:
    reader.expect("{")
    with reader.deeper():
        grid = _grid(reader, _LOOKS["subarray"], ["}"])
    reader.expect("}")
    return grid


def _tag(reader: Reader) -> Node:
    return Row((Space(2.0), Words(f"({reader.text()})", Kind.ORDINARY)))


_LONG_WORDS = {"limsup": "lim sup", "liminf": "lim inf", "argmax": "arg max", "argmin": "arg min"}
_COMMANDS: dict[str, Command] = {
    "left": _fence,
    "middle": _middle,
    **{
        name + side: partial(_sized, height, kind)
        for name, height in _DELIMITER_HEIGHTS.items()
        for side, kind in _DELIMITER_SIDES.items()
    },
    "begin": _environment,
    "substack": _substack,
    "tag": _tag,
    "tag*": _tag,
    "frac": partial(_fraction, None),
    "dfrac": partial(_fraction, "display"),
    "cfrac": partial(_fraction, "display"),
    "tfrac": partial(_fraction, "text"),
    "binom": partial(_binomial, None),
    "dbinom": partial(_binomial, "display"),
    "tbinom": partial(_binomial, "text"),
    "sqrt": _root,
    **{name: partial(_accent, mark, name in WIDE_ACCENTS) for name, mark in ACCENTS.items()},
    "overline": partial(_line, True),
    "underline": partial(_line, False),
    "overbrace": partial(_brace, "\N{TOP CURLY BRACKET}", True),
    "underbrace": partial(_brace, "\N{BOTTOM CURLY BRACKET}", False),
    "xrightarrow": partial(_arrow, "\N{RIGHTWARDS ARROW}"),
    "xleftarrow": partial(_arrow, "\N{LEFTWARDS ARROW}"),
    "overset": partial(_stack, True),
    "stackrel": partial(_stack, True),
    "underset": partial(_stack, False),
    **{
        f"math{name}": partial(_as, kind)
        for name, kind in (
            ("ord", Kind.ORDINARY),
            ("op", Kind.OPERATOR),
            ("bin", Kind.BINARY),
            ("rel", Kind.RELATION),
            ("open", Kind.OPENING),
            ("close", Kind.CLOSING),
            ("punct", Kind.PUNCTUATION),
            ("inner", Kind.INNER),
        )
    },
    "not": _not,
    **{name: partial(_text, alphabet) for name, alphabet in TEXT_ALPHABETS.items()},
    **{name: partial(_alphabet, alphabet) for name, alphabet in ALPHABET_COMMANDS.items()},
    **{name: partial(_word, name, False) for name in WORDS},
    **{name: partial(_word, _LONG_WORDS.get(name, name), True) for name in LIMIT_WORDS},
    "operatorname": partial(_operator, False),
    "operatorname*": partial(_operator, True),
    "bmod": lambda _: Words("mod", Kind.BINARY),
    "mod": lambda _: Row((Space(1.0), Words("mod", Kind.OPERATOR))),
    "pmod": _modulo,
    "boxed": lambda reader: Framed(reader.argument()),
    "fbox": lambda reader: Framed(reader.argument()),
    "phantom": lambda reader: Phantom(reader.argument()),
    "displaystyle": partial(_switch, "display"),
    "textstyle": partial(_switch, "text"),
    "scriptstyle": partial(_switch, "script"),
    **dict.fromkeys(("nonumber", "notag", "mathstrut", "strut"), _nothing),
    **dict.fromkeys(("label", "color"), _swallow),
    "textcolor": _coloured,
}
