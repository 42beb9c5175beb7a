"""What a person typed, as blocks: Markdown that keeps line ends, or the text as it stands. Pure.

People put line ends and spaces where they want them. A model's Markdown may lose them; pasted code
or verse without a fence must not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape

from app.render.blocks import Block, render_once
from app.render.parser import normal
from app.render.style import HtmlStyle

_FENCE = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)
_INDENTED = re.compile(r"^(?: {2,}|\t)(?!\s*(?:[-*+]|\d+[.)])\s)\s*\S", re.MULTILINE)

FOLD_LINES = 24
FOLD_LENGTH = 2000
"""A text that has more lines or characters is folded to half of them."""


def typed_blocks(text: str, style: HtmlStyle) -> tuple[Block, ...]:
    """Return the blocks of what a person typed. Raises nothing."""
    if keeps_form(text):
        return (_as_it_stands(normal(text)),)
    return render_once(text, replace(style, keeps_lines=True))


def keeps_form(text: str) -> bool:
    """Whether lines are indented, outside of fences and lists: their spaces mean something."""
    return _FENCE.search(text) is None and _INDENTED.search(text) is not None


@dataclass(frozen=True, slots=True)
class Folded:
    """The head of a long text, and how many lines there are in all."""

    head: str
    lines: int


def folded(text: str) -> Folded | None:
    """Return what is shown of a long text; None for one that is shown whole."""
    lines = text.splitlines()
    if len(lines) <= FOLD_LINES and len(text) <= FOLD_LENGTH:
        return None
    head = "\n".join(lines[: FOLD_LINES // 2])[: FOLD_LENGTH // 2]
    return Folded(head.rstrip(), len(lines))


def _as_it_stands(text: str) -> Block:
    html = f'<p style="white-space:pre-wrap; margin:0">{escape(text, quote=False)}</p>'
    return Block(
        key=0,
        source=text,
        kind="paragraph",
        html=html,
        language=None,
        code=None,
        closed=True,
        first=True,
    )
