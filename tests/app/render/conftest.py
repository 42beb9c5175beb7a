from __future__ import annotations

import pytest

from app.render import blocks
from app.render.parser import Document, parse
from app.render.parts import Continued


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the texts that streams have parsed so far."""
    lengths = list[int]()

    def count(text: str, hrefs: dict[str, str], continued: Continued | None) -> Document:
        lengths.append(len(text))
        return parse(text, hrefs, continued)

    monkeypatch.setattr(blocks, "parse", count)
    return lengths
