from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name

from app.render.highlight import COMMON, LIMIT, highlight, warm_up
from tests.app.render.support import STYLE, patient


def text_of(html: str) -> str:
    return unescape(re.sub("<[^>]*>", "", html))


LANGUAGES = ["python", "json", "html", "c++", "bash", "diff", "php", "rst", "no such one", None]


@patient
@given(st.text(max_size=80), st.sampled_from(LANGUAGES))
def test_colours_change_no_character(code: str, language: str | None) -> None:
    code = code.replace("\r", "").replace("\0", "")  # HTML has no such characters
    assert text_of(highlight(code, language, STYLE)) == code


@pytest.mark.parametrize(
    ("code", "role"),
    [
        ("return", "code_keyword"),
        ("'a'", "code_string"),
        ("# c", "code_comment"),
        ("12", "code_number"),
        ("print", "code_name"),
    ],
)
def test_roles(code: str, role: str) -> None:
    assert highlight(code, "python", STYLE) == (
        f'<span style="color:{getattr(STYLE, role)}">{code}</span>'
    )


def test_markup_in_code_is_escaped() -> None:
    assert highlight("<b>&", None, STYLE) == "&lt;b&gt;&amp;"
    assert "&lt;b&gt;" in highlight("x = '<b>'", "python", STYLE)


def test_colours_end_with_the_last_line_that_fits() -> None:
    line = "x = 1\n"
    html = highlight(line * LIMIT, "python", STYLE)
    assert html.count("<span") == LIMIT // len(line)
    assert text_of(html) == line * LIMIT


def test_an_endless_line_stays_plain() -> None:
    assert "<span" not in highlight("1 " * LIMIT, "python", STYLE)


def test_the_colours_of_a_lexer_that_loses_text_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Losing:
        def get_tokens_unprocessed(self, code: str) -> list[tuple[int, tuple[str], str]]:
            return [(0, ("Keyword",), code[:1])]

    monkeypatch.setattr("pygments.lexers.find_lexer_class", lambda name: Losing)
    assert highlight("a < b # lost", "brainfuck", STYLE) == "a &lt; b # lost"
    assert "<span" in highlight("a", "brainfuck", STYLE)


@pytest.mark.parametrize("language", COMMON)
def test_pygments_has_the_common_languages(language: str) -> None:
    assert get_lexer_by_name(language).aliases


@pytest.mark.parametrize("language", ["python", "Python", "py"])
def test_a_language_goes_by_each_of_its_names(language: str) -> None:
    assert "<span" in highlight("return", language, STYLE)


def test_warming_up_leaves_nothing_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    warm_up(["fortran"])
    monkeypatch.delattr("pygments.lexers.find_lexer_class")
    assert "<span" in highlight("stop", "fortran", STYLE)
