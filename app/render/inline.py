"""Inline tokens to HTML: text, marks, links. Images are links; no address is ever loaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it.token import Token

from app.render.escape import text_html
from app.render.formula_html import formula_html
from app.render.style import HtmlStyle

SCHEMES = ("http://", "https://", "mailto:")
_ADDRESS = re.compile(r"(https?://[^\s<>\"]*[^\s<>\"'()\[\].,;:!?*_~])")


def inline_html(tokens: Sequence[Token], style: HtmlStyle) -> str:
    writer = _Writer(style)
    return "".join(writer.write(token) for token in tokens)


class _Writer:
    """Remembers, of each link it is inside of, whether it is shown as one: links do not nest."""

    def __init__(self, style: HtmlStyle) -> None:
        self._style = style
        self._links: list[bool] = []

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
                return "\n"
            case "hardbreak":
                return "<br>"
            case _:  # em, strong, s
                return f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>"

    def _text(self, text: str) -> str:
        """Addresses written out become links, as on GitHub; they are the odd pieces."""
        return "".join(
            self._link(piece, piece) if index % 2 else text_html(piece)
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
        shown = address.lower().startswith(SCHEMES) and not any(self._links)
        self._links.append(shown)
        return f'<a href="{escape(address)}" style="color:{self._style.link}">' if shown else ""

    def _close(self) -> str:
        return "</a>" if self._links.pop() else ""
