"""Code to coloured spans. Pygments reads a bounded number of characters; the rest stays plain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

from app.render.style import HtmlStyle, text_html

LIMIT = 8_000
"""Characters of a block that are coloured: about 25 ms of Pygments, too short to be noticed."""

ROLES = {
    "Keyword": "code_keyword",
    "Operator.Word": "code_keyword",
    "Literal.String": "code_string",
    "Comment": "code_comment",
    "Literal.Number": "code_number",
    "Name.Function": "code_name",
    "Name.Class": "code_name",
    "Name.Builtin": "code_name",
    "Name.Decorator": "code_name",
    "Name.Tag": "code_name",
    "Name.Attribute": "code_name",
    "Generic.Heading": "code_name",
    "Generic.Inserted": "success",
    "Generic.Deleted": "error",
}
"""Kind of a token -> the field of `HtmlStyle` with its colour."""

COMMON = ("python", "bash", "json", "javascript", "html", "sql", "cpp", "swift", "rust")
"""Languages whose rules are compiled ahead of the first block of code."""


@lru_cache(64)  # code in an open list is rendered again with every token
def highlight(code: str, language: str | None, style: HtmlStyle, limit: int = LIMIT) -> str:
    """Return `code` as HTML: coloured spans for the lines that fit in `limit` characters.

    The rest is escaped text, and so is all of it where Pygments does not have the language.
    """
    lexer = _lexer(language) if language else None
    end = _line_end(code, limit) if lexer else 0
    return _spans(lexer, code[:end], style) + text_html(code[end:])


def _line_end(code: str, limit: int) -> int:
    """Return the end of the last line that fits: half a string would be coloured as an error."""
    return len(code) if len(code) <= limit else code.rfind("\n", 0, limit) + 1


def warm_up(languages: Iterable[str] = COMMON) -> None:
    """Compile the rules of languages that Pygments has: up to 0.1 s for each, once a process."""
    for language in languages:
        for _ in _tokens(_lexer(language), "x = 1\n"):
            pass


@lru_cache(256)
def _lexer(language: str) -> Any | None:
    from pygments.lexers import find_lexer_class

    name = _aliases().get(language.casefold())
    return None if name is None else find_lexer_class(name)()


@cache
def _aliases() -> dict[str, str]:
    """Return alias -> name of a lexer. Pygments' own search would also read installed plugins."""
    from pygments.lexers import get_all_lexers

    return {alias: name for name, aliases, *_ in get_all_lexers(plugins=False) for alias in aliases}


def _spans(lexer: Any, code: str, style: HtmlStyle) -> str:
    pieces = [(_colour(kind, style), text) for _, kind, text in _tokens(lexer, code)]
    runs = [
        (colour, "".join(text for _, text in run))
        for colour, run in groupby(pieces, key=lambda piece: piece[0])
    ]
    if "".join(text for _, text in runs) != code:  # some lexers drop or double text
        return text_html(code)
    return "".join(_span(colour, text) for colour, text in runs)


def _tokens(lexer: Any, code: str) -> Iterable[tuple[int, Any, str]]:
    """Return (place, kind, text) of each token; `get_tokens` would strip and add newlines."""
    return lexer.get_tokens_unprocessed(code) if code else ()


def _span(colour: str | None, text: str) -> str:
    escaped = text_html(text)
    return f'<span style="color:{colour}">{escaped}</span>' if colour else escaped


def _colour(kind: Any, style: HtmlStyle) -> str | None:
    for name in _ancestry(kind):
        if name in ROLES:
            colour: str = getattr(style, ROLES[name])
            return colour
    return None


@cache
def _ancestry(kind: Any) -> tuple[str, ...]:
    return tuple(_names(kind))


def _names(kind: Any) -> Iterator[str]:
    """Yield "Name.Function.Magic", "Name.Function", "Name" for `Token.Name.Function.Magic`."""
    parts = tuple(kind)
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length])
