"""What Markdown reads as: for the clipboard, for screen readers, for a title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from app.render.parser import normal, parse


def plain_text(text: str) -> str:
    """The text without its marks; blocks are lines, table cells are parted by tabs."""
    document = parse(normal(text), {})
    blocks = (_block(block.tokens) for block in document.blocks)
    return "\n\n".join(block for block in blocks if block)


def _block(tokens: Sequence[Token]) -> str:
    lines = "".join(_pieces(tokens)).split("\n")
    return "\n".join(line.rstrip(" \t") for line in lines).strip("\n")


def _pieces(tokens: Sequence[Token]) -> Iterator[str]:
    items: list[int | None] = []  # the next number of each open list; None: bullets
    for token in tokens:
        match token.type:
            case "ordered_list_open":
                items.append(int(token.attrGet("start") or 1))
            case "bullet_list_open":
                items.append(None)
            case "ordered_list_close" | "bullet_list_close":
                items.pop()
            case "list_item_open":
                yield "  " * (len(items) - 1) + _marker(items)
            case "th_close" | "td_close":
                yield "\t"
            case "tr_close" | "paragraph_close" | "heading_close":
                yield "\n"
            case "inline":
                yield inline_text(token.children or [])
            case "fence" | "code_block" | "math_block":
                yield token.content.removesuffix("\n") + "\n"


def _marker(items: list[int | None]) -> str:
    number = items[-1]
    if number is None:
        return "\N{BULLET} "
    items[-1] = number + 1
    return f"{number}. "


def inline_text(children: Sequence[Token]) -> str:
    breaks = {"softbreak": " ", "hardbreak": "\n"}
    return "".join(breaks.get(child.type, child.content) for child in children)
