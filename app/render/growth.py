"""What a block's HTML has gained since it was shown: mostly words at the end of its text."""

from __future__ import annotations

import re
from html import unescape

_CLOSING = ("</p>", "</li>", "</ul>", "</ol>", *(f"</h{level}>" for level in range(1, 7)))
_SPACES = re.compile(" +")


def added_text(before: str, after: str) -> str:
    """As it is shown, with single spaces; "" where more than the end of the text has changed."""
    body = _without_closing_tags(before)
    closing = before[len(body) :]
    if body[-1:] in ("", ">") or body[-1].isspace():
        return ""
    if not (after.startswith(body) and after.endswith(closing)):
        return ""
    added = after[len(body) : len(after) - len(closing)]
    text = unescape(added).replace("\n", " ")
    return _SPACES.sub(" ", text) if "<" not in added and text.isprintable() else ""


def _without_closing_tags(html: str) -> str:
    """Without those of text; a table is followed by an empty line in Qt, which is not its end."""
    while html.endswith(_CLOSING):
        html = html[: html.rindex("<")]
    return html
