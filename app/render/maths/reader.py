"""LaTeX to a tree, by recursive descent after the TeXbook, chapters 24 to 26.

`commands` has what each command does with its arguments; the reader has their grammar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from app.render.maths.symbols import COMMANDS, SIGNS, SPACES, Kind, in_alphabet, words_of
from app.render.maths.tree import Atom, Fence, Fraction, Node, Row, Scripts, Space

LONGEST = 2_000
"""The most characters of a formula. A longer one is a model in a loop, which nobody reads."""
DEEPEST = 40
"""The most groups, arguments and scripts inside each other, far below the interpreter's limit."""

_PIECE = re.compile(r"\\(?:[A-Za-z]+\*?|.)|\s+|.", re.DOTALL)
_CHARACTERS = {char: (char, kind) for char, kind in reversed(COMMANDS.values())} | SIGNS
_INFIX = ("\\over", "\\choose")
DELIMITER_SIGNS = {
    **{sign: sign for sign in "()[]|/"},
    ".": "",
    "<": "\N{MATHEMATICAL LEFT ANGLE BRACKET}",
    ">": "\N{MATHEMATICAL RIGHT ANGLE BRACKET}",
}
"""Character that may stand as a delimiter -> the delimiter that is drawn."""
DELIMITER_NAMES = words_of(
    """langle rangle lfloor rfloor lceil rceil lbrace rbrace { } | vert Vert lvert rvert lVert rVert
    lbrack rbrack lparen rparen backslash uparrow downarrow updownarrow Uparrow Downarrow"""
)
"""Commands that may stand as a delimiter."""
_TEXT_ESCAPES = {",": "\N{THIN SPACE}", "\\": " ", **{sign: sign for sign in " {}$%#&_-"}}

Command = Callable[["Reader"], Node]
"""Reads the arguments of a command, whose name has been taken, and returns its node."""


class CannotReadError(ValueError):
    """The text is no LaTeX, or LaTeX that is not implemented: its source is to be shown."""


class Reader:
    """A place in the pieces of a formula: commands, spaces and single characters.

    Each method but `peek` and `skip` takes what it returns, and raises CannotReadError where
    something else stands there.
    """

    def __init__(self, latex: str, commands: Mapping[str, Command]) -> None:
        if len(latex) > LONGEST:
            raise CannotReadError("too long")
        self._pieces: list[str] = _PIECE.findall(latex)
        self._next = 0
        self._depth = 0
        self._commands = commands
        self._alphabet = "italic"

    # Tokens

    def peek(self) -> str:
        """Return the next piece that is no space, without taking it; "" at the end."""
        while self._next < len(self._pieces) and self._pieces[self._next].isspace():
            self._next += 1
        return self._pieces[self._next] if self._next < len(self._pieces) else ""

    def take(self) -> str:
        """Return the next piece that is no space."""
        piece = self.peek()
        if not piece:
            raise CannotReadError("ends too early")
        self._next += 1
        return piece

    def skip(self, piece: str) -> bool:
        """Take `piece` where it stands next; return whether it did."""
        if self.peek() != piece:
            return False
        self._next += 1
        return True

    def expect(self, piece: str) -> None:
        """Take `piece`."""
        if self.take() != piece:
            raise CannotReadError(f"{piece} is missing")

    # Parts of a formula

    def row(self, stops: Collection[str] = ()) -> Row:
        r"""Return all up to a piece among `stops`, which is not taken, or up to the end.

        It holds one `\over` at most, as in TeX: two could be read in two ways.
        """
        first = self._half(stops)
        if self.peek() not in _INFIX:
            return first
        bar = self.take() == "\\over"
        halves = Fraction(first, self._half(stops), bar=bar)
        if self.peek() in _INFIX:
            raise CannotReadError("ambiguous")
        return Row((halves if bar else Fence("(", (halves,), ")"),))

    def _half(self, stops: Collection[str]) -> Row:
        items = list[Node]()
        while (piece := self.peek()) and piece not in stops and piece not in _INFIX:
            items.append(self._scripted())
        return Row(tuple(items))

    def argument(self) -> Node:
        r"""Return a group in braces, or one piece with its own arguments: `\frac12` has two."""
        with self.deeper():
            return self._nucleus()

    def optional(self) -> Node | None:
        """Return an argument in brackets, or None where there is none."""
        if not self.skip("["):
            return None
        with self.deeper():
            row = self.row(["]"])
        self.expect("]")
        return row

    def group(self, alphabet: str) -> Node:
        """Return an argument with its letters in `alphabet`."""
        before, self._alphabet = self._alphabet, alphabet
        try:
            return self.argument()
        finally:
            self._alphabet = before

    def text(self) -> str:
        """Return a group in braces as running text: spaces stay, and only escapes are commands."""
        self.expect("{")
        return "".join(self._text())

    def delimiter(self) -> str:
        """Return a delimiter; "" for `.`, which is not drawn."""
        token = self.take()
        if token in DELIMITER_SIGNS:
            return DELIMITER_SIGNS[token]
        if token[:1] == "\\" and token[1:] in DELIMITER_NAMES:
            return COMMANDS[token[1:]][0]
        raise CannotReadError(f"{token} is no delimiter")

    def _text(self) -> Iterator[str]:
        depth = 1
        while self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            depth += {"{": 1, "}": -1}.get(piece, 0)
            if not depth:
                return
            if piece.startswith("\\"):
                if piece[1:] not in _TEXT_ESCAPES:
                    raise CannotReadError(f"{piece} is not known in text")
                yield _TEXT_ESCAPES[piece[1:]]
            elif piece not in "{}$":
                yield " " if piece.isspace() or piece == "~" else piece
        raise CannotReadError("} is missing")

    def _scripted(self) -> Node:
        with self.deeper():
            base = Row(()) if self.peek() in ("^", "_") else self._nucleus()
            above, below, limits = list[Node](), list[Node](), None
            while piece := self.peek():
                if piece == "'":
                    self.take()
                    above.append(self._sign("'"))
                elif piece in ("\\limits", "\\nolimits"):
                    limits = self.take() == "\\limits"
                elif piece in ("^", "_"):
                    self.take()
                    (above if piece == "^" else below).append(self.argument())
                else:
                    break
        if not above and not below:
            return base
        return Scripts(base, _joined(below), _joined(above), limits)

    def _nucleus(self) -> Node:
        piece = self.take()
        if piece == "{":
            row = self.row(["}"])
            self.expect("}")
            return row
        if piece in ("}", "&", "^", "_", "\\"):
            raise CannotReadError(f"{piece} cannot stand here")
        return self._command(piece[1:]) if piece.startswith("\\") else self._sign(piece)

    def _command(self, name: str) -> Node:
        if name in self._commands:
            return self._commands[name](self)
        if name in COMMANDS:
            char, kind = COMMANDS[name]
            return Atom(in_alphabet(char, self._alphabet), kind)
        if name in SPACES:
            return Space(SPACES[name])
        raise CannotReadError(f"\\{name} is not known")

    def _sign(self, sign: str) -> Node:
        if sign == "~":
            return Space(SPACES["~"])
        char, kind = _CHARACTERS.get(sign, (sign, Kind.ORDINARY))
        return Atom(in_alphabet(char, self._alphabet), kind)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count one more level of nesting inside the `with` block."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise CannotReadError("too deep")
        yield
        self._depth -= 1


def _joined(nodes: list[Node]) -> Node | None:
    """Return the scripts as one node: `x'^2` has two superscripts."""
    return nodes[0] if len(nodes) == 1 else Row(tuple(nodes)) if nodes else None
