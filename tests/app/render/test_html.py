from __future__ import annotations

import re

import pytest
from hypothesis import given

from app.render.blocks import BlockStream, render
from tests.app.render.support import STYLE, markdown, patient, text_of

PARAGRAPH = '<p style="line-height:130%; margin:0">'


def html(text: str) -> str:
    return "".join(block.html for block in render(text, STYLE))


@patient
@given(markdown)
def test_html_is_well_formed_and_loads_nothing(text: str) -> None:
    for block in render(text, STYLE):
        text_of(block.html)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        'a <b onclick="x">c</b>',
        "<img src='https://x.y/z.png'>",
        "`<b>`",
        "```\n<b>&amp;\n```",
        "    <b>",
        "- <b>",
        "|<b>|\n|-|\n",
    ],
)
def test_raw_html_is_text(text: str) -> None:
    source = html(text)
    assert "<script" not in source
    assert "<b" not in source.replace("<br", "")
    assert "<img" not in source
    assert "<" in text_of(source)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_web_links_are_links(scheme: str) -> None:
    link = f'<a href="{scheme}://x.y" style="color:{STYLE.link}">t</a>'
    assert html(f"[t]({scheme}://x.y)") == f"{PARAGRAPH}{link}</p>"


def test_mail_links_are_links() -> None:
    assert 'href="mailto:a@b.c"' in html("<a@b.c>")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ftp://x.y", "/a"]
)
def test_other_schemes_are_text(address: str) -> None:
    assert "<a" not in html(f"[text]({address})")
    assert "text" in html(f"[text]({address})")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://x.y/a_b_c.", "https://x.y/a_b_c"),
        ("(https://x.y/a)", "https://x.y/a"),
        ("https://x.y/?a=1&b=2!", "https://x.y/?a=1&amp;b=2"),
    ],
)
def test_addresses_written_out_are_links(text: str, address: str) -> None:
    assert f'<a href="{address}"' in html(text)
    assert f">{address}</a>" in html(text)


def test_a_link_holds_no_second_link() -> None:
    assert html("[https://a.b](https://c.d)").count("<a ") == 1
    assert html("[![i](https://a.b)](https://c.d)").count("<a ") == 1


def test_an_image_is_a_link_to_it() -> None:
    assert ">a cat</a>" in html("![a cat](https://x.y/z.png)")
    assert ">https://x.y/z.png</a>" in html("![](https://x.y/z.png)")
    assert html("![a cat](cat.png)") == f"{PARAGRAPH}a cat</p>"


def test_a_table_keeps_its_alignment() -> None:
    source = html("|a|b|\n|:-:|-:|\n|1|2|\n")
    assert f'<th align="center" style="background-color:{STYLE.surface_raised};' in source
    assert '<td align="right" ' in source
    assert source.count(STYLE.surface_raised) == 2  # the head alone is filled
    assert text_of(source) == "ab12"


def test_code_at_the_top_has_no_background_but_nested_code_has() -> None:
    assert "bgcolor" not in html("```\nx\n```")
    assert f'bgcolor="{STYLE.code_bg}"' in html("- a\n  ```\n  x\n  ```")
    assert f"background-color:{STYLE.surface_raised}" in html("`x`")


def test_a_tight_list_has_no_paragraphs() -> None:
    assert "<p" not in html("- a\n- b")
    assert html("- a\n\n- b").count("<p") == 2


def test_a_numbered_list_begins_where_it_says() -> None:
    assert '<ol start="3"' in html("3. a\n4. b")


def test_the_box_of_a_task_stands_in_for_its_bullet() -> None:
    source = html("- [ ] a\n- b\n")
    assert source.count("list-style-type:none") == 1
    assert text_of(source) == "\N{BALLOT BOX} ab"


def test_breaks() -> None:
    assert html("a\nb  \nc") == f"{PARAGRAPH}a\nb<br>c</p>"


BAR = f'<td width="3" bgcolor="{STYLE.border}"></td>'
SHALOM, SALAM = "\u05e9\u05dc\u05d5\u05dd", "\u0633\u0644\u0627\u0645"


def bars(source: str) -> str:
    """Return < for each bar before the text of its quote, and > for each bar after it."""
    before, after = f"<tr>{BAR}", f"{BAR}</tr>"
    places = re.findall(f"{re.escape(before)}|{re.escape(after)}", source)
    return "".join("<" if place == before else ">" for place in places)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> hello", "<"),
        (f"> {SHALOM}", ">"),
        (f"> {SALAM}", ">"),
        (f"> hello {SHALOM}", "<"),
        (f"> {SHALOM} hello", ">"),
        (f"> 12. **{SHALOM}**", ">"),
        (f"> # ... {SHALOM}", ">"),
        (f"> ...\n>\n> {SHALOM}\n>\n> hello", ">"),
        (f"> - {SHALOM}", ">"),
        (f"- > {SHALOM}", ">"),
        (f"> [{SHALOM}](https://x.y)", ">"),
        (f"> [a][b]\n\n[b]: https://x.y/{SHALOM}", "<"),
        (f"> `{SHALOM}`", ">"),
        (f"> ```\n> x\n> ```\n> {SHALOM}", "<"),
        (f"> $x$ {SHALOM}", ">"),
        (f"> $$\n> x\n> $$\n> {SHALOM}", ">"),
        ("> 12 ...", "<"),
        (f"> hello\n> > {SHALOM}", "<>"),
        (f"> > {SHALOM}\n>\n> hello", ">>"),
        (f"> > hello\n>\n> {SHALOM}", "<<"),
        (f"{SHALOM}\n\n> hello", "<"),
    ],
)
def test_the_bar_of_a_quote_stands_where_its_text_begins(text: str, expected: str) -> None:
    source = html(text)
    text_of(source)
    assert bars(source) == expected


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("> ", "\N{MODIFIER LETTER PRIME}", SHALOM, " hello"), "<<>>"),
        ((f"> [12][b] {SHALOM}\n\n", "1\n\n[b]: https://x.y\n\n", ".\n\n2"), "<<>"),
    ],
)
def test_a_quote_turns_with_its_first_letter(pieces: tuple[str, ...], expected: str) -> None:
    written = BlockStream(STYLE)
    shown = ""
    for piece in pieces:
        written.append(piece)
        shown += bars("".join(block.html for block in written.blocks))
    assert shown == expected
