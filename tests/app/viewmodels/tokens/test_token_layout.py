"""Lines of tokens: nothing is lost, nothing overlaps, words stay whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.viewmodels.tokens.token_layout import TokenLayout
from app.viewmodels.tokens.token_view import Kind, TokenRun, pieces

WIDTH = 10.0


def a_run(text: str, kind: Kind = "target", *, round_: int = 0, begins: bool = False) -> TokenRun:
    found = tuple(pieces(text, ends_lines=kind != "rejected"))
    return TokenRun(kind=kind, pieces=found, round=round_, begins=begins)


def laid_out(*runs: TokenRun, mark: float = 0.0) -> TokenLayout:
    layout = TokenLayout(WIDTH, lambda text, _kind: float(len(text)), mark)
    for run in runs:
        layout.add(run)
    return layout


def lines(layout: TokenLayout) -> list[str]:
    return [
        "|".join(item.text for item in layout.within(number, number))
        for number in range(len(layout.lines))
    ]


def test_a_word_of_several_tokens_moves_as_one() -> None:
    layout = laid_out(*(a_run(text) for text in ("Say", " re", "ver", "sed")))
    assert lines(layout) == ["Say", " re|ver|sed"]
    assert [item.x for item in layout.items] == [0, 0, 3, 6]


def test_a_word_longer_than_a_line_is_torn() -> None:
    layout = laid_out(*(a_run("xxxx") for _ in range(5)))
    assert lines(layout) == ["xxxx|xxxx", "xxxx|xxxx", "xxxx"]


def test_line_ends_end_lines() -> None:
    layout = laid_out(a_run("a\n\nb"), a_run("c"))
    assert lines(layout) == ["a↵", "↵", "b|c"]


def test_a_ghost_tears_a_word_where_it_died() -> None:
    layout = laid_out(a_run("wordy"), a_run("ghost", "rejected"), a_run("like"))
    assert lines(layout) == ["wordy|ghost", "like"]


def test_a_round_begins_with_room_for_its_mark() -> None:
    layout = laid_out(a_run("a", begins=True), a_run("b"), mark=2.0)
    assert [(item.x, item.width, item.mark) for item in layout.items] == [
        (0, 3, True),
        (3, 1, False),
    ]


def test_what_lies_under_a_point() -> None:
    layout = laid_out(a_run("abc", round_=1), a_run(" defg", round_=2), a_run(" hi", round_=2))
    assert lines(layout) == ["abc| defg", " hi"]
    found = [layout.at(x, line) for x, line in ((0, 0), (3.5, 0), (9, 0), (1, 1), (1, 7), (-1, 0))]
    assert [item and item.text for item in found] == ["abc", " defg", None, " hi", None, None]


def test_where_a_round_is() -> None:
    layout = laid_out(a_run("abc", round_=1), a_run(" defg", round_=2), a_run(" hi", round_=2))
    assert layout.lines_of(1) == (0, 0)
    assert layout.lines_of(2) == (0, 1)
    assert layout.lines_of(3) is None


def test_lines_that_are_not_there_are_empty() -> None:
    layout = laid_out(a_run("a"))
    assert layout.within(3, 9) == ()
    assert len(layout.within(-4, 9)) == 1


RUNS = st.lists(
    st.tuples(
        st.text(alphabet="ab \n", max_size=12),
        st.sampled_from(["drafted", "target", "rejected"]),
        st.booleans(),
    ),
    max_size=30,
)


@given(RUNS)
def test_nothing_is_lost_and_nothing_overlaps(parts: list[tuple[str, Kind, bool]]) -> None:
    runs = [
        a_run(text, kind, round_=i, begins=begins) for i, (text, kind, begins) in enumerate(parts)
    ]
    layout = laid_out(*runs, mark=1.0)
    texts = [piece.text for run in runs for piece in run.pieces]
    assert [item.text for item in layout.items] == texts
    assert layout.lines == sorted(layout.lines)
    for number in range(len(layout.lines)):
        items = layout.within(number, number)
        assert all(item.line == number for item in items)
        assert [item.x for item in items[:1]] == [0.0][: len(items)]
        for before, after in pairwise(items):
            assert after.x == pytest.approx(before.x + before.width)
        if len(items) > 1:
            assert items[-1].x + items[-1].width <= WIDTH
