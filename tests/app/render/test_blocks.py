from __future__ import annotations

import pytest
from hypothesis import example, given

from app.render.blocks import Block, BlockStream, final_lines, render
from app.render.parser import parse
from app.render.parts import PART
from tests.app.render.support import STYLE, patient, pieces


def stream(parts: list[str]) -> BlockStream:
    blocks = BlockStream(STYLE)
    for part in parts:
        blocks.append(part)
    return blocks


def shape(blocks: tuple[Block, ...]) -> list[tuple[str, str, str | None, str | None]]:
    return [(block.source, block.kind, block.language, block.code) for block in blocks]


def texts(blocks: tuple[Block, ...]) -> list[tuple[str, str, str]]:
    """Without code, which is coloured later when it arrives in pieces."""
    return [(block.source, block.kind, block.html) for block in blocks if block.kind != "code"]


@patient
@given(pieces())
@example(["[a]\n\n> q\n>\n> [a]: http://x", ".y\n\nz"])  # a definition grows
@example(["[a]\n\n> q\n>\n> [a]: http://x", " y\n\nz"])  # and one turns out to be none
@example(["## h|2\n", "|-|-|\n"])  # a heading that turns out to head a table
@example(['[f]: /u\n"t\n===\n', 'x"\n'])  # a heading that vanishes into a title
@example(["~~~\na\n    ", "b\n"])  # spaces where a line will be
@example(["a\r", "\nb\r", "\r\nc"])  # line ends in halves
@example(
    ["[[a] b][c]\n\n", "[a]: http://u\n\n[c]: http://v\n\n", "x\n"]
)  # asks for more once one is known
def test_any_split_gives_the_blocks_of_the_whole(parts: list[str]) -> None:
    written = stream(parts)
    written.finish()
    assert written.blocks == render("".join(parts), STYLE)


@patient
@given(pieces())
def test_at_every_moment_the_blocks_are_those_of_what_has_arrived(parts: list[str]) -> None:
    written = BlockStream(STYLE)
    for count, part in enumerate(parts, 1):
        written.append(part)
        arrived = "".join(parts[:count])
        if not arrived.endswith("\r"):  # which may be half of a line end
            assert shape(written.blocks) == shape(render(arrived, STYLE))


