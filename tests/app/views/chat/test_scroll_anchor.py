"""Where the reader stands, as a value: no widget is needed to read it or to restore it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from app.views.chat.scrolled_column import (
    AT_THE_END,
    NEAR_END,
    Mark,
    anchor_at,
    marks_at,
    remeasured,
    value_of,
)


@dataclass
class Column:
    """Messages by their tops, and the tops of their blocks below them; None is not laid out."""

    tops: dict[str, int | None]
    rows: dict[str, dict[int, int]] = field(default_factory=dict)

    def messages(self) -> Sequence[str]:
        return list(self.tops)

    def blocks(self, message: str) -> Sequence[int]:
        return list(self.rows.get(message, {}))

    def top(self, message: str, block: int | None = None) -> int | None:
        top = self.tops.get(message)
        if top is None or block is None:
            return top
        below = self.rows.get(message, {}).get(block)
        return None if below is None else top + below


COLUMN = Column({"a": 28, "b": 500, "c": 1500}, {"b": {7: 0, 8: 300, 9: 700}})


def test_the_finest_mark_comes_first() -> None:
    anchor = marks_at(850, COLUMN)
    assert anchor.marks == (Mark(-50, "b", 8), Mark(-350, "b"), Mark(-850))
    assert marks_at(30, COLUMN).marks == (Mark(-2, "a"), Mark(-30))
    assert marks_at(0, COLUMN).marks == (Mark(28, "a"), Mark(0))  # in the margin above all messages
    assert marks_at(5, Column({})).marks == (Mark(-5),)


def test_near_the_end_one_follows_it() -> None:
    assert anchor_at(2000 - NEAR_END, 2000, COLUMN) == AT_THE_END
    assert anchor_at(2000 - NEAR_END, 2000, COLUMN).following
    assert not anchor_at(2000 - NEAR_END - 1, 2000, COLUMN).following
    assert value_of(AT_THE_END, 2345, COLUMN) == 2345


def test_what_comes_in_above_moves_the_reader_with_it() -> None:
    anchor = marks_at(850, COLUMN)
    later = Column({"z": 28, "a": 428, "b": 900, "c": 1900}, COLUMN.rows)
    assert value_of(anchor, 9999, later) == 1250


def test_what_comes_in_below_does_not() -> None:
    anchor = marks_at(850, COLUMN)
    later = Column({"a": 28, "b": 500, "c": 2500, "d": 3000}, COLUMN.rows)
    assert value_of(anchor, 9999, later) == 850


def test_blocks_above_in_the_same_message_move_the_reader_too() -> None:
    anchor = marks_at(850, COLUMN)
    later = Column(COLUMN.tops, {"b": {0: 0, 7: 1000, 8: 1300, 9: 1700}})
    assert value_of(anchor, 9999, later) == 1850


def test_without_its_block_the_message_holds_the_place_and_without_that_the_column() -> None:
    anchor = marks_at(850, COLUMN)
    assert value_of(anchor, 9999, Column({"a": 28, "b": 600})) == 950
    assert value_of(anchor, 9999, Column({"a": 28})) == 850


def test_a_column_too_short_for_the_place_is_told_all_the_same() -> None:
    assert value_of(marks_at(850, COLUMN), 10, COLUMN) == 850


def test_what_is_not_laid_out_yet_is_no_place_to_stand() -> None:
    fresh = Column({"z": None, **COLUMN.tops, "d": None}, COLUMN.rows)
    assert marks_at(850, fresh) == marks_at(850, COLUMN)


def test_marks_moved_apart_are_measured_anew() -> None:
    later = Column(COLUMN.tops, {"b": {0: 0, 8: 1300}})
    anchor = remeasured(marks_at(850, COLUMN), 1850, later)
    assert anchor.marks == (Mark(-50, "b", 8), Mark(-1350, "b"), Mark(-1850))
    hidden = remeasured(anchor, 1850, Column(COLUMN.tops))
    assert value_of(hidden, 9999, Column(COLUMN.tops)) == 1850
    assert remeasured(AT_THE_END, 5, COLUMN) == AT_THE_END


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.integers(0, 9000), st.data())
def test_a_place_read_and_restored_is_the_same_place(
    heights: list[int], value: int, data: st.DataObject
) -> None:
    tops: dict[str, int | None] = {str(i): sum(heights[:i]) for i in range(len(heights))}
    anchor = marks_at(value, Column(tops))
    assert value_of(anchor, 99_999, Column(tops)) == value
    added = data.draw(st.integers(-300, 900))
    moved = Column({str(i): sum(heights[:i]) + added for i in range(len(heights))})
    assert value_of(anchor, 99_999, moved) == value + added
