"""Every kind of error has a code of its own, and every place that makes one names a remedy."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
import mtp_mlx
from mtp_mlx import errors
from mtp_mlx.errors import EngineFault, MtpMlxError


def kinds(kind: type[MtpMlxError] = MtpMlxError) -> Iterator[type[MtpMlxError]]:
    """All kinds below `kind`."""
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield below
            yield from kinds(below)


KINDS = sorted(kinds(), key=lambda kind: kind.__name__)
NAMES = {MtpMlxError.__name__, *(kind.__name__ for kind in KINDS)} - {EngineFault.__name__}
SOURCES = [
    path for package in (mtp_mlx, app) for path in sorted(Path(package.__path__[0]).rglob("*.py"))
]


def made(source: str) -> Iterator[ast.Call]:
    """The places in a source where an error is made."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
            yield node


def remedy(call: ast.Call) -> str | None:
    """The words of its remedy, with {} for what is filled in; None where there is no remedy."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    node = call.args[1] if len(call.args) > 1 else given.get("remedy")
    match node:
        case None:
            return None
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            words = (str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)
            return "".join(words)
        case _:
            return "{}."  # a value that some other place has named


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_code_of_its_own(kind: type[MtpMlxError]) -> None:
    assert "code" in kind.__dict__
    codes = [MtpMlxError.code, *(other.code for other in KINDS)]
    assert codes.count(kind.code) == 1


def test_the_tree_that_is_drawn_is_the_tree() -> None:
    drawn = re.findall(r"[├└]─ (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == [kind.__name__ for kind in KINDS]


def test_errors_name_their_remedy() -> None:
    seen = 0
    for path in SOURCES:
        for call in made(path.read_text(encoding="utf-8")):
            words = remedy(call)
            place = f"{path.name}:{call.lineno}"
            assert words is not None, place
            assert re.fullmatch(r"\S.*[.!]", words, re.DOTALL), (place, words)
            seen += 1
    assert seen > 50
    assert EngineFault(ValueError("x")).remedy


@pytest.mark.parametrize(
    "source",
    [
        'UsageError("No.", "")',
        'UsageError("No.")',
        'LoadError("No.", " ")',
        'NotLoaded("No.", "x")',
    ],
)
def test_a_missing_remedy_is_seen(source: str) -> None:
    (call,) = made(source)
    assert not re.fullmatch(r"\S.*[.!]", remedy(call) or "", re.DOTALL)


def test_an_error_is_told_with_its_remedy() -> None:
    for kind in KINDS:
        if kind is not EngineFault:
            assert str(kind("It failed.", "Try this.")) == "It failed. Try this."
