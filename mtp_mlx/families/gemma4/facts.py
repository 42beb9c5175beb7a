r"""What is so of every Gemma 4 model. A thought: `<|channel>thought\n … <channel|>`."""

from __future__ import annotations

from mtp_mlx.api import ThinkingSyntax

THINKING = ThinkingSyntax(opening="<|channel>", header="thought\n", closing="<channel|>")
