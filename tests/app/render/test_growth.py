from __future__ import annotations

import pytest

from app.render.growth import OPEN_LIMIT, OpenFence, added_text, closing_line, is_open
from app.render.parser import Parsed, parse
from tests.app.render.support import STYLE


def block(text: str) -> Parsed:
    return parse(text, {}).blocks[0]


@pytest.mark.parametrize("line", ["```", "   ```", "`````", "``` \t"])
def test_closing_lines(line: str) -> None:
    assert closing_line("```").search(f"x\n{line}\ny")


@pytest.mark.parametrize("line", ["``", "    ```", "\t```", "```x", "~~~", "x```"])
def test_lines_that_do_not_close(line: str) -> None:
    assert not closing_line("```").search(f"x\n{line}\ny")


@pytest.mark.parametrize("text", ["```\n", "```py\nx\n", "~~~~\n~~~\n"])
def test_a_fence_at_the_margin_is_open(text: str) -> None:
    assert is_open(block(text))


@pytest.mark.parametrize("text", ["```", " ```\n", "```\n```", "    a\n", "a\n", "```a|b\n"])
def test_other_blocks_are_no_open_fence(text: str) -> None:
    assert not is_open(block(text))


def test_a_closing_line_may_arrive_in_pieces() -> None:
    text = "```\nx\n"
    fence = OpenFence(block(text), STYLE)
    closed = list[bool]()
    for piece in "``x\n```":
        text += piece
        closed.append(fence.closes(text))
    assert closed == [False] * 6 + [True]


def test_finished_lines_are_coloured_up_to_the_limit() -> None:
    line = "def f(): pass\n"
    text = "```python\n" + line + "def g"
    fence = OpenFence(block(text), STYLE)
    assert fence.html(text).count(STYLE.code_keyword) == 2  # def, pass; the second def is open
    text = "```python\n" + line * 1_000
    assert fence.html(text).count(STYLE.code_name) == OPEN_LIMIT // len(line)


def test_code_only_grows() -> None:
    text, code = "```\n", ""
    fence = OpenFence(block(text), STYLE)
    for piece in ("a", "\n", "\n", " b"):
        text += piece
        assert fence.code(text).startswith(code)
        code = fence.code(text)
    assert code == "a\n\n b"


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [
        ("<p>one</p>", "<p>one two</p>", " two"),
        ("<p>one</p>", "<p>one\n two  &amp; 3 &lt; 4</p>", " two & 3 < 4"),
        ("<ul><li>one</li></ul>", "<ul><li>one, two</li></ul>", ", two"),
        ("<h2>One</h2>", "<h2>Ones</h2>", "s"),
        ("<p>one</p>", "<p>one</p>", ""),
    ],
)
def test_text_added_at_the_end(before: str, after: str, added: str) -> None:
    assert added_text(before, after) == added


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "<p>one</p>"),
        ("<p></p>", "<p>one</p>"),  # as the first letter it has no look to take over
        ("<p>*one</p>", "<p><em>one</em></p>"),
        ("<p>one <b>two</b></p>", "<p>one <b>two</b> three</p>"),  # not bold
        ("<p>one</p>", "<p>one <b>two</b></p>"),
        ("<p>one</p>", "<h1>one two</h1>"),
        ("<p>one </p>", "<p>one  two</p>"),  # two spaces are one
        ("<p>one</p>", "<p>two</p>"),
        ("<p>one two</p>", "<p>one</p>"),
        ("<ul><li>one</li></ul>", "<ul><li>one</li><li>two</li></ul>"),
        ("<table><td>a</td></table>", "<table><td>a b</td></table>"),
        ("<p>one</p>", "<p>one\N{EM SPACE}\N{EM SPACE}two</p>"),  # one in Qt as well
        ("<p>one</p>", "<p>one\ttwo</p>"),
        ("<pre>a</pre>", "<pre>a  b</pre>"),
    ],
)
def test_other_changes_add_no_text(before: str, after: str) -> None:
    assert added_text(before, after) == ""
