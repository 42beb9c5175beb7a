"""Every token with its origin, every ghost where it died."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.conversation import RejectedRecord, RoundRecord, TokenRecord
from app.viewmodels.tokens.token_view import (
    Counts,
    Piece,
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
    assert round_text(a_round(0, 0.2)) == "First token, with the prompt · 0.20 s after the request"
    parked = a_round(4, 0.5, state="parked", reason="plain decoding is faster here")
    assert round_text(parked) == (
        "Round 4 · parked (plain decoding is faster here) · 20.0 ms · 0.50 s after the request"
    )
