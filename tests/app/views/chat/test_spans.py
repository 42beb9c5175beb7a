from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.views.chat.selection import Place, Span, agreement, spans


@dataclass(frozen=True)
class Case:
    texts: list[str]
    anchor: Place
    head: Place


@st.composite
def cases(draw: st.DrawFn) -> Case:
    texts = draw(st.lists(st.text("abc", max_size=5), min_size=1, max_size=6))

    def place() -> Place:
        row = draw(st.integers(0, len(texts) - 1))
        return Place(row, draw(st.integers(0, len(texts[row]))))

    return Case(texts, place(), place())


def selected(case: Case, anchor: Place, head: Place) -> dict[int, str]:
    lengths = [len(text) for text in case.texts]
    return {
        row: case.texts[row][min(span.anchor, span.head) : max(span.anchor, span.head)]
        for row, span in spans(lengths, anchor, head).items()
    }


@given(cases())
def test_it_is_what_lies_between_as_in_one_text(case: Case) -> None:
    def offset(place: Place) -> int:
        return sum(map(len, case.texts[: place.row])) + place.position

    first, last = sorted((case.anchor, case.head))
    between = "".join(case.texts)[offset(first) : offset(last)]
    assert "".join(selected(case, case.anchor, case.head).values()) == between


@given(cases())
def test_all_texts_from_one_end_to_the_other_have_a_part(case: Case) -> None:
    first, last = sorted((case.anchor.row, case.head.row))
    assert list(selected(case, case.anchor, case.head)) == list(range(first, last + 1))


@given(cases())
def test_upwards_is_the_same_from_the_other_end(case: Case) -> None:
    lengths = [len(text) for text in case.texts]
    up = spans(lengths, case.head, case.anchor)
    down = spans(lengths, case.anchor, case.head)
    assert {row: Span(span.head, span.anchor) for row, span in up.items()} == down


@given(cases())
def test_both_ends_are_where_they_were_put(case: Case) -> None:
    found = spans([len(text) for text in case.texts], case.anchor, case.head)
    assert found[case.anchor.row].anchor == case.anchor.position
    assert found[case.head.row].head == case.head.position


@given(st.text(), st.text(), st.text())
def test_texts_agree_as_far_as_they_are_the_same(common: str, one: str, other: str) -> None:
    units = agreement(common + one, common + other)
    before = (common + one).encode("utf-16-le")
    after = (common + other).encode("utf-16-le")
    assert before[: 2 * units] == after[: 2 * units]
    rest = (before[2 * units : 2 * units + 2], after[2 * units : 2 * units + 2])
    assert rest[0] != rest[1] or rest == (b"", b"")


def test_what_qt_counts_twice_counts_twice() -> None:
    assert agreement("🦊 fox", "🦊 dog") == 3
    assert agreement("same", "same") == 4
