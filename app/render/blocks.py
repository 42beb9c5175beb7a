"""Markdown that arrives in pieces, rendered block by block.

The invariant: however a text is split into pieces, the blocks of the stream are those of the whole
text. What is final is never parsed again, with one exception: a link definition may follow the
blocks that use it, and then those are rendered once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from markdown_it.token import Token

from app.render.growth import OpenFence, OpenWords, is_closed, is_open, open_words
from app.render.html import language, to_html
from app.render.parser import Document, Parsed, normal, parse, resolve
from app.render.parts import PART, Continued
from app.render.style import HtmlStyle


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block, or a part of a long one. `code` of an open block only grows."""

    key: int  # its place in the text, from 0
    source: str  # Markdown, as written
    kind: str  # paragraph, heading, list, quote, table, code, math or rule
    html: str
    language: str | None  # of a code block that names one
    code: str | None  # of a code block: its text without the last newline
    closed: bool  # final but for link definitions further down
    first: bool  # a whole block, or the first part of a long one


@dataclass(frozen=True, slots=True)
class Update:
    """The blocks from `first_changed` on have changed, and may be fewer than before."""

    first_changed: int


@lru_cache(4)
def render(text: str, style: HtmlStyle) -> tuple[Block, ...]:
    """Return all blocks of a finished text. The last few results are kept for `Transcript`."""
    return render_once(text, style)


def render_once(text: str, style: HtmlStyle) -> tuple[Block, ...]:
    """Return all blocks of a finished text, and keep nothing."""
    document = parse(normal(text), {})
    return tuple(
        _block(key, parsed, style, closed=True) for key, parsed in enumerate(document.blocks)
    )


class BlockStream:
    """The blocks of a text that is still being written: append its pieces, then finish."""

    def __init__(self, style: HtmlStyle) -> None:
        self._style = style
        self._closed: list[Block] = []
        self._open: tuple[Block, ...] = ()
        self._tail = ""  # the text of the open blocks
        self._fence: OpenFence | None = None  # not None where the tail is an open fence
        self._words: OpenWords | None = None  # not None where the tail ends with plain words
        self._hrefs: dict[str, str] = {}  # label -> address, of the definitions that are final
        self._waiting: dict[str, set[int]] = {}  # undefined label -> keys of blocks that use it
        self._unresolved: dict[int, Parsed] = {}  # those blocks, by key
        self._continued: Continued | None = None  # the list or table that the tail goes on with
        self._held = ""  # a "\r" that may be half of a line end

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks so far, the open ones last."""
        return (*self._closed, *self._open)

    @property
    def laborious(self) -> bool:
        """Whether the next piece costs a parse of more than PART characters, as in a long quote."""
        sliced = bool(self._open) and not self._open[-1].first
        return self._fence is None and not sliced and len(self._tail) > PART

    def append(self, text: str) -> Update:
        """Add a piece and return what it changed. Raises nothing: any text is Markdown."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        return self._add(text.removesuffix(self._held), finished=False)

    def finish(self) -> Update:
        """Close the open blocks and return what that changed."""
        held, self._held = self._held, ""
        return self._add(held, finished=True)

    def _add(self, text: str, *, finished: bool) -> Update:
        was_closed, was_open = len(self._closed), self._open
        piece = normal(text)
        self._tail += piece
        if self._words and not finished and self._words.take(piece):
            self._open = (*was_open[:-1], _longer(was_open[-1], piece, self._words))
            return Update(was_closed + len(was_open) - 1)
        if self._fence and not finished and not self._fence.closes(self._tail):
            self._open = (self._open_code(self._fence),)
            return Update(was_closed)
        resolved = self._parse_tail(finished=finished)
        now_open = (*self._closed[was_closed:], *self._open)
        pairs = zip(was_open, now_open, strict=False)
        differs = next((i for i, (old, new) in enumerate(pairs) if old != new), None)
        same = min(len(was_open), len(now_open)) if differs is None else differs
        changed = was_closed + same
        return Update(min(changed, *resolved)) if resolved else Update(changed)

    def _parse_tail(self, *, finished: bool) -> set[int]:
        """Parse the open text; return the keys of the closed blocks that were rendered again."""
        document = parse(self._tail, self._hrefs, self._continued)
        final = len(document.lines) if finished else final_lines(document)
        resolved = self._define(document, final)
        for parsed in document.blocks:
            if parsed.start < final:
                self._close(parsed, document)
        rest = [parsed for parsed in document.blocks if parsed.start >= final]
        self._tail = "".join(document.lines[final:])
        self._continued = rest[0].continued if rest else None
        shown = {block.key: block for block in self._open}
        self._open = tuple(
            self._opened(key, parsed, shown.get(key))
            for key, parsed in enumerate(rest, len(self._closed))
        )
        self._fence = self._open_fence(rest)
        self._words = open_words(rest[-1], self._tail, self._style) if rest else None
        return resolved

    def _define(self, document: Document, final: int) -> set[int]:
        """Keep the definitions of the final lines, and render the blocks that waited for them.

        Return the keys of those blocks.
        """
        new = {
            label: definition.href
            for label, definition in document.definitions.items()
            if definition.line < final
        }
        self._hrefs |= new
        keys = set[int]().union(*(self._waiting.pop(label, ()) for label in new))
        for key in keys:
            self._closed[key] = self._settle(key, resolve(self._unresolved[key], self._hrefs))
        return keys

    def _close(self, parsed: Parsed, document: Document) -> None:
        key = len(self._closed)
        if parsed.labels & document.definitions.keys() - self._hrefs.keys():
            # A definition below, which is not final yet, has made links of its labels.
            parsed = resolve(parsed, self._hrefs)
        self._closed.append(self._settle(key, parsed))

    def _settle(self, key: int, parsed: Parsed) -> Block:
        for label in parsed.labels - self._hrefs.keys():
            self._waiting.setdefault(label, set()).add(key)
            self._unresolved[key] = parsed
        return _block(key, parsed, self._style, closed=True)

    def _opened(self, key: int, parsed: Parsed, before: Block | None) -> Block:
        """Return an open block; of a long paragraph, a slice that has not changed is kept."""
        if (
            parsed.sliced
            and before
            and (before.source, before.kind) == (parsed.source, parsed.kind)
        ):
            return replace(before, first=parsed.first)
        return _block(key, parsed, self._style, closed=False)

    def _open_fence(self, rest: list[Parsed]) -> OpenFence | None:
        """Return the tail as an open fence. Not an indented one: its code is not its text."""
        is_tail = len(rest) == 1 and rest[0].source == self._tail
        return OpenFence(rest[0], self._style) if is_tail and is_open(rest[0]) else None

    def _open_code(self, fence: OpenFence) -> Block:
        return replace(
            self._open[0],
            source=self._tail,
            html=fence.html(self._tail),
            code=fence.code(self._tail),
        )


