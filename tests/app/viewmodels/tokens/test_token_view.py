"""Every token with its origin, every ghost where it died."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.conversation import RejectedRecord, RoundRecord, TokenRecord
from app.viewmodels.tokens.token_view import (
    Counts,
    Kind,
    Piece,
    TokenLayout,
    TokenRun,
    counts_of,
    legend,
    pieces,
    round_text,
    rounds_text,
    token_runs,
)
from tests.app.records import a_round, drafted_reply

ROUND = RoundRecord(
    index=12,
    depth=3,
    drafted=3,
    accepted=1,
    ms=31.46,
    state="drafting",
    at=2.314,
    tokens=(TokenRecord(1, " the", "draft"), TokenRecord(2, " list", "target", thought=True)),
    rejected=(RejectedRecord(3, " a"), RejectedRecord(4, " dog")),
)


def test_a_round_in_the_order_in_which_it_is_read() -> None:
    runs = token_runs(ROUND, 5)
    told = [(run.kind, run.pieces[0].text, run.begins, run.thought) for run in runs]
    assert told == [
        ("drafted", " the", True, False),
        ("rejected", " a", False, True),
        ("rejected", " dog", False, True),
        ("target", " list", False, True),
    ]
    assert {run.round for run in runs} == {5}


def test_line_ends_are_shown_and_end_lines() -> None:
    assert list(pieces("a\n\n\tb")) == [
        Piece("a↵", ends_line=True),
        Piece("↵", ends_line=True),
        Piece("    b"),
    ]
    assert list(pieces("a\n")) == [Piece("a↵", ends_line=True)]
    assert list(pieces("a\nb", ends_lines=False)) == [Piece("a↵b")]
    assert list(pieces("")) == [Piece("·")]


@given(st.text(alphabet="ab \n\t"))
def test_no_character_is_lost(text: str) -> None:
    shown = "".join(piece.text for piece in pieces(text))
    assert shown.replace("↵", "\n") == (text.replace("\t", "    ") or "·")


def test_the_legend_counts() -> None:
    counts = counts_of(drafted_reply(40))
    assert counts == Counts(drafted=80, target=41, rejected=40, rounds=41)
    assert [entry.text for entry in legend(counts)] == [
        "80 drafted and accepted",
        "41 the target's own",
        "40 drafted and rejected",
    ]
    assert rounds_text(counts) == "41 rounds, a tick before each"


def test_a_round_in_words() -> None:
    assert round_text(ROUND) == (
        "Round 12 · drafting, K 3 · 1 of 3 accepted · 31.5 ms · 2.31 s after the request"
    )
    assert round_text(a_round(0, 0.2)) == "First token, from the prompt · 0.20 s after the request"
    parked = a_round(4, 0.5, state="parked", reason="plain decoding is faster here")
    assert round_text(parked) == (
        "Round 4 · parked (plain decoding is faster here) · 20.0 ms · 0.50 s after the request"
    )


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
