"""Markdown as models write it and as nobody should."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

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
"""Machines that train a model meanwhile are slow."""

markdown = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=20).map("".join),
    st.text(max_size=60),
)


@st.composite
def pieces(draw: st.DrawFn) -> list[str]:
    """A text and one of the ways in which it can arrive."""
    text = draw(markdown)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=len(text))))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
