from __future__ import annotations

import pytest

from app.render.style import HtmlStyle
from tests.app.render.support import COLOURS


def test_colours_are_taken_by_name() -> None:
    style = HtmlStyle.from_tokens({name: name for name in [*COLOURS, "window"]})
    assert style.code_bg == "code_bg"


def test_a_missing_token_is_named() -> None:
    with pytest.raises(KeyError, match="link"):
        HtmlStyle.from_tokens({name: name for name in COLOURS if name != "link"})
