"""A style to tell roles apart, Markdown as models write it and as nobody should, and a reader."""

from __future__ import annotations

from dataclasses import fields
from html.parser import HTMLParser

from hypothesis import settings
from hypothesis import strategies as st

from app.render.style import HtmlStyle

COLOURS = [field.name for field in fields(HtmlStyle) if field.name not in ("code_family", "maths")]
STYLE = HtmlStyle.from_tokens({name: f"#0000{number:02x}" for number, name in enumerate(COLOURS)})
"""Each role has its own colour, so that a test sees which of them was taken."""

PIECES = (
    *("a", "b", " ", "  ", "    ", "\t", "\n", "\n\n", "\r\n", "\r", "\0", "\\"),
    *(
        "# h\n",
        "## h",
        "===",
        "---",
        "***\n",
        "- ",
        "- a\n",
        "1. ",
        "2) b\n",
        "> ",
        "> q\n> ",
        "+\n",
    ),
    *("```", "```py\n", "~~~\n", "````\n", "`", "``", "x = 1\n", "``` \n", " ```\n", "   ~~~"),
    *("|", "a|b\n", "-|-\n", "|-|-|\n", "|1|2|\n", ":-:|-\n"),
    *(
        "[a]",
        "[b]: http://u.v",
        "[a]: http://x.y\n",
        '"t\n',
        '"',
        "[a]: http://w 't\nu'\n",
        "[a][b]",
    ),
    *("![i](j)", "~~~~\n", "````"),
    *("[a](http://x.y)", "](", "[", "]", "!", "<b>", "<http://a.b>", "https://a.b/c", "&amp;", "&"),
    *("$", "$x^2$", "$$", "\\(", "\\)", "\\frac", "{", "}", "x_1"),
    *("$$\n", "\n$$\n", "\\[\n", "\\]\n", "\\]", "$$ x", "x $$\n", "\\frac{a}{b}"),
    *("  - n\n", "    - n\n", "   1. n\n", "> - q\n", "> > r\n", "- > q\n", "> $$\n", "  $$\n"),
    *("<div>\n", "</div>", "<!-- ", "<br/>", "<img src=x>", "<http://x", "~~s~~", "\\\n"),
    *(
        "\N{MAN}\N{ZERO WIDTH JOINER}\N{ROCKET}",
        "\u05e9\u05dc",
        "> \u05e9\u05dc\n",
        "\N{MODIFIER LETTER PRIME}",
        "\u4f60\u597d",
        "e\N{COMBINING ACUTE ACCENT}",
    ),
    *(
        "words and more ",
        "it's so, ",
        "one. ",
        "a 1. ",
        "1.",
        ": ",
        "2",
        'he said "',
        "https://",
        "#",
    ),
    *("*", "**", "_", "~~", "- [ ] t\n", "- [x] t\n", "[A]: <\n", "    code\n", "é", "\N{ROCKET}"),
)

patient = settings(deadline=None)
"""No deadline: a machine that also trains a model is slow."""

markdown = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=20).map("".join),
    st.text(max_size=60),
)


@st.composite
def in_pieces(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[str]:
    """Draw a text, cut in one of the ways in which it can arrive."""
    text = draw(texts)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=len(text))))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def pieces() -> st.SearchStrategy[list[str]]:
    return in_pieces(markdown)


TAGS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "thead", "tbody", "tr"),
    *("th", "td", "pre", "code", "span", "em", "strong", "s", "a", "br", "hr"),
    *("i", "sub", "sup"),
}
VOID_TAGS = {"br", "hr"}


class Reader(HTMLParser):
    """Fails on a tag that Qt does not have, on bad nesting, and on any address but a link's."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        names = {name for name, _ in attrs}
        assert not names & {"src", "background", "id", "onclick"}
        assert ("href" in names) == (tag == "a")
        assert tag not in self.open or tag not in {"a", "p", "pre", "code"}
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(html: str) -> str:
    """Return the text of HTML, which must be well formed and load nothing."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.text
