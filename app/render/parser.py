"""Markdown into top-level blocks of tokens: CommonMark, tables, strikethrough, task lists.

Raw HTML is text, and nothing is ever fetched. A block keeps the reference labels that it uses,
because their definitions may follow further down: `[a][1] … [1]: https://…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.render.direction import mark_quotes
from app.render.math_rules import FORMULAS, block_rule, inline_rule
from app.render.parts import LISTS, Continued, Part, is_long, list_parts, slices, table_parts

KINDS = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "blockquote_open": "quote",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "hr": "rule",
    "math_block": "math",
}
"""Type of a block's first token -> its kind."""

BRACKETS = 400
"""A paragraph with more of them is shown as text. Each may begin a link and is followed to the end
of the paragraph, so that a model in a loop would freeze the window."""

BOXES = {" ": "\N{BALLOT BOX}", "x": "\N{BALLOT BOX WITH CHECK}"}
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_BOX = re.compile(r"\[([ xX])\](?=\s)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """`[label]: href`, at `line` of the text that was parsed, from 0."""

    href: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One top-level block, or a part of a long one: lines `start` up to `end` of the text."""

    kind: str
    start: int
    end: int
    source: str
    tokens: tuple[Token, ...]
    labels: frozenset[str] = frozenset()  # reference labels that it uses, defined or not
    continued: Continued | None = None  # not None for a part of a list or table after the first
    sliced: bool = False  # a part of a paragraph; all parts have its `start` and `end`
    first: bool = True  # a whole block, or the first part of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text that was parsed."""

    lines: tuple[str, ...]  # newlines kept, the head of a continued table first
    blocks: tuple[Parsed, ...]
    definitions: dict[str, Definition]  # by label; those of this text only


class _References(dict[str, Any]):
    """markdown-it's table of definitions, which keeps the labels that were looked up."""

    def __init__(self, hrefs: Mapping[str, str]) -> None:
        super().__init__({label: {"href": href, "title": ""} for label, href in hrefs.items()})
        self.used: set[str] = set()

    def get(self, label: str, default: Any = None) -> Any:
        self.used.add(label)
        return super().get(label, default)


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "math", inline_rule)
    interrupts = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("table", "math", block_rule, {"alt": interrupts})
    return markdown


def normal(text: str) -> str:
    r"""Return text with \n as its line ends and U+FFFD for NUL and for half a surrogate pair."""
    return _NOT_TEXT.sub(
        "\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n")
    )


def parse(text: str, hrefs: Mapping[str, str], continued: Continued | None = None) -> Document:
    """Return the blocks of a text that is `normal`. Raises nothing.

    `hrefs` maps the labels that are defined above the text to their addresses; `continued` is the
    list or table that the text goes on with.
    """
    references = _References(hrefs)
    env = {"references": references}
    text = continued.head + text if continued else text
    # A last line of spaces without its newline ends a fence early in markdown-it-py 4.3.
    complete = text if text.endswith("\n") else text + "\n"
    tokens = _markdown().block.parse(complete, _markdown(), env, []) or []
    lines = _lines(text)
    return Document(
        lines=lines,
        blocks=tuple(_blocks(tokens, lines, references, continued)),
        definitions={
            label: Definition(href=entry["href"], line=entry["map"][0])
            for label, entry in references.items()
            if "map" in entry
        },
    )


def resolve(parsed: Parsed, hrefs: Mapping[str, str]) -> Parsed:
    """Return the block with its links resolved by `hrefs`; its tokens are changed in place."""
    return replace(parsed, labels=_parse_inlines(parsed.tokens, _References(hrefs)))


def _inline(token: Token, references: _References) -> None:
    children = token.children = []
    if token.content.count("[") > BRACKETS:
        children.append(Token("text", "", 0, content=token.content))
        return
    _markdown().inline.parse(
        token.content, _markdown(), {"references": references, FORMULAS: 0}, children
    )


def _tick_tasks(tokens: Sequence[Token]) -> None:
    """Make a character of each box in `- [x] done` (GitHub Flavored Markdown, section 5.3).

    The item is marked as a task, because its box takes the place of the bullet.
    """
    for item, _, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type != "list_item_open" or inline.type != "inline" or not inline.children:
            continue
        first = inline.children[0]
        if first.type == "text" and (box := _BOX.match(first.content)):
            first.content = BOXES[box[1].lower()] + first.content[box.end() :]
            item.meta["task"] = True


def _lines(text: str) -> tuple[str, ...]:
    """Return the lines with their newlines; str.splitlines would also break at form feeds."""
    *complete, last = text.split("\n")
    return (*(line + "\n" for line in complete), *([last] if last else []))


def _top_level(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """Yield the tokens of each top-level block."""
    start = 0
    for end, token in enumerate(tokens, 1):
        if token.level == 0 and token.nesting <= 0:
            yield tuple(tokens[start:end])
            start = end


def _blocks(
    tokens: Sequence[Token],
    lines: Sequence[str],
    references: _References,
    continued: Continued | None,
) -> Iterator[Parsed]:
    for group in _top_level(tokens):
        first = group[0]
        if first.type in LISTS:
            for part in list_parts(group, lines, continued):
                yield _block(part, lines, references)
        elif first.type == "table_open":
            for part in table_parts(group, lines, continued):
                yield _block(part, lines, references)
        elif first.type == "paragraph_open" and is_long(group[1].content):
            yield from _slices(group)
        else:
            start, end = first.map or (0, 0)
            yield _block(Part(group, start, end, None), lines, references)
        continued = None


def _block(part: Part, lines: Sequence[str], references: _References) -> Parsed:
    return Parsed(
        kind=KINDS[part.tokens[0].type],
        start=part.start,
        end=part.end,
        source="".join(lines[part.start : part.end]),
        tokens=part.tokens,
        labels=_parse_inlines(part.tokens, references),
        continued=part.continued,
        first=part.continued is None,
    )


def _parse_inlines(tokens: Sequence[Token], references: _References) -> frozenset[str]:
    """Fill the children of the inline tokens, in place; return the labels that they use."""
    references.used.clear()
    for token in tokens:
        if token.type == "inline":
            _inline(token, references)
    _tick_tasks(tokens)
    mark_quotes(tokens)
    return frozenset(references.used)


def _slices(group: tuple[Token, ...]) -> Iterator[Parsed]:
    """Yield the slices of a long paragraph. Their labels stay text: a late definition of one would
    have all slices parsed again.
    """
    opening, inline, closing = group
    start, end = opening.map or (0, 0)
    for count, text in enumerate(slices(inline.content)):
        piece = inline.copy(content=text, children=_children(text))
        yield Parsed(
            kind="paragraph",
            start=start,
            end=end,
            source=text,
            tokens=(opening, piece, closing),
            sliced=True,
            first=count == 0,
        )


@lru_cache(256)  # all slices but the last are the same with each token
def _children(text: str) -> list[Token]:
    token = Token("inline", "", 0, content=text)
    _inline(token, _References({}))
    return token.children or []
