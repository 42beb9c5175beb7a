"""Long blocks in parts of a few thousand characters.

A list as long as a reply would be parsed, laid out and painted again with every token. Its parts
are blocks of their own: some items of a list, some rows of a table, some lines of a paragraph.
Nothing that follows decides where a part begins, so a stream is cut where the whole text is.

Parts differ from the whole in three things: each part of a list is loose or tight by itself, each
part of a table repeats the head, and marks of emphasis in two parts of a paragraph are no pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import combining

from markdown_it.token import Token

PART = 4_000
"""Characters of a part: laid out in a few milliseconds, and more than most blocks ever have."""

_JOINERS = "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}"
_LONGEST_CLUSTER = 32
"""Characters that are kept together at a cut because they are one on the screen."""
LISTS = ("bullet_list_open", "ordered_list_open")


@dataclass(frozen=True, slots=True)
class Continued:
    """What the next part of a list or a table needs of the parts above it."""

    number: int | None = None  # of a numbered list: that of its next item
    head: str = ""  # of a table: its first two lines, head and delimiter row


@dataclass(frozen=True, slots=True)
class Part:
    """Lines `start` up to `end`, as the tokens of a whole list or table."""

    tokens: tuple[Token, ...]
    start: int
    end: int
    continued: Continued | None  # None for the first part


def list_parts(
    tokens: Sequence[Token], lines: Sequence[str], continued: Continued | None
) -> Iterator[Part]:
    """Yield the parts of a list at the top level; `continued` where it began above."""
    starts = [i for i, t in enumerate(tokens) if t.type == "list_item_open" and t.level == 1]
    rows = [_rows(tokens[i])[0] for i in starts] + [_rows(tokens[0])[1]]
    firsts = _firsts(rows, lines)
    whole = continued is None and len(firsts) == 1
    number = continued.number if continued else _number(tokens[0])
    for first, end in zip(firsts, [*firsts[1:], len(starts)], strict=True):
        last_token = starts[end] if end < len(starts) else len(tokens) - 1
        state = None if first == 0 and not continued else Continued(_later(number, first))
        opening = _opening(tokens[0], rows[first], rows[end], state)
        items = tokens[starts[first] : last_token]
        if not whole:
            _set_tight(items, "".join(lines[rows[first] : rows[end]]))
        yield Part((opening, *items, tokens[-1]), rows[first], rows[end], state)


def table_parts(
    tokens: Sequence[Token], lines: Sequence[str], continued: Continued | None
) -> Iterator[Part]:
    """Yield the parts of a table at the top level; `continued` where it began above.

    `lines` begin with its head in either case.
    """
    start, end = _rows(tokens[0])
    body = next((i for i, t in enumerate(tokens) if t.type == "tbody_open"), None)
    if body is None:  # the head alone
        yield Part(tuple(tokens), start, end, None)
        return
    starts = [i for i, t in enumerate(tokens) if t.type == "tr_open" and i > body]
    rows = [_rows(tokens[i])[0] for i in starts] + [end]
    head = Continued(head="".join(lines[start : start + 2]))
    firsts = _firsts(rows, lines)
    for first, last in zip(firsts, [*firsts[1:], len(starts)], strict=True):
        begin = start if first == 0 and not continued else rows[first]
        opening = tokens[0].copy(map=[begin, rows[last]])
        cells = tokens[starts[first] : starts[last] if last < len(starts) else -2]
        yield Part(
            (opening, *tokens[1 : body + 1], *cells, *tokens[-2:]),
            begin,
            rows[last],
            None if begin == start else head,
        )


def is_long(text: str) -> bool:
    """Whether a paragraph is cut into slices."""
    return len(text) > PART


def slices(text: str) -> Iterator[str]:
    """Yield a long paragraph cut at ends of lines, else at spaces, else between characters."""
    start = 0
    while len(text) - start > PART:
        end = _cut(text, start)
        yield text[start:end]
        start = end
    yield text[start:]


def _firsts(rows: Sequence[int], lines: Sequence[str]) -> list[int]:
    """Return which items, or rows of a table, begin a part.

    `rows` has the first line of each, and then the line after the last.
    """
    firsts = [0]
    for item, row in enumerate(rows[:-1]):
        if sum(map(len, lines[rows[firsts[-1]] : row])) >= PART:
            firsts.append(item)
    return firsts


def _cut(text: str, start: int) -> int:
    """Return the end of the slice that begins at `start`."""
    middle, limit = start + PART // 2, start + PART
    for separator in ("\n", " "):
        last = text.rfind(separator, middle, limit)
        if last >= 0:
            return last + 1
    for end in range(limit, limit - _LONGEST_CLUSTER, -1):
        if not (combining(text[end]) or text[end] in _JOINERS or text[end - 1] in _JOINERS):
            return end
    return limit


def _rows(token: Token) -> tuple[int, int]:
    start, end = token.map or (0, 0)
    return start, end


def _number(opening: Token) -> int | None:
    return int(opening.attrGet("start") or 1) if opening.type == "ordered_list_open" else None


def _later(number: int | None, items: int) -> int | None:
    return None if number is None else number + items


def _opening(token: Token, start: int, end: int, state: Continued | None) -> Token:
    opening = token.copy(map=[start, end], attrs=dict(token.attrs))
    if state and state.number is not None:
        opening.attrSet("start", str(state.number))
    return opening


def _set_tight(items: Sequence[Token], source: str) -> None:
    tight = not any(not line.strip() for line in source.rstrip().split("\n"))
    for token in items:
        if token.level == 2 and token.type in ("paragraph_open", "paragraph_close"):
            token.hidden = tight
