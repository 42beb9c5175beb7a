"""Chats as files for other programs: the branch that is shown, or, in JSON, all branches.

Markdown keeps what was written, letter for letter; HTML and PDF show it as the window does, inert
and in one piece.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape, unescape

import msgspec
from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

from app import strings
from app.domain.conversation import Chat, ChatMessage, ReplyRecord, content
from app.domain.tree import path
from app.render.blocks import Block, render
from app.render.formulas import drawn
from app.render.maths.formula import typeset
from app.render.style import HtmlStyle
from app.render.typed import typed_blocks

VERSION = 1
_MARGIN_MM = 18.0
_IMAGE = re.compile(r'<img src="([^"]*)"[^>]*>')
_SIZE = re.compile(r' width="[^"]*" height="[^"]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colours of what is shown, a reply's numbers in a line, and the model that wrote it."""

    style: HtmlStyle
    numbers: Callable[[ReplyRecord], str]
    model: Callable[[ReplyRecord], str]


_PAGE = """<!DOCTYPE html>
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


def chat_markdown(chat: Chat, look: Look) -> bytes:
    parts = [f"# {_title(chat)}"]
    if system := chat.settings.system.strip():
        parts.append(f"## {strings.SYSTEM_PROMPT}\n\n{system}")
    for message in path(chat.messages, chat.tip):
        parts.append(f"## {_speaker(message, look)}\n\n{content(message)}")
        if message.reply is not None:
            parts.append(f"*{look.numbers(message.reply)}*")
    return ("\n\n".join(parts) + "\n").encode()


def chat_json(chat: Chat, look: Look) -> bytes:
    """Return all branches with the numbers of each reply; `shown` has the ids of one branch."""
    del look
    shown = [message.id for message in path(chat.messages, chat.tip)]
    document = {"version": VERSION, "shown": shown, "chat": msgspec.to_builtins(chat)}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def chat_html(chat: Chat, look: Look) -> bytes:
    """Return a page in one file, without scripts and without anything from other addresses."""
    return _PAGE.format(
        title=escape(_title(chat)),
        muted=look.style.text_muted,
        border=look.style.border,
        raised=look.style.surface_raised,
        link=look.style.link,
        body=_body(chat, look),
    ).encode()


def chat_pdf(chat: Chat, look: Look) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(_title(chat))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    document = QTextDocument()
    plain = replace(look, style=replace(look.style, maths=None))  # formulas as running text
    document.setHtml(f"<h1>{escape(_title(chat))}</h1>{_body(chat, plain)}")
    document.print_(writer)
    return bytes(buffer.data().data())


CHAT_FORMATS: dict[str, Callable[[Chat, Look], bytes]] = {
    ".md": chat_markdown,
    ".html": chat_html,
    ".pdf": chat_pdf,
    ".json": chat_json,
}


def _chats_markdown(chats: Sequence[Chat], look: Look) -> bytes:
    return b"\n---\n\n".join(chat_markdown(chat, look) for chat in chats)


def _chats_json(chats: Sequence[Chat], look: Look) -> bytes:
    """Each as `chat_json` writes one alone."""
    return b'{"chats": [\n' + b",\n".join(chat_json(chat, look) for chat in chats) + b"]}\n"


CHATS_FORMATS: dict[str, Callable[[Sequence[Chat], Look], bytes]] = {
    ".md": _chats_markdown,
    ".json": _chats_json,
}
"""For several chats in one file."""


def _body(chat: Chat, look: Look) -> str:
    parts: list[str] = []
    if system := chat.settings.system.strip():
        parts.append(f"<h2>{strings.SYSTEM_PROMPT}</h2>{_written(system)}")
    for message in path(chat.messages, chat.tip):
        parts += [f"<h2>{escape(_speaker(message, look))}</h2>", *_message(message, look)]
    return "\n".join(parts)


def _message(message: ChatMessage, look: Look) -> Sequence[str]:
    if message.role == "user":
        files = [
            f"<small>{escape(_one_line(file.name))}</small><br>" for file in message.attachments
        ]
        return [*files, *_blocks(typed_blocks(message.text, look.style), look)]
    blocks = _blocks(render(message.text, look.style), look)
    if message.reply is None:
        return blocks
    return [*blocks, f"<p><small>{escape(look.numbers(message.reply))}</small></p>"]


def _blocks(blocks: Sequence[Block], look: Look) -> list[str]:
    return [
        f"<pre>{escape(block.code)}</pre>" if block.code is not None else _drawn(block.html, look)
        for block in blocks
    ]


def _drawn(html: str, look: Look) -> str:
    """Return the HTML with each formula as an SVG: the window's images mean nothing in a file."""
    font = look.style.maths

    def drawing(image: re.Match[str]) -> str:
        shown = drawn(unescape(image.group(1)))
        formula = shown and font and typeset(shown.latex, font, display=shown.display)
        if not shown or not formula:
            return ""
        size = (
            f'style="width:{formula.width:.3f}em; height:{formula.height + formula.depth:.3f}em; '
            f'vertical-align:{-formula.depth:.3f}em" role="img" aria-label="{escape(shown.latex)}"'
        )
        svg = _SIZE.sub(lambda _: f" {size}", formula.svg, count=1)
        return f"<div class=formula>{svg}</div>" if shown.place == "block" else svg

    return _IMAGE.sub(drawing, html)


def _written(text: str) -> str:
    """Return the HTML of a text as it was typed, not as Markdown."""
    return f"<p>{'<br>'.join(escape(text).splitlines())}</p>"


def _speaker(message: ChatMessage, look: Look) -> str:
    """Return who says the message, which model that is, and when it was."""
    name = strings.YOU if message.role == "user" else strings.MODEL
    if message.reply is not None:
        name = f"{name}, {_one_line(look.model(message.reply))}"
    if not message.created:
        return name
    return f"{name}, {time.strftime('%Y-%m-%d %H:%M', time.localtime(message.created))}"


def _title(chat: Chat) -> str:
    return _one_line(chat.title or strings.UNTITLED)


def _one_line(text: str) -> str:
    return " ".join(text.split())
