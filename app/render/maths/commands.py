"""What each command with arguments makes of them."""

from __future__ import annotations

from functools import partial
from unicodedata import normalize

from app.render.maths.alphabets import COMMANDS as ALPHABET_COMMANDS
from app.render.maths.alphabets import TEXT_COMMANDS, in_alphabet
from app.render.maths.delimiters import DELIMITER_COMMANDS
from app.render.maths.environments import ENVIRONMENT_COMMANDS, whole
from app.render.maths.reader import CannotReadError, Command, Reader
from app.render.maths.symbols import ACCENTS, LIMIT_WORDS, WIDE_ACCENTS, WORDS, Kind
from app.render.maths.tree import (
    Accent,
    Arrow,
    As,
    Atom,
    Brace,
    Fence,
    Fraction,
    Framed,
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


def read(latex: str) -> Node:
    """Raises CannotReadError, and nothing else, whatever the text."""
    return whole(Reader(latex, _COMMANDS))


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
    """A relation in braces is still one to what is set above it."""
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
    """What is for the printed page: labels and colours."""
    reader.text()
    return Row(())


def _coloured(reader: Reader) -> Node:
    reader.text()
    return reader.argument()


_LONG_WORDS = {"limsup": "lim sup", "liminf": "lim inf", "argmax": "arg max", "argmin": "arg min"}
_COMMANDS: dict[str, Command] = {
    **DELIMITER_COMMANDS,
    **ENVIRONMENT_COMMANDS,
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
    **{name: partial(_text, alphabet) for name, alphabet in TEXT_COMMANDS.items()},
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
