r"""LaTeX as running text: for where no formula can be drawn, and for those who listen.

Not a typesetter: symbols, powers, indices, fractions and roots become characters, and a command
that is not known stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

from app.render.escape import text_html
from app.render.maths.symbols import ALPHABETS, COMMANDS, LIMIT_WORDS, WORDS, words_of

_DEEPEST = 12
_SILENT = words_of(
    """left right middle big Big bigg Bigg displaystyle textstyle limits nolimits nonumber
    notag"""
)
_SPACES = {
    ",": "\N{THIN SPACE}",
    **dict.fromkeys((";", ":", " "), " "),
    "!": "",
    **dict.fromkeys(("quad", "qquad"), "\N{EM SPACE}"),
}
_TAGS = {"^": "sup", "_": "sub"}
_PLAIN = {"~": " ", "&": "", "}": "", "-": "\N{MINUS SIGN}", "*": "\N{ASTERISK OPERATOR}"}
_PIECE = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&~]|[A-Za-z]+|\s+|.", re.DOTALL)


def math_html(latex: str) -> str:
    """Never fails: what cannot be read is shown as it was written."""
    pieces = _PIECE.findall(latex)
    depth = deepest = 0
    for piece in pieces:
        depth += {"{": 1, "}": -1}.get(piece, 0)
        deepest = max(deepest, depth)
    if depth or deepest > _DEEPEST:
        return text_html(latex)
    return "".join(_Reader(pieces).read())


def math_words(latex: str) -> str:
    """The same without HTML: `x^2`."""
    html = math_html(latex)
    for tag, shown in (("<sup>", "^"), ("<sub>", "_"), ("<br>", "; ")):
        html = html.replace(tag, shown)
    return unescape(re.sub("<[^>]*>", "", html))


class _Reader:
    """Recursive descent over the pieces; braces are known to be balanced in number."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._next = 0
        self._depth = 0

    def read(self, end: str = "") -> Iterator[str]:
        while self._next < len(self._pieces):
            piece = self._take()
            if piece == end:
                return
            yield self._show(piece)

    def argument(self) -> str:
        """A group, a command with its own arguments, or one character."""
        self._depth += 1
        shown = self._shown_argument() if self._depth <= _DEEPEST else ""
        self._depth -= 1
        return shown

    def grouped(self) -> str:
        """In parentheses where it is more than one sign."""
        inner = self.argument()
        signs = upright(re.sub(r"<su[bp]>.*?</su[bp]>", "", inner))
        return inner if len(signs) <= 1 or inner.isdigit() else f"({inner})"

    def _take(self) -> str:
        self._next += 1
        return self._pieces[self._next - 1]

    def _show(self, piece: str) -> str:
        if piece in _TAGS:
            return f"<{_TAGS[piece]}>{self.argument()}</{_TAGS[piece]}>"
        if piece == "{":
            return "".join(self.read("}"))
        if piece.startswith("\\") and len(piece) > 1:
            name = piece[1:].removesuffix("*")
            return _COMMANDS[name](self) if name in _COMMANDS else _symbol(name)
        return f"<i>{piece}</i>" if piece.isalpha() else text_html(_PLAIN.get(piece, piece))

    def _shown_argument(self) -> str:
        while self._next < len(self._pieces) and self._pieces[self._next].isspace():
            self._next += 1
        if self._next == len(self._pieces) or self._pieces[self._next] in ("}", *_TAGS):
            return ""
        if self._pieces[self._next].isalpha():  # x^ab is x^a b
            self._pieces[self._next : self._next + 1] = self._pieces[self._next]
        return self._show(self._take())


def upright(html: str) -> str:
    return re.sub("</?i>", "", html)


def _fraction(reader: _Reader) -> str:
    return f"{reader.grouped()}/{reader.grouped()}"


def _root(reader: _Reader) -> str:
    return f"\N{SQUARE ROOT}{reader.grouped()}"


def _word(reader: _Reader) -> str:
    return upright(reader.argument())


def _blackboard(reader: _Reader) -> str:
    letters = ALPHABETS["blackboard"]
    return "".join(letters.get(letter, letter) for letter in _word(reader))


def _environment(reader: _Reader) -> str:
    reader.argument()
    return ""


_COMMANDS: dict[str, Callable[[_Reader], str]] = {
    **dict.fromkeys(("frac", "dfrac", "tfrac"), _fraction),
    **dict.fromkeys(("text", "mathrm", "operatorname", "textbf", "mathbf", "boldsymbol"), _word),
    **dict.fromkeys(("begin", "end"), _environment),
    "sqrt": _root,
    "mathbb": _blackboard,
    "\\": lambda _: "<br>",
}


def _symbol(name: str) -> str:
    if name in _SILENT or name in _SPACES:
        return _SPACES.get(name, "")
    if name in COMMANDS:
        return text_html(COMMANDS[name][0])
    is_word = name in WORDS or name in LIMIT_WORDS or not name.isalpha()
    return text_html(name if is_word else f"\\{name}")
