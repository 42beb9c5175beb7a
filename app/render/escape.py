"""Text into HTML."""

from __future__ import annotations

from html import escape


def text_html(text: str) -> str:
    """Escaped for an element, not for an attribute: Qt shows quotes as they are."""
    return escape(text, quote=False)