def _longer(block: Block, piece: str, words: OpenWords) -> Block:
    return replace(block, source=block.source + piece, html=words.html)


def _block(key: int, parsed: Parsed, style: HtmlStyle, *, closed: bool) -> Block:
    is_code = parsed.kind == "code"
    token = parsed.tokens[0]
    return Block(
        key=key,
        source=parsed.source,
        kind=parsed.kind,
        html=to_html(parsed.tokens, style),
        language=language(token) if is_code else None,
        code=token.content.removesuffix("\n") if is_code else None,
        closed=closed,
        first=parsed.first,
    )


def final_lines(document: Document) -> int:
    """Return the number of lines, from the first, that no text that may follow can change.

    CommonMark decides line by line, so a complete line settles what it starts or ends, with these
    exceptions, which stay open here. A paragraph may turn into a heading (`===` below it), give up
    its last line to a table, or vanish into the unfinished title of a link definition above it;
    none of them reaches across a blank line, a `#` heading, a rule or a fence. And any line with a
    `|` may turn out to head a table.

    A part of a long list or table is final once the part after it has begun (see `parts`).
    """
    for block in reversed(document.blocks):
        if _is_solid(block, document) and _ends_for_good(block, document):
            return block.end
        if _starts_for_good(block, document):
            return block.start
    return 0


def _starts_for_good(block: Parsed, document: Document) -> bool:
    after_blank = block.start > 0 and _is_blank(document.lines[block.start - 1])
    begun = after_blank or block.continued is not None or _is_solid(block, document)
    return begun and _is_complete(document.lines[block.start])


def _ends_for_good(block: Parsed, document: Document) -> bool:
    first = block.tokens[0]
    if _is_open_formula(first):
        return block.end < len(document.lines) and _is_complete(document.lines[block.end])
    ended = first.type != "fence" or is_closed(block)
    may_head_table = "|" in document.lines[block.start]
    last = max(block.end - 1, block.start + may_head_table)
    return ended and last < len(document.lines) and _is_complete(document.lines[last])


def _is_solid(block: Parsed, document: Document) -> bool:
    """Whether nothing above can take in its first line, and its own last line ends it."""
    first = block.tokens[0]
    if first.type == "heading_open":
        return first.markup.startswith("#")
    if first.type == "math_block" or _is_open_formula(first):
        return block.start == 0 or _is_blank(document.lines[block.start - 1])
    return first.type in ("fence", "hr")


def _is_open_formula(first: Token) -> bool:
    return first.type == "paragraph_open" and bool(first.markup)


def _is_blank(line: str) -> bool:
    return not line.strip(" \t\n")


def _is_complete(line: str) -> bool:
    return line.endswith("\n")
