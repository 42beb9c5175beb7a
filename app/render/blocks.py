"""Markdown that arrives in pieces, rendered block by block.

The invariant: however a text is split into pieces, the blocks of the stream are those of the whole
text. What is final is never parsed again, with one exception: a link definition may come after the
blocks that use it, and then those are rendered once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from app.render.cut import final_lines
from app.render.fence import OpenFence, is_open
from app.render.html import language, to_html
from app.render.parser import Document, Parsed, normal, parse, resolve
from app.render.parts import PART, Continued
from app.render.style import HtmlStyle
from app.render.words import OpenWords, open_words


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block. `code` of an open block only grows at its end."""

    key: int  # its place in the text, from 0
    source: str  # Markdown, as written
    kind: str  # paragraph, heading, list, quote, table, code or rule
    html: str
    language: str | None  # of a code block, where it is named
    code: str | None  # of a code block: its text, without the last newline
    closed: bool  # final but for link definitions further down
    first: bool  # no part of a longer block, or its first part


@dataclass(frozen=True, slots=True)
class Update:
    """Blocks before `first_changed` are as they were; later ones may be fewer than before."""

    first_changed: int


@lru_cache(4)
def render(text: str, style: HtmlStyle) -> tuple[Block, ...]:
    """All blocks of a finished text. The last few are remembered: see `Transcript`."""
    document = parse(normal(text), {})
    return tuple(
        _block(key, parsed, style, closed=True) for key, parsed in enumerate(document.blocks)
    )


class BlockStream:
    """The blocks of a text that is still being written."""

    def __init__(self, style: HtmlStyle) -> None:
        self._style = style
        self._closed: list[Block] = []
        self._open: tuple[Block, ...] = ()
        self._tail = ""  # the text of the open blocks
        self._fence: OpenFence | None = None  # where the tail is one
        self._words: OpenWords | None = None  # where the tail ends with some
        self._known: dict[str, str] = {}  # label -> href, from the final text
        self._waiting: dict[str, set[int]] = {}  # label -> closed blocks that ask for it
        self._asking: dict[int, Parsed] = {}  # those blocks
        self._continued: Continued | None = None  # what the tail goes on with
        self._held = ""  # a "\r" that may be half of a line end

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (*self._closed, *self._open)

    @property
    def laborious(self) -> bool:
        """Whether the next piece costs more than it should: a long quote, say, all of it again."""
        sliced = bool(self._open) and not self._open[-1].first
        return self._fence is None and not sliced and len(self._tail) > PART

    def append(self, text: str) -> Update:
        """Raises nothing: any text is Markdown."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        return self._add(text.removesuffix(self._held), finished=False)

    def finish(self) -> Update:
        """Close what is open."""
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
        now = (*self._closed[was_closed:], *self._open)
        pairs = zip(was_open, now, strict=False)
        same = next((i for i, (old, new) in enumerate(pairs) if old != new), None)
        changed = was_closed + (min(len(was_open), len(now)) if same is None else same)
        return Update(min(changed, *resolved)) if resolved else Update(changed)

    def _parse_tail(self, *, finished: bool) -> set[int]:
        """Returns the closed blocks that were rendered again."""
        document = parse(self._tail, self._known, self._continued)
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
        """Take over the definitions of the final lines and render who waited for them."""
        new = {
            label: definition.href
            for label, definition in document.definitions.items()
            if definition.line < final
        }
        self._known |= new
        keys = set[int]().union(*(self._waiting.pop(label, ()) for label in new))
        for key in keys:
            self._closed[key] = self._settle(key, resolve(self._asking[key], self._known))
        return keys

    def _close(self, parsed: Parsed, document: Document) -> None:
        key = len(self._closed)
        if parsed.asked & document.definitions.keys() - self._known.keys():
            # It links by a definition below, which is not final yet.
            parsed = resolve(parsed, self._known)
        self._closed.append(self._settle(key, parsed))

    def _settle(self, key: int, parsed: Parsed) -> Block:
        for label in parsed.asked - self._known.keys():
            self._waiting.setdefault(label, set()).add(key)
            self._asking[key] = parsed
        return _block(key, parsed, self._style, closed=True)

    def _opened(self, key: int, parsed: Parsed, before: Block | None) -> Block:
        """All slices of a long paragraph but the last are as they were."""
        if (
            parsed.sliced
            and before
            and (before.source, before.kind) == (parsed.source, parsed.kind)
        ):
            return replace(before, first=parsed.first)
        return _block(key, parsed, self._style, closed=False)

    def _open_fence(self, rest: list[Parsed]) -> OpenFence | None:
        """An indented fence is left to the parser: its code is not its text."""
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
