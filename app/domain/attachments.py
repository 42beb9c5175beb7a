"""How attached files are told to the model. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.domain.conversation import Attachment, ChatMessage

_TICKS = re.compile("`+")


def content(message: ChatMessage) -> str:
    """The message as it is sent: its files first, for a question is answered best at the end."""
    return with_files(message.text, message.attachments)


def with_files(text: str, attachments: Sequence[Attachment]) -> str:
    return "\n\n".join([*(_fenced(file) for file in attachments), *([text] if text else [])])


def _fenced(file: Attachment) -> str:
    """No line of the file can close its fence: that is longer than any run of ticks in it."""
    longest = max((len(run) for run in _TICKS.findall(file.text)), default=0)
    fence = "`" * max(3, longest + 1)
    name = " ".join(file.name.split())
    return f"{name}:\n{fence}\n{file.text.rstrip()}\n{fence}"
