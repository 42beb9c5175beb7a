"""The origin of each token of a reply: rounds as tokens that are laid out in lines. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from app import strings
from app.domain.conversation import RoundRecord
from app.viewmodels.common import format as fmt

Kind = Literal["drafted", "target", "rejected"]
LINE_END = "\u21b5"
NO_TEXT = "\u00b7"  # shown for a token that is part of a character, and for a control token
_TAB = "    "


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a token's text that stands on one line."""

    text: str
    ends_line: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRun:
    """A token: drafted and accepted, the target's own choice, or drafted and rejected."""

    kind: Kind
    pieces: tuple[Piece, ...]
    round: int  # index in the reply's list of rounds
    begins: bool  # whether it is the first token of its round
    thought: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    drafted: int = 0
    target: int = 0
    rejected: int = 0
    rounds: int = 0

    def plus(self, record: RoundRecord) -> Counts:
        drafted = sum(token.source == "draft" for token in record.tokens)
        return Counts(
            drafted=self.drafted + drafted,
            target=self.target + len(record.tokens) - drafted,
            rejected=self.rejected + len(record.rejected),
            rounds=self.rounds + 1,
        )


@dataclass(frozen=True, slots=True)
class Legend:
    kind: Kind
    text: str


def token_runs(record: RoundRecord, place: int) -> list[TokenRun]:
    """Return a round's tokens in order. Rejected drafts stand before the target's own token.

    `place` is the index of the round in the reply's list.
    """
    drafted = [token for token in record.tokens if token.source == "draft"]
    own = [token for token in record.tokens if token.source == "target"]
    thought = any(token.thought for token in record.tokens)
    parts: list[tuple[Kind, str, bool]] = [
        *(("drafted", token.text, token.thought) for token in drafted),
        *(("rejected", ghost.text, thought) for ghost in record.rejected),
        *(("target", token.text, token.thought) for token in own),
    ]
    return [
        TokenRun(
            kind=kind,
            pieces=tuple(pieces(text, ends_lines=kind != "rejected")),
            round=place,
            begins=i == 0,
            thought=is_thought,
        )
        for i, (kind, text, is_thought) in enumerate(parts)
    ]


def pieces(text: str, *, ends_lines: bool = True) -> Iterator[Piece]:
    """Yield a token's text by lines.

    With `ends_lines` false it stays on one line, with its line ends shown: a rejected draft is not
    part of the text.
    """
    if not text:
        yield Piece(NO_TEXT)
        return
    lines = text.replace("\t", _TAB).split("\n")
    if not ends_lines:
        yield Piece(LINE_END.join(lines))
        return
    for line in lines[:-1]:
        yield Piece(line + LINE_END, ends_line=True)
    if lines[-1]:
        yield Piece(lines[-1])


def counts_of(rounds: Iterable[RoundRecord]) -> Counts:
    counts = Counts()
    for record in rounds:
        counts = counts.plus(record)
    return counts


def legend(counts: Counts) -> tuple[Legend, ...]:
    return (
        Legend("drafted", strings.LEGEND_DRAFTED.format(count=fmt.count(counts.drafted))),
        Legend("target", strings.LEGEND_TARGET.format(count=fmt.count(counts.target))),
        Legend("rejected", strings.LEGEND_REJECTED.format(count=fmt.count(counts.rejected))),
    )


def rounds_text(counts: Counts) -> str:
    return strings.LEGEND_ROUNDS.format(count=fmt.count(counts.rounds))


def round_text(record: RoundRecord) -> str:
    """Return one line about a round: index, state, K, accepted drafts, duration and time."""
    at = strings.ROUND_AT.format(seconds=fmt.seconds(record.at))
    if record.index == 0:
        return strings.SEPARATOR.join([strings.ROUND_PREFILL, at])
    parts = [strings.ROUND.format(index=fmt.count(record.index)), _state_text(record)]
    if record.depth:
        parts.append(strings.ROUND_ACCEPTED.format(accepted=record.accepted, drafted=record.depth))
    parts += [strings.ROUND_MS.format(ms=f"{record.ms:.1f}"), at]
    return strings.SEPARATOR.join(parts)


def _state_text(record: RoundRecord) -> str:
    state = strings.ROUND_STATES[record.state]
    text = strings.ROUND_DEPTH.format(state=state, depth=record.depth) if record.depth else state
    return f"{text} ({record.reason})" if record.reason else text


Measure = Callable[[str, Kind], float]


@dataclass(slots=True)
class Item:
    """A piece of a token with its place. `mark`: a round begins here, with a mark before it.

    `x` and `width` are pixels, `line` is an index.
    """

    run: TokenRun
    text: str
    x: float
    width: float
    line: int
    mark: bool = False


class TokenLayout:
    """Lays out tokens in lines, which break between words.

    `lines` holds the index of each line's first item. An added token moves no item above the last
    word.
    """

    def __init__(self, width: float, measure: Measure, mark_width: float = 0.0) -> None:
        self._width = width
        self._measure = measure
        self._mark = mark_width
        self._end = 0.0  # x of the last line's end
        self._word = 0  # the first item of the last word, which moves down if the next does not fit
        self.items: list[Item] = []
        self.lines: list[int] = [0]

    def add(self, run: TokenRun) -> None:
        for number, piece in enumerate(run.pieces):
            begins = run.begins and number == 0
            item = Item(
                run=run,
                text=piece.text,
                x=0.0,
                width=self._measure(piece.text, run.kind) + (self._mark if begins else 0.0),
                line=0,
                mark=begins,
            )
            self._place(item)
            if piece.ends_line:
                self._break(len(self.items))

    def within(self, first: int, last: int) -> Sequence[Item]:
        """Return the items of the lines `first` to `last`, both included."""
        first, last = max(0, first), min(last, len(self.lines) - 1)
        if first > last:
            return ()
        end = self.lines[last + 1] if last + 1 < len(self.lines) else len(self.items)
        return self.items[self.lines[first] : end]

    def at(self, x: float, line: int) -> Item | None:
        """Return the item at a place; None where there is none."""
        items = self.within(line, line)
        place = bisect_right(items, x, key=lambda item: item.x) - 1
        if place < 0 or x > items[place].x + items[place].width:
            return None
        return items[place]

    def lines_of(self, round_: int) -> tuple[int, int] | None:
        """Return the first and last line of a round; None where it is not laid out yet."""
        start = bisect_right(self.items, round_ - 1, key=lambda item: item.run.round)
        end = bisect_right(self.items, round_, key=lambda item: item.run.round)
        return (self.items[start].line, self.items[end - 1].line) if start < end else None

    def _place(self, item: Item) -> None:
        if self._may_break_before(item):
            self._word = len(self.items)
        while self._end > 0 and self._end + item.width > self._width:
            if self._word <= self.lines[-1]:  # the word is wider than a line: break it here
                self._word = len(self.items)
            self._break(self._word)
        item.x, item.line = self._end, len(self.lines) - 1
        self._end += item.width
        self.items.append(item)

    def _may_break_before(self, item: Item) -> bool:
        before = self.items[-1].run.kind if self.items else None
        return item.text[:1].isspace() or "rejected" in (item.run.kind, before)

    def _break(self, start: int) -> None:
        """Begin a line with item `start`; those from it on move down with it."""
        self.lines.append(start)
        self._end = 0.0
        self._word = start
        for item in self.items[start:]:
            item.x, item.line = self._end, len(self.lines) - 1
            self._end += item.width
