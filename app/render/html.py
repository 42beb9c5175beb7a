"""Tokens to the HTML that QLabel and QTextBrowser lay out (Qt's "Supported HTML Subset").

That subset has no border on one side and no flex; quotes, and code inside a list, are therefore
tables with a background.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from app.render.formula_html import formula_html
from app.render.highlight import highlight
from app.render.inline import inline_html
from app.render.style import HtmlStyle

_CODE = ("fence", "code_block")
_WIDE = '<table width="100%" border="0" cellspacing="0"'
_TASK = "; list-style-type:none"  # its box stands in for the bullet
_LEADING = "line-height:130%"
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
    """HTML of one top-level block; a top-level code block comes without its background."""
    if tokens[0].type in _CODE:
        return _code(tokens[0], style)
    return "".join(_token(token, style) for token in tokens)


def language(token: Token) -> str | None:
    """The first word of a fence's info string."""
    words = token.info.split()
    return words[0].lower() if words else None


def pre(spans: str, style: HtmlStyle) -> str:
    look = f"margin:0; font-family:{style.code_family}; color:{style.code_text}"
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
    """Its bar stands on the side where its text begins."""
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