@patient
@given(pieces())
@example(["a [b", "]: c"])
@example(["[a]: b", "c"])  # the address of a definition
@example(["[a]: /u\n'b", "c' "])  # its title
@example(["|a|b|\n|-|-|\n|c", "d"])  # a cell, with another to its right
@example(["|a|\n|-|\n|b|c", "d"])  # one too many, which is not shown
@example(["a &amp", "; "])
@example(["long " * (PART // 5 - 1), "wor", "ds ", "go on", " and on"])  # into slices
@example(["**long** " * (PART // 8), "words  ", "go on ", "and on"])
@example(["words " * (PART // 4), "  ", "go on"])
@example(["1", ". ", "a"])
@example(["see https://a.b", "c, ", "d"])
@example(["a  ", "b  ", "\n", "c"])
def test_plain_words_are_added_as_if_they_had_been_there(parts: list[str]) -> None:
    written = BlockStream(STYLE)
    for count, part in enumerate(parts, 1):
        written.append(part)
        at_once = stream(["".join(parts[:count])])
        assert texts(written.blocks) == texts(at_once.blocks)


@patient
@given(pieces())
def test_an_update_names_the_first_block_that_changed(parts: list[str]) -> None:
    written, before = BlockStream(STYLE), tuple[Block, ...]()
    for update in [*(written.append(part) for part in parts), written.finish()]:
        assert before[: update.first_changed] == written.blocks[: update.first_changed] or not parts
        before = written.blocks


@patient
@given(pieces())
def test_closed_blocks_stay(parts: list[str]) -> None:
    written, closed = BlockStream(STYLE), list[tuple[str, str]]()
    for part in parts:
        written.append(part)
        now = [(block.source, block.kind) for block in written.blocks if block.closed]
        assert now[: len(closed)] == closed
        closed = now


def test_keys_count_the_blocks() -> None:
    written = stream(["# a\n\nb\n\n- c\n\nd\n"])
    assert [block.key for block in written.blocks] == [0, 1, 2, 3]
    assert [block.closed for block in written.blocks] == [True, True, True, False]


def test_a_definition_below_links_the_block_above() -> None:
    written = stream(["[a] and [b]\n\nmore\n\n"])
    assert "<a " not in written.blocks[0].html
    update = written.append("[a]: https://x.y\n\nend\n")
    assert update.first_changed == 0
    assert '<a href="https://x.y"' in written.blocks[0].html
    written.append("\n[b]: https://z.w\n")
    assert written.finish().first_changed == 0
    assert 'href="https://x.y"' in written.blocks[0].html
    assert 'href="https://z.w"' in written.blocks[0].html


def test_nothing_changes_without_text() -> None:
    written = stream(["# a\n\nb"])
    assert written.append("").first_changed == 2


@pytest.mark.parametrize("begun", ["One", "# One", "- a **bold** word", "12. one", "> - 1) one"])
def test_plain_words_are_not_parsed(parsed: list[int], begun: str) -> None:
    written = stream([begun])
    for word in (" and", " more, it's", " so. ", "Good"):
        written.append(word)
    assert len(parsed) == 1
    assert written.blocks == stream([begun + " and more, it's so. Good"]).blocks


def test_what_is_final_is_not_parsed_again(parsed: list[int]) -> None:
    paragraph = "Some *words* of a reply.\n\n"
    written = BlockStream(STYLE)
    for _ in range(400):
        for word in paragraph.split(" "):
            written.append(word + " ")
    assert max(parsed) < 3 * len(paragraph)
    assert len(written.blocks) == 400


@pytest.mark.parametrize("fence", ["```", "~~~~", "```python"])
def test_long_code_is_parsed_a_bounded_number_of_times(parsed: list[int], fence: str) -> None:
    code = "value = compute(value)  # a line\n" * 3_200  # 100 kB
    written = BlockStream(STYLE)
    for start in range(0, len(fence + code) + 1, 12):
        written.append(f"{fence}\n{code}"[start : start + 12])
    written.append("\n" + fence[:3] + "`" * 3 + "~" + "\n")
    written.finish()
    assert sum(parsed) < 2.5 * len(code)
    assert len(written.blocks) == 1


@pytest.mark.parametrize(
    ("text", "laborious"),
    [
        ("> short\n", False),
        ("> a quote that goes on\n" * 300, True),
        ("```\n" + "code that goes on\n" * 300, False),
        ("words that go on " * 300, False),
        ("- an item\n" * 600, False),
        ("|a|\n|-|\n" + "|a row|\n" * 800, False),
    ],
)
def test_what_is_laborious_is_what_cannot_be_cut(text: str, laborious: bool) -> None:
    assert stream([text]).laborious == laborious


@pytest.mark.parametrize(
    ("text", "final"),
    [
        ("a\n\n", 0),  # an end is final once something else begins
        ("a\n\nb", 0),  # "b" may become "b|c", but that is not why: its line is not complete
        ("a\n\nb\n", 2),
        ("# a", 0),
        ("# a\n", 1),
        ("a\n# b\n", 2),
        ("***\n", 1),
        ("```\na\n```", 0),  # "```x" would not close it
        ("```\na\n```\n", 3),
        ("- a\n\n", 0),
        ("- a\n\n  b\n", 0),  # a blank line does not end a list
        ("- a\n\nb\n", 2),
        ("- ```\n\n  x\n", 0),
        ("```\na\n\nb\n", 0),  # nor a fence
        ("a\n```\nb\n\nc\n", 1),  # but what is above an open fence is final
        ("    a\n\n    b\n", 0),  # nor indented code
        ("> a\n", 0),
        ("> a\n\n> b\n", 2),
        ("a\n===\n", 0),
        ('[a]: /u\n"t\n===\n', 0),  # the title may go on: `"t\n===\nx"`
        ("[a]: /u\n\nb\n", 2),
        ("a\nb|c\n", 0),
        ("b|c\n-|-\n1|2\n", 0),
        ("b|c\n-|-\n\nx\n", 3),
        ("$$\nx\n", 0),
        ("$$\nx\n$$\n", 3),
        ("a\n\n$$x$$\n", 3),
        ("a\n$$x$$\n", 0),  # a line above may still take it in
        ("$$\nx\n\n", 2),  # a formula is not closed across a blank line
        ("$$\nx\n ", 0),
        ("# b|c\n", 0),  # a delimiter row would make it a table
        ("# b|c\nx\n", 1),
    ],
)
def test_final_lines(text: str, final: int) -> None:
    assert final_lines(parse(text, {})) == final
