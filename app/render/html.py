"""Tokens to the HTML that QLabel and QTextBrowser lay out (Qt's "Supported HTML Subset").

That subset has no border on one side and no flex; quotes, and code inside a list, are therefore
tables with a background.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from app.render.highlight import highlight
from app.render.inline import inline_html
from app.render.style import HtmlStyle

_CODE = ("fence", "code_block")
_HEADINGS = {"h1": "x-large", "h2": "large"}
_WIDE = '<table width="100%" border="0" cellspacing="0"'


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
    if token.type in _CODE:
        fill = f'<tr><td bgcolor="{style.code_bg}">{_code(token, style)}</td></tr>'
        return f'{_WIDE} cellpadding="8">{fill}</table>'
    if token.nesting < 0:
        return "</td></tr></table>" if token.tag == "blockquote" else f"</{token.tag}>"
    return _opening(token, style)


def _opening(token: Token, style: HtmlStyle) -> str:
    match token.tag:
        case "blockquote":
            bar = f'<td width="3" bgcolor="{style.border}"></td><td width="8"></td>'
            look = f"color:{style.text_muted}"
            return f'{_WIDE} cellpadding="0"><tr>{bar}<td style="{look}">'
        case "table":
            look = f"border-collapse:collapse; border-color:{style.border}"
            return f'<table border="1" cellspacing="0" cellpadding="6" style="{look}">'
        case "th" | "td":
            return _cell(token, style)
    return f"<{token.tag}{_attributes(token)}>"


def _cell(token: Token, style: HtmlStyle) -> str:
    align = str(token.attrGet("style") or "").removeprefix("text-align:") or "left"
    fill = f' bgcolor="{style.surface_raised}"' if token.tag == "th" else ""
    return f'<{token.tag} align="{align}"{fill}>'


def _attributes(token: Token) -> str:
    match token.tag:
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            size = _HEADINGS.get(token.tag, "medium")
            return f' style="font-size:{size}; font-weight:600; margin:0"'
        case "p" if token.level == 0:
            return ' style="margin:0"'
        case "ol" if token.attrGet("start") is not None:
            return f' start="{token.attrGet("start")}"'
    return ""
