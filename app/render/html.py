"""Tokens to the HTML that QLabel and QTextBrowser lay out (Qt's "Supported HTML Subset").

That subset has no border on one side and no flex: quotes, and code inside a list, are tables with a
background. Images are links, and no address is ever loaded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it.token import Token

from app.render.formulas import formula_html
from app.render.highlight import highlight
from app.render.style import HtmlStyle, text_html

LINK_SCHEMES = ("http://", "https://", "mailto:")
"""Addresses that are links; any other is text."""
_ADDRESS = re.compile(r"(https?://[^\s<>\"]*[^\s<>\"'()\[\].,;:!?*_~])")
_CODE = ("fence", "code_block")
_WIDE = '<table width="100%" border="0" cellspacing="0"'
_TASK = "; list-style-type:none"  # the box of a task takes the place of the bullet
_LEADING = "line-height:130%"
_AIR = "line-height:130%"  # of code
_HEADING = "font-weight:600; margin:0; font-size"
_LOOKS = {
    "h1": f"{_HEADING}:x-large",
    "h2": f"{_HEADING}:large",
    **dict.fromkeys(("h3", "h4", "h5", "h6"), f"{_HEADING}:medium"),
    "p": _LEADING,
    "li": _LEADING,
    "ul": f"{_LEADING}; margin:0 0 0 -14px",  # Qt indents by 40
    "ol": f"{_LEADING}; margin:0 0 0 -6px",
}


def to_html(tokens: Sequence[Token], style: HtmlStyle) -> str:
    """Return the HTML of one top-level block.

    A code block at the top level has no background: the widget that shows it draws one.
    """
    if tokens[0].type in _CODE:
        return _code(tokens[0], style)
    return "".join(_token(token, style) for token in tokens)


def language(token: Token) -> str | None:
    """Return the first word of a fence's info string, in small letters, or None without one."""
    words = token.info.split()
    return words[0].lower() if words else None


def pre(spans: str, style: HtmlStyle) -> str:
    """Return preformatted text, whose spans are HTML already."""
    look = f"margin:0; {_AIR}; font-family:{style.code_family}; color:{style.code_text}"
    return f'<pre style="{look}">{spans}</pre>'


def _code(token: Token, style: HtmlStyle) -> str:
    return pre(highlight(token.content.removesuffix("\n"), language(token), style), style)


def _token(token: Token, style: HtmlStyle) -> str:
    if token.type == "inline":
        return inline_html(token.children or [], style)
    if token.hidden:  # the paragraphs of a tight list
        return ""
    if token.type == "math_block":
        formula = formula_html(token.content, token.markup, style, block=True)
        return f'<p align="center" style="margin:0">{formula}</p>'
    if token.type in _CODE:
        fill = f'<tr><td bgcolor="{style.code_bg}">{_code(token, style)}</td></tr>'
        return f'{_WIDE} cellpadding="8">{fill}</table>'
    if token.tag == "blockquote":
        return _quote(token, style)
    return f"</{token.tag}>" if token.nesting < 0 else _opening(token, style)


def _quote(token: Token, style: HtmlStyle) -> str:
    """Return the tag of a quote, whose bar stands on the side where its text begins."""
    bar, gap = f'<td width="3" bgcolor="{style.border}"></td>', '<td width="8"></td>'
    from_right = token.meta.get("direction") == "rtl"
    if token.nesting < 0:
        return f"</td>{gap}{bar}</tr></table>" if from_right else "</td></tr></table>"
    before = "" if from_right else bar + gap
    return f'{_WIDE} cellpadding="0"><tr>{before}<td style="color:{style.text_muted}">'


def _opening(token: Token, style: HtmlStyle) -> str:
    match token.tag:
        case "table":
            return '<table border="0" cellspacing="0" cellpadding="0">'
        case "th" | "td":
            return _cell(token, style)
        case "hr":
            return f'<hr style="background-color:{style.border}">'
    return f"<{token.tag}{_attributes(token)}>"


def _cell(token: Token, style: HtmlStyle) -> str:
    align = str(token.attrGet("style") or "").removeprefix("text-align:") or "left"
    fill = f"background-color:{style.surface_raised}; " if token.tag == "th" else ""
    line = f"border-bottom:1px solid {style.border}; padding:5px 14px 5px 8px"
    return f'<{token.tag} align="{align}" style="{fill}{line}">'


def _attributes(token: Token) -> str:
    start = token.attrGet("start")
    number = "" if start is None else f' start="{start}"'
    margin = "; margin:0" if token.type == "paragraph_open" and token.level == 0 else ""
    look = _LOOKS.get(token.tag, "") + _TASK * ("task" in token.meta)
    return f'{number} style="{look}{margin}"' if look else ""


def inline_html(tokens: Sequence[Token], style: HtmlStyle) -> str:
    """Return the HTML of the children of an inline token: text, marks, links and formulas."""
    writer = _Writer(style)
    return "".join(writer.write(token) for token in tokens)


class _Writer:
    """Writes one token after the other, and remembers the links that are open: none may nest."""

    def __init__(self, style: HtmlStyle) -> None:
        self._style = style
        self._links: list[bool] = []  # for each open link: whether it is written as one

    def write(self, token: Token) -> str:
        match token.type:
            case "text" | "text_special":
                return self._text(token.content)
            case "link_open":
                return self._open(str(token.attrGet("href") or ""))
            case "link_close":
                return self._close()
            case "image":
                return self._image(token)
            case _:
                return self._mark(token)

    def _mark(self, token: Token) -> str:
        match token.type:
            case "code_inline":
                return self._code(token.content)
            case "math":
                return formula_html(token.content, token.markup, self._style)
            case "softbreak":
                return "<br>" if self._style.keeps_lines else "\n"
            case "hardbreak":
                return "<br>"
            case _:  # em, strong, s
                return f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>"

    def _text(self, text: str) -> str:
        """Return text in which addresses are links, as on GitHub."""
        return "".join(
            self._link(piece, piece) if index % 2 else text_html(piece)  # the odd ones match
            for index, piece in enumerate(_ADDRESS.split(text))
        )

    def _code(self, code: str) -> str:
        style = self._style
        look = f"background-color:{style.surface_raised}; color:{style.code_text}"
        return f'<code style="font-family:{style.code_family}; {look}">{text_html(code)}</code>'

    def _image(self, token: Token) -> str:
        source = str(token.attrGet("src") or "")
        return self._link(source, token.content or source)

    def _link(self, address: str, label: str) -> str:
        return self._open(address) + text_html(label) + self._close()

    def _open(self, address: str) -> str:
        is_link = address.lower().startswith(LINK_SCHEMES) and not any(self._links)
        self._links.append(is_link)
        return f'<a href="{escape(address)}" style="color:{self._style.link}">' if is_link else ""

    def _close(self) -> str:
        return "</a>" if self._links.pop() else ""
