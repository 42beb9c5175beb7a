"""The look of the HTML: colours by role, the family of code, and the escaping of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from html import escape

from app.render.maths.font import MathFont

MONOSPACE = "'SF Mono','Menlo','Cascadia Mono','DejaVu Sans Mono','Noto Sans Mono',monospace"
_NO_COLOURS = ("code_family", "maths", "keeps_lines")


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlStyle:
    """Colours as "#rrggbb", each named like the theme token it comes from.

    It has no sizes: those of the HTML are relative, so that the reader's font size holds.
    """

    text_muted: str
    border: str
    surface_raised: str
    link: str
    error: str
    success: str
    code_bg: str
    code_text: str
    code_keyword: str
    code_string: str
    code_comment: str
    code_number: str
    code_name: str
    code_family: str = MONOSPACE
    maths: MathFont | None = None  # None: formulas are running text
    keeps_lines: bool = False  # a line end of a paragraph is one in the HTML too

    @classmethod
    def from_tokens(cls, tokens: Mapping[str, str], maths: MathFont | None = None) -> HtmlStyle:
        """Return the style of a theme. Raises KeyError, naming the token that the theme lacks."""
        colours = (field.name for field in fields(cls) if field.name not in _NO_COLOURS)
        found = {name: tokens[name] for name in colours}
        # No name of a colour is that of a field of another type.
        return cls(**found, maths=maths)  # type: ignore[arg-type]


def text_html(text: str) -> str:
    """Return `text` escaped for an element, not for an attribute: its quotes stay as they are."""
    return escape(text, quote=False)
