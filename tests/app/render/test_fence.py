from __future__ import annotations

import pytest

from app.render.fence import OPEN_LIMIT, OpenFence, closing_line, is_open
from app.render.parser import Parsed, parse
from tests.app.render.sample import STYLE


def block(text: str) -> Parsed:
    return parse(text, {}).blocks[0]


@pytest.mark.parametrize("line", ["```", "   ```", "`````", "``` \t"])
def test_closing_lines(line: str) -> None:
    assert closing_line("```").search(f"x\n{line}\ny")


@pytest.mark.parametrize("line", ["``", "    ```", "\t```", "```x", "~~~", "x```"])
def test_lines_that_do_not_close(line: str) -> None:
    assert not closing_line("```").search(f"x\n{line}\ny")


@pytest.mark.parametrize("text", ["```\n", "```py\nx\n", "~~~~\n~~~\n"])
def test_open(text: str) -> None:
    assert is_open(block(text))


@pytest.mark.parametrize("text", ["```", " ```\n", "```\n```", "    a\n", "a\n", "```a|b\n"])
def test_not_open(text: str) -> None:
    assert not is_open(block(text))


def test_a_closing_line_is_found_though_it_arrives_in_pieces() -> None:
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
