"""Words are looked for as they stand; what they stand in is shown in one line."""

from __future__ import annotations

import pytest

from app.services.search_index import holds, snippet, words


def test_words_come_once_and_can_be_stored() -> None:
    assert words("  two words\n two ") == ("two", "words")
    assert words("a\0b \ud83d") == ("a", "b")
    assert words(" \t") == ()


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Reverse a list", "LIST rev", True),
        ("Reverse a list", "list tree", False),
        ("STRASSE", "straße", True),
        ("Über Bäume", "über", True),
        ("日本語の文章", "本語", True),
        ('50 % "off"', '"off" %', True),
    ],
)
def test_all_words_are_held_in_any_order(text: str, query: str, found: bool) -> None:
    assert holds(text, words(query)) is found


def test_a_snippet_is_one_line_around_the_first_match() -> None:
    text = "start " * 30 + "\n\n the needle \n\n" + "end " * 60
    line = snippet(text, ("needle", "end"))
    assert "the needle end" in line
    assert line.startswith("…")
    assert line.endswith("…")
    assert "\n" not in line
    assert len(line) <= 122


def test_a_short_text_is_shown_whole() -> None:
    assert snippet("the needle", ("needle",)) == "the needle"
    assert snippet("only the title matched", ("other",)) == "only the title matched"
