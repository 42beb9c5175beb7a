from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from app import strings


def test_no_name_is_given_twice() -> None:
    """The later words would stand in the place of the earlier ones."""
    tree = ast.parse(Path(strings.__file__).read_text(encoding="utf-8"))
    names = Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.isupper()
    )
    assert [name for name, count in names.items() if count > 1] == []
