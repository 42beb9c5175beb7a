from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.engine.lines import LineBuffer


def test_a_line_in_pieces() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b'{"a"') == []
    assert buffer.feed(b': 1}\n{"b"') == [b'{"a": 1}']
    assert buffer.feed(b": 2}\n") == [b'{"b": 2}']


def test_empty_lines_are_nothing() -> None:
    assert LineBuffer().feed(b"\n  \n\na\n\n") == [b"a"]


def test_a_line_that_is_too_long_is_dropped_and_the_next_is_not() -> None:
    buffer = LineBuffer(limit=10)
    assert buffer.feed(b"x" * 8) == []
    assert buffer.feed(b"x" * 8) == []
    assert buffer.feed(b"x" * 100) == []
    assert buffer.feed(b"xx\nshort\n") == [b"short"]


def test_a_long_line_in_one_piece_is_dropped() -> None:
    assert LineBuffer(limit=10).feed(b"x" * 11 + b"\nok\n") == [b"ok"]


@given(
    st.lists(st.binary(min_size=1, max_size=12).filter(lambda b: b"\n" not in b and b.strip())),
    st.data(),
)
def test_however_it_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    buffer, got, at = LineBuffer(), list[bytes](), 0
    while at < len(whole):
        size = data.draw(st.integers(1, len(whole) - at))
        got += buffer.feed(whole[at : at + size])
        at += size
    assert got == lines
