"""A chat as a file that others can read: the branch that is shown, or, as JSON, all of it.

Markdown keeps what was written, letter for letter; HTML and PDF show it as the window does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html import escape

import msgspec
from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

from app import strings
from app.domain.attachments import content
from app.domain.conversation import Chat
from app.domain.tree import path
from app.services.chat_page import PAGE, Look, body, speaker, title_line

VERSION = 1
_MARGIN_MM = 18.0


def chat_markdown(chat: Chat, look: Look) -> bytes:
    parts = [f"# {title_line(chat)}"]
    if system := chat.settings.system.strip():
        parts.append(f"## {strings.SYSTEM_PROMPT}\n\n{system}")
    for message in path(chat.messages, chat.tip):
        parts.append(f"## {speaker(message)}\n\n{content(message)}")
        if message.reply is not None:
            parts.append(f"*{look.numbers(message.reply)}*")
    return ("\n\n".join(parts) + "\n").encode()


def chat_json(chat: Chat, look: Look) -> bytes:
    """Every branch, with the numbers of each reply; `shown` names the messages one sees."""
    del look
    shown = [message.id for message in path(chat.messages, chat.tip)]
    document = {"version": VERSION, "shown": shown, "chat": msgspec.to_builtins(chat)}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def chat_html(chat: Chat, look: Look) -> bytes:
    """One file: no script, nothing from elsewhere."""
    return PAGE.format(
        title=escape(title_line(chat)),
        muted=look.style.text_muted,
        border=look.style.border,
        raised=look.style.surface_raised,
        link=look.style.link,
        body=body(chat, look),
    ).encode()


def chat_pdf(chat: Chat, look: Look) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title_line(chat))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    document = QTextDocument()
    plain = replace(look, style=replace(look.style, maths=None))  # formulas as running text
    document.setHtml(f"<h1>{escape(title_line(chat))}</h1>{body(chat, plain)}")
    document.print_(writer)
    return bytes(buffer.data().data())


CHAT_FORMATS: dict[str, Callable[[Chat, Look], bytes]] = {
    ".md": chat_markdown,
    ".html": chat_html,
    ".pdf": chat_pdf,
    ".json": chat_json,
}
