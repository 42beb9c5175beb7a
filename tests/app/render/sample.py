"""A style in which every role has its own colour, so that a test sees which one was taken."""

from __future__ import annotations

from dataclasses import fields

from app.render.style import HtmlStyle

NAMES = [field.name for field in fields(HtmlStyle) if field.name not in ("code_family", "maths")]
STYLE = HtmlStyle.from_tokens({name: f"#0000{number:02x}" for number, name in enumerate(NAMES)})
