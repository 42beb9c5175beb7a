r"""A formula in the HTML: an image that is drawn from its LaTeX, or running text.

The image has our own scheme and a name that holds the LaTeX, so that nothing is loaded. Qt can only
place an image on the baseline or with its middle at half the height of a small x; the name says
which of them it is.

Running text serves where no font is there to draw with, and a screen reader: symbols, powers,
indices, fractions and roots become characters, and a command that is not implemented stays as it
was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal
from urllib.parse import quote, unquote

from app.render.math_rules import CLOSING, DISPLAYED
from app.render.maths.formula import typeset
from app.render.maths.symbols import ALPHABETS, COMMANDS, LIMIT_WORDS, WORDS, words_of
from app.render.style import HtmlStyle, text_html

SCHEME = "math:"
JOINER = "\N{WORD JOINER}"
"""Follows each formula: a comma stays on its line, and a line of formulas has a text's depth."""
HANGS = 0.3
"""The depth in em of a line of text. A deeper formula stands with its middle on the line."""

_DEEPEST = 12
"""The most groups and arguments inside each other; a formula with more is shown as its source."""
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

Place = Literal["baseline", "middle", "block"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A formula that is drawn as an image: what the image's name says."""

    place: Place
    display: bool
    latex: str

    @property
    def source(self) -> str:
        """The LaTeX with its marks, as the clipboard gets it."""
        mark = "$$" if self.display else "$"
        return f"{mark}{self.latex}{mark}"


def formula_html(latex: str, markup: str, style: HtmlStyle, *, block: bool = False) -> str:
    """Return the HTML of a formula: an image, or running text where the style has no font.

    A formula that cannot be read is shown as its source. `markup` is the mark that opened it, and
    `block` says whether it is a paragraph of its own.
    """
    if style.maths is None:
        return math_html(latex)
    display = markup in DISPLAYED
    formula = typeset(latex, style.maths, display=display)
    if formula is None:
        return _source(f"{markup}{latex}{CLOSING[markup]}", style)
    if block:
        return _image("block", display, latex)
    place: Place = "middle" if formula.depth > HANGS else "baseline"
    return _image(place, display, latex) + JOINER


def drawn(name: str) -> Drawn | None:
    """Return what the image `name` draws, or None where it is no formula: then it is not shown."""
    if not name.startswith(SCHEME):
        return None
    place, display, latex = name.removeprefix(SCHEME).split(":", 2)
    return Drawn(_PLACES[place], display == "display", unquote(latex))


_PLACES: dict[str, Place] = {"baseline": "baseline", "middle": "middle", "block": "block"}


def _image(place: Place, display: bool, latex: str) -> str:
    name = f"{SCHEME}{place}:{'display' if display else 'inline'}:{quote(latex, safe='')}"
    look = ' style="vertical-align:middle"' if place == "middle" else ""
    return f'<img src="{escape(name)}"{look}>'


def _source(source: str, style: HtmlStyle) -> str:
    look = f"font-family:{style.code_family}; color:{style.code_text}"
    return f'<code style="{look}">{text_html(source)}</code>'


def math_html(latex: str) -> str:
    """Return LaTeX as running text in HTML; a command that is not implemented stays as it is.

    Raises nothing, whatever the text.
    """
    pieces = _PIECE.findall(latex)
    depth = deepest = 0
    for piece in pieces:
        depth += {"{": 1, "}": -1}.get(piece, 0)
        deepest = max(deepest, depth)
    if depth or deepest > _DEEPEST:
        return text_html(latex)
    return "".join(_Reader(pieces).read())


def math_words(latex: str) -> str:
    """Return LaTeX as running text without HTML, as for a screen reader: `x^2`."""
    html = math_html(latex)
    for tag, shown in (("<sup>", "^"), ("<sub>", "_"), ("<br>", "; ")):
        html = html.replace(tag, shown)
    return unescape(re.sub("<[^>]*>", "", html))


class _Reader:
    """Recursive descent over the pieces, which have as many closing braces as opening ones."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._next = 0
        self._depth = 0

    def read(self, end: str = "") -> Iterator[str]:
        """Yield the HTML of each piece up to `end`, which is taken too."""
        while self._next < len(self._pieces):
            piece = self._take()
            if piece == end:
                return
            yield self._show(piece)

    def argument(self) -> str:
        """Return the HTML of a group, of a command with its arguments, or of one character."""
        self._depth += 1
        shown = self._shown_argument() if self._depth <= _DEEPEST else ""
        self._depth -= 1
        return shown

    def grouped(self) -> str:
        """Return an argument, in parentheses where it is neither one character nor a number."""
        inner = self.argument()
        signs = _upright(re.sub(r"<su[bp]>.*?</su[bp]>", "", inner))
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


def _upright(html: str) -> str:
    return re.sub("</?i>", "", html)


def _fraction(reader: _Reader) -> str:
    return f"{reader.grouped()}/{reader.grouped()}"


def _root(reader: _Reader) -> str:
    return f"\N{SQUARE ROOT}{reader.grouped()}"


def _word(reader: _Reader) -> str:
    return _upright(reader.argument())


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
