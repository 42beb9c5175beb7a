"""Long blocks in parts; most tests make short ones long, to see many parts in little text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.render import parts
from app.render.blocks import Block, BlockStream, render
from app.render.parser import parse
from app.render.parts import PART, slices
from tests.app.render.support import PIECES, STYLE, in_pieces, patient, text_of

TABLE = ("a|b\n-|-\n", "|a|b|\n|-|-|\n", "1|2\n", "|3|[x]|\n", "|4|", "x\n", "|\n")
LIST_PIECES = ("- a\n", "- b\n", "- [ ] t\n", "1. c\n", "2. d\n", "1) e\n", "\n", "  f\n", "   g\n")


@pytest.fixture(autouse=True, scope="module")
def short_parts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART", 12)
        yield


long_blocks = in_pieces(
    st.lists(
        st.one_of(st.sampled_from(LIST_PIECES), st.sampled_from(TABLE), st.sampled_from(PIECES)),
        max_size=30,
    ).map("".join)
)
"""Lists and tables for the most part."""


@patient
@given(long_blocks)
@example(["- a\n- b\n- c\n- d\n- [x]\n\n", "[x]: http://y.z\n\nend\n"])  # a link in a closed part
@example(["a|b\n-|-\n" + "1234|[x]\n" * 4, "1|", "2\n\n[x]: http://y.z\n"])
@example(["3. a\n1. b\n1. c\n1. d\n", "\n1. e\n\n   f\n", "1. g\n"])
@example(['- [a]: /u\n  "t\n- b\n- c\n- d\n- e\n', '  x"\n'])
def test_any_split_gives_the_blocks_of_the_whole(pieces: list[str]) -> None:
    written = BlockStream(STYLE)
    for piece in pieces:
        written.append(piece)
    written.finish()
    assert written.blocks == render("".join(pieces), STYLE)


@patient
@given(long_blocks)
def test_closed_parts_stay(pieces: list[str]) -> None:
    written, closed = BlockStream(STYLE), list[str]()
    for piece in pieces:
        written.append(piece)
        now = [block.source for block in written.blocks if block.closed]
        assert now[: len(closed)] == closed
        closed = now


def blocks(text: str) -> tuple[Block, ...]:
    return render(text, STYLE)


def test_a_long_list_is_cut_between_its_items() -> None:
    cut = blocks("- one\n- two\n- three\n- four\n- five\n")
    assert [block.source for block in cut] == ["- one\n- two\n", "- three\n- four\n", "- five\n"]
    assert [block.kind for block in cut] == ["list"] * 3
    assert [block.first for block in cut] == [True, False, False]


@pytest.mark.parametrize(("number", "starts"), [(1, [2, 3, 4]), (7, [7, 8, 9, 10])])
def test_the_parts_of_a_numbered_list_go_on_counting(number: int, starts: list[int]) -> None:
    html = "".join(block.html for block in blocks(f"{number}. aaaaaaaa\n" * 4))
    assert [int(start) for start in re.findall('<ol start="(\\d+)"', html)] == starts


def test_a_long_table_is_cut_between_its_rows_and_repeats_its_head() -> None:
    head, rows = "a|b\n-|-\n", "one|two\n" * 5
    cut = blocks(head + rows)
    assert [block.source for block in cut] == [head + rows[:16], rows[:16], rows[:8]]
    assert [text_of(block.html) for block in cut] == ["abonetwoonetwo"] * 2 + ["abonetwo"]
    assert [block.first for block in cut] == [True, False, False]


@pytest.mark.parametrize("table", ["a|b\n-|-\n", "a|b\n-|-\n1|2\n"])
def test_a_short_table_is_whole(table: str) -> None:
    (block,) = blocks(table)
    assert block.source == table
    assert text_of(block.html) == ("ab12" if "1" in table else "ab")


def test_what_is_inside_an_item_is_not_cut() -> None:
    assert len(blocks("- a\n  - b\n  - c\n  - d\n  - e\n")) == 1


def test_a_part_is_loose_by_itself() -> None:
    tight, loose = blocks("- one\n- two\n- three\n\n- four\n")
    assert "<p" not in tight.html
    assert "<p" in loose.html


def test_a_long_paragraph_is_cut_at_spaces() -> None:
    cut = blocks("some words go on and on")
    assert [block.source for block in cut] == ["some words ", "go on and on"]
    assert [block.first for block in cut] == [True, False]
    assert {block.kind for block in cut} == {"paragraph"}


def test_slices_that_have_not_changed_are_kept() -> None:
    written = BlockStream(STYLE)
    written.append("some words go on and on")
    first = written.blocks[0]
    assert written.append(" and on and on").first_changed == 1
    assert written.blocks[0].html is first.html


def test_a_long_heading_is_not_cut() -> None:
    assert [block.kind for block in blocks("some words go on and on\n===\n")] == ["heading"]


@patient
@given(st.text(st.sampled_from("ab \n\N{ZERO WIDTH JOINER}\N{COMBINING ACUTE ACCENT}\N{MAN}")))
def test_slices_are_the_text(text: str) -> None:
    cut = list(slices(text))
    assert "".join(cut) == text
    assert all(0 < len(piece) <= 12 for piece in cut) or not text


def test_no_emoji_is_cut_in_two() -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    assert all(len(piece) % len(family) == 0 for piece in slices(family * 10))
    assert list(slices("a" * 11 + "e\N{COMBINING ACUTE ACCENT}a")) == [
        "a" * 11,
        "e\N{COMBINING ACUTE ACCENT}a",
    ]


def test_a_character_of_endless_length_is_cut() -> None:
    marks = "\N{COMBINING ACUTE ACCENT}" * 100
    assert len(next(slices(marks))) == 12


@patient
@given(long_blocks)
def test_the_html_of_parts_is_well_formed(pieces: list[str]) -> None:
    for block in blocks("".join(pieces)):
        text_of(block.html)


def test_the_length_of_a_part() -> None:
    assert PART == 4_000


def test_a_list_is_parsed_part_by_part(parsed: list[int]) -> None:
    text = "- an item\n" * 300
    written = BlockStream(STYLE)
    for start in range(0, len(text), 7):
        written.append(text[start : start + 7])
    assert max(parsed) < 60
    assert len(parse(text, {}).blocks) == len(written.blocks)
