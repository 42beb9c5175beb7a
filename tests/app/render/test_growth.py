from __future__ import annotations

import pytest

from app.render.growth import added_text


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
def test_words_at_the_end(before: str, after: str, added: str) -> None:
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
def test_other_changes(before: str, after: str) -> None:
    assert added_text(before, after) == ""
