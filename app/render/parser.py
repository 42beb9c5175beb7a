"""Markdown into top-level blocks of tokens: CommonMark, tables, strikethrough, task lists.

Raw HTML is text like any other, and nothing is ever fetched. A block knows which reference labels
it asked for, because a definition may follow further down: `[a][1] … [1]: https://…`.
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


BRACKETS = 400
"""More in one paragraph are shown as text: each may begin a link, and each is followed to the end,
so that a model caught in a loop would freeze the window."""

BOXES = {" ": "\N{BALLOT BOX}", "x": "\N{BALLOT BOX WITH CHECK}"}
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_BOX = re.compile(r"\[([ xX])\](?=\s)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """`[label]: href`, as far as it is rendered; `line` counts in the text that was parsed."""

    href: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One top-level block, or a part of it: lines `start` up to `end` of what was parsed."""

    kind: str
    start: int
    end: int
    source: str
    tokens: tuple[Token, ...]
    asked: frozenset[str] = frozenset()  # reference labels looked up, found or not
    continued: Continued | None = None  # of a list or table that began above
    sliced: bool = False  # of a paragraph, all of whose parts have its `start` and `end`
    first: bool = True  # no part, or the first one


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    lines: tuple[str, ...]  # newlines kept, the head of a continued table first
    blocks: tuple[Parsed, ...]
    definitions: dict[str, Definition]  # found in this text, not the ones it was given


class _References(dict[str, Any]):
    """markdown-it's table of definitions, remembering which labels were asked for."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__({label: {"href": href, "title": ""} for label, href in known.items()})
        self.asked: set[str] = set()

    def get(self, label: str, default: Any = None) -> Any:
        self.asked.add(label)
        return super().get(label, default)


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "math", inline_rule)
    interrupts = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("table", "math", block_rule, {"alt": interrupts})
    return markdown


def normal(text: str) -> str:
    r"""Line ends as \n; what is no character (NUL, half a surrogate pair) as U+FFFD."""
    return _NOT_TEXT.sub(
        "\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n")
    )


def parse(text: str, known: Mapping[str, str], continued: Continued | None = None) -> Document:
    """Blocks of a `normal` text.

    `known` maps the labels that are defined above it; it goes on with what is `continued`.
    """
    references = _References(known)
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


def resolve(parsed: Parsed, known: Mapping[str, str]) -> Parsed:
    """The same block once more, now that more labels are known."""
    return replace(parsed, asked=_parse_inlines(parsed.tokens, _References(known)))


def _inline(token: Token, references: _References) -> None:
    children = token.children = []
    if token.content.count("[") > BRACKETS:
        children.append(Token("text", "", 0, content=token.content))
        return
    _markdown().inline.parse(
        token.content, _markdown(), {"references": references, FORMULAS: 0}, children
    )


def _tick_tasks(tokens: Sequence[Token]) -> None:
    """`- [x] done` (GitHub Flavored Markdown, section 5.3): the box becomes a character.

    It stands in for the bullet: the item is marked as a task.
    """
    for item, _, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type != "list_item_open" or inline.type != "inline" or not inline.children:
            continue
        first = inline.children[0]
        if first.type == "text" and (box := _BOX.match(first.content)):
            first.content = BOXES[box[1].lower()] + first.content[box.end() :]
            item.meta["task"] = True


def _lines(text: str) -> tuple[str, ...]:
    """Not str.splitlines, which also breaks at form feeds and the like."""
    *complete, last = text.split("\n")
    return (*(line + "\n" for line in complete), *([last] if last else []))


def _top_level(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
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
        asked=_parse_inlines(part.tokens, references),
        continued=part.continued,
        first=part.continued is None,
    )


def _parse_inlines(tokens: Sequence[Token], references: _References) -> frozenset[str]:
    """Returns the labels that they ask for."""
    references.asked.clear()
    for token in tokens:
        if token.type == "inline":
            _inline(token, references)
    _tick_tasks(tokens)
    mark_quotes(tokens)
    return frozenset(references.asked)


def _slices(group: tuple[Token, ...]) -> Iterator[Parsed]:
    """They ask for no labels: nobody defines one for a text of this length."""
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


@lru_cache(256)  # all but the last one are as they were
def _children(text: str) -> list[Token]:
    token = Token("inline", "", 0, content=text)
    _inline(token, _References({}))
    return token.children or []
