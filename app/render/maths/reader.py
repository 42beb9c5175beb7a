"""LaTeX to a tree, by recursive descent after the TeXbook, chapters 24 to 26."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from app.render.maths.alphabets import in_alphabet
from app.render.maths.symbols import COMMANDS, SIGNS, SPACES, Kind
from app.render.maths.tree import Atom, Fence, Fraction, Node, Row, Scripts, Space

LONGEST = 2_000
"""Characters of a formula. More is no formula that anyone reads, but a model in a loop."""
DEEPEST = 40
"""Groups, arguments and scripts inside each other; the interpreter's stack holds far more."""

_PIECE = re.compile(r"\\(?:[A-Za-z]+\*?|.)|\s+|.", re.DOTALL)
_CHARACTERS = {char: (char, kind) for char, kind in reversed(COMMANDS.values())} | SIGNS
_INFIX = ("\\over", "\\choose")
_TEXT_ESCAPES = {",": "\N{THIN SPACE}", "\\": " ", **{sign: sign for sign in " {}$%#&_-"}}

Command = Callable[["Reader"], Node]


class CannotReadError(ValueError):
    """This is no LaTeX, or more of it than is known here: show the source."""


class Reader:
    """Goes through the pieces once. Every method raises CannotReadError."""

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
        """The next piece that is no space; empty at the end."""
        while self._next < len(self._pieces) and self._pieces[self._next].isspace():
            self._next += 1
        return self._pieces[self._next] if self._next < len(self._pieces) else ""

    def take(self) -> str:
        piece = self.peek()
        if not piece:
            raise CannotReadError("ends too early")
        self._next += 1
        return piece

    def skip(self, piece: str) -> bool:
        if self.peek() != piece:
            return False
        self._next += 1
        return True

    def expect(self, piece: str) -> None:
        if self.take() != piece:
            raise CannotReadError(f"{piece} is missing")

    # Parts of a formula

    def row(self, stops: Collection[str] = ()) -> Row:
        """Up to a piece among `stops`, which is left, or to the end."""
        items = list[Node]()
        while (piece := self.peek()) and piece not in stops:
            if piece in _INFIX:
                bar = self.take() == "\\over"
                halves = Fraction(Row(tuple(items)), self.row(stops), bar=bar)
                return Row((halves if bar else Fence("(", (halves,), ")"),))
            items.append(self._scripted())
        return Row(tuple(items))

    def argument(self) -> Node:
        r"""A group, or one piece with what belongs to it: `\frac12` has two."""
        with self.deeper():
            return self._nucleus()

    def optional(self) -> Node | None:
        if not self.skip("["):
            return None
        with self.deeper():
            row = self.row(["]"])
        self.expect("]")
        return row

    def group(self, alphabet: str) -> Node:
        """An argument whose letters are of another alphabet."""
        before, self._alphabet = self._alphabet, alphabet
        try:
            return self.argument()
        finally:
            self._alphabet = before

    def text(self) -> str:
        """A group in braces in which spaces count and nothing else is set."""
        self.expect("{")
        return "".join(self._text())

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
            raise CannotReadError(f"{piece} stands where it cannot")
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
        self._depth += 1
        if self._depth > DEEPEST:
            raise CannotReadError("too deep")
        yield
        self._depth -= 1


def _joined(nodes: list[Node]) -> Node | None:
    """`x'^2` has two of them above."""
    return nodes[0] if len(nodes) == 1 else Row(tuple(nodes)) if nodes else None
