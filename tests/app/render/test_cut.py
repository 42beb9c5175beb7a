from __future__ import annotations

import pytest

from app.render.cut import final_lines
from app.render.parser import parse


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
