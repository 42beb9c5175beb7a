"""A chat as HTML that a browser shows, or that is laid out for paper: inert, and in one piece."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape, unescape

from app import strings
from app.domain.conversation import Chat, ChatMessage, ReplyRecord
from app.domain.tree import path
from app.render.blocks import render
from app.render.formulas import drawn
from app.render.maths.formula import typeset
from app.render.style import HtmlStyle

_IMAGE = re.compile(r'<img src="([^"]*)"[^>]*>')
_SIZE = re.compile(r' width="[^"]*" height="[^"]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colours of what is shown, and a reply's numbers in a line."""

    style: HtmlStyle
    numbers: Callable[[ReplyRecord], str]


PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 46em; margin: 2.5em auto; padding: 0 1em;
  color: #1c1b19; background: #fff; }}
h2 {{ font-size: .85em; color: {muted}; margin: 2.2em 0 .4em; }}
.formula {{ text-align: center; overflow-x: auto; }}
pre {{ background: {raised}; border: 1px solid {border}; border-radius: 10px; padding: .8em 1em;
  overflow-x: auto; }}
a {{ color: {link}; }}
small {{ color: {muted}; }}
</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""


def body(chat: Chat, look: Look) -> str:
    parts: list[str] = []
    if system := chat.settings.system.strip():
        parts.append(f"<h2>{strings.SYSTEM_PROMPT}</h2>{_written(system)}")
    for message in path(chat.messages, chat.tip):
        parts += [f"<h2>{speaker(message)}</h2>", *_message(message, look)]
    return "\n".join(parts)


def _message(message: ChatMessage, look: Look) -> Sequence[str]:
    if message.role == "user":
        files = [
            f"<small>{escape(one_line(file.name))}</small><br>" for file in message.attachments
        ]
        return [*files, _written(message.text)]
    blocks = [
        f"<pre>{escape(block.code)}</pre>" if block.code is not None else _drawn(block.html, look)
        for block in render(message.text, look.style)
    ]
    if message.reply is None:
        return blocks
    return [*blocks, f"<p><small>{escape(look.numbers(message.reply))}</small></p>"]


def _drawn(html: str, look: Look) -> str:
    """Formulas as drawings of their own: an image by the window's scheme means nothing here."""
    font = look.style.maths

    def drawing(image: re.Match[str]) -> str:
        found = drawn(unescape(image.group(1)))
        formula = found and font and typeset(found.latex, font, display=found.display)
        if not found or not formula:
            return ""
        size = (
            f'style="width:{formula.width:.3f}em; height:{formula.height + formula.depth:.3f}em; '
            f'vertical-align:{-formula.depth:.3f}em" role="img" aria-label="{escape(found.latex)}"'
        )
        svg = _SIZE.sub(lambda _: f" {size}", formula.svg, count=1)
        return f"<div class=formula>{svg}</div>" if found.place == "block" else svg

    return _IMAGE.sub(drawing, html)


def _written(text: str) -> str:
    """As it was typed: no Markdown."""
    return f"<p>{'<br>'.join(escape(text).splitlines())}</p>"


def speaker(message: ChatMessage) -> str:
    name = strings.YOU if message.role == "user" else strings.MODEL
    if not message.created:
        return name
    return f"{name}, {time.strftime('%Y-%m-%d %H:%M', time.localtime(message.created))}"


def title_line(chat: Chat) -> str:
    return one_line(chat.title or strings.UNTITLED)


def one_line(text: str) -> str:
    return " ".join(text.split())
