from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.render.highlight import COMMON, LIMIT, _lexer, highlight, warm_up
from tests.app.render.sample import STYLE
from tests.app.render.strategies import patient


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


def test_a_lexer_that_loses_text_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.render.highlight._tokens", lambda lexer, code: [(0, ("Name",), "a")])
    assert highlight("a < b # lost", "python", STYLE) == "a &lt; b # lost"


def test_common_languages_are_known_and_can_be_warmed_up() -> None:
    assert all(_lexer(language) is not None for language in COMMON)
    assert _lexer("Python") is _lexer("Python")
    assert type(_lexer("py")) is type(_lexer("python"))
    assert _lexer("no such language") is None
    _lexer.cache_clear()
    warm_up()
    assert _lexer.cache_info().currsize == len(COMMON)
