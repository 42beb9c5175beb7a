"""Tooltips of words that somebody wrote."""

from __future__ import annotations

from html import escape


def plain_tip(text: str) -> str:
    """Shown as it stands: Qt takes for markup whatever looks like it."""
    return f"<p>{escape(text)}</p>" if "<" in text or "&" in text else text
