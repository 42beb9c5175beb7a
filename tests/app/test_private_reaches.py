"""No test of the window reaches into another's private names without saying why.

ruff's SLF001 sees attributes; names in strings and in imports are looked for here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(HERE.rglob("*.py"))
REASON = re.compile(r"# noqa: [A-Z0-9, ]*SLF001[A-Z0-9, ]*  \(\w.*\)$")
STRING = re.compile(r"""attr\([^)]*["'](?:[\w.]*\.)?_[a-zA-Z]""")
IMPORT = re.compile(r"^\s*(?:from [\w.]+ import .*\b_[a-z]|_[A-Za-z]\w*,$)")


def reaches(line: str) -> bool:
    """Whether a private name of another is in the line, with no reason beside it."""
    if "SLF001" in line:
        return not REASON.search(line)
    return bool(STRING.search(line) or IMPORT.match(line))


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("    x._y  # noqa: SLF001", True),
        ("    x._y  # noqa: SLF001  (nothing else tells)", False),
        ('    monkeypatch.setattr(module, "_made", 1)', True),
        ('    monkeypatch.setattr("app.module._made", 1)', True),
        ('    monkeypatch.setattr("app.module.made", 1)', False),
        ("from app.module import Watch, _made", True),
        ("    _made,", True),
        ("from __future__ import annotations", False),
        ("from app.one_thing import made", False),
    ],
)
def test_what_counts_as_a_reach(line: str, wrong: bool) -> None:
    assert reaches(line) is wrong


def test_every_reach_states_its_reason() -> None:
    found = [
        f"{file.relative_to(HERE)}:{number}"
        for file in FILES
        if file != Path(__file__)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if reaches(line)
    ]
    assert found == []
