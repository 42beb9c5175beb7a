"""What commands and environments make of their arguments."""

from __future__ import annotations

import pytest

from app.render.maths.commands import read
from app.render.maths.reader import CannotReadError
from app.render.maths.symbols import Kind
from app.render.maths.tree import (
    Accent,
    Arrow,
    As,
    Atom,
    Brace,
    Delimiter,
    Fence,
    Fraction,
    Framed,
    Grid,
    Line,
    Node,
    Phantom,
    Row,
    Scripts,
    Space,
    Switch,
    Words,
)
from tests.app.render.maths.support import EQUALS, LETTER_X, ONE, TWO, only


@pytest.mark.parametrize(
    ("latex", "node"),
    [
        (r"\mathbf{1}", Row((Atom("\N{MATHEMATICAL BOLD DIGIT ONE}", Kind.ORDINARY),))),
        (r"\dfrac12", Fraction(ONE, TWO, size="display")),
        (r"\tfrac12", Fraction(ONE, TWO, size="text")),
        (r"\binom12", Fence("(", (Fraction(ONE, TWO, bar=False),), ")")),
        (r"\hat x", Accent("\N{COMBINING CIRCUMFLEX ACCENT}", LETTER_X, wide=False)),
        (r"\widehat x", Accent("\N{COMBINING CIRCUMFLEX ACCENT}", LETTER_X, wide=True)),
        (r"\overline x", Line(LETTER_X, over=True)),
        (r"\underline x", Line(LETTER_X, over=False)),
        (
            r"\underbrace x",
            As(Brace("\N{BOTTOM CURLY BRACKET}", LETTER_X, over=False), Kind.OPERATOR),
        ),
        (r"\phantom x", Phantom(LETTER_X)),
        (r"\Biggm|", Delimiter("|", Kind.RELATION, 3.0)),
        (
            r"\left(1\middle|2\right)",
            Fence("(", (ONE, Delimiter("|", Kind.RELATION), TWO), ")"),
        ),
        (r"\textbf{a}", Words("\N{MATHEMATICAL BOLD SMALL A}", Kind.ORDINARY)),
        (r"\sin", Words("sin", Kind.OPERATOR)),
        (r"\limsup", Words("lim sup", Kind.OPERATOR, limits=True)),
        (r"\operatorname{tr}", Words("tr", Kind.OPERATOR)),
        (r"\operatorname*{arg\,max}", Words("arg\N{THIN SPACE}max", Kind.OPERATOR, limits=True)),
        (r"\bmod", Words("mod", Kind.BINARY)),
        (r"\not=", Atom("\N{NOT EQUAL TO}", Kind.RELATION)),
        (r"\not\in", Atom("\N{NOT AN ELEMENT OF}", Kind.RELATION)),
        (r"\mathrel{x}", As(Row((LETTER_X,)), Kind.RELATION)),
        (r"\overset{1}{=}", Scripts(EQUALS, None, Row((ONE,)), limits=True)),
        (r"\underset{1}{x}", Scripts(LETTER_X, Row((ONE,)), None, limits=True)),
        (r"\xrightarrow[1]{2}", Arrow("\N{RIGHTWARDS ARROW}", Row((TWO,)), Row((ONE,)))),
        (r"\boxed{x}", Framed(Row((LETTER_X,)))),
        (r"\textcolor{red}{x}", Row((LETTER_X,))),
        (r"\label{eq:1}", Row(())),
        (r"\tag{1}", Row((Space(2.0), Words("(1)", Kind.ORDINARY)))),
        (r"\pmod2", Row((Space(1.0), Fence("(", (Row((Words("mod", Kind.OPERATOR), TWO)),), ")")))),
        (r"\notag", Row(())),
        (r"\displaystyle", Switch("display")),
    ],
)
def test_a_command_makes_a_node(latex: str, node: Node) -> None:
    assert only(latex) == node


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{matrix} 1", r"\begin{matrix} 1 \end{cases}", r"\begin{tikz}\end{tikz}", r"\begin",
        r"\begin{array}{xy}1\end{array}", r"\begin{array}{|}1\end{array}", r"\end{matrix}",
        r"\not{ab}", r"\not\foo", r"\not\alpha", r"\substack x",
    ],
)  # fmt: skip
def test_arguments_that_a_command_cannot_take_are_refused(latex: str) -> None:
    with pytest.raises(CannotReadError):
        read(latex)


def grid(latex: str) -> Grid:
    """Return the grid of a formula that is one, with delimiters around it or without."""
    node = read(latex)
    for _ in range(2):
        if isinstance(node, Row | Fence):
            (node,) = node.items
    assert isinstance(node, Grid)
    return node


@pytest.mark.parametrize(
    ("latex", "shape"),
    [
        (r"\begin{matrix} 1 & 2 \\ 3 \end{matrix}", [2, 1]),
        (r"\begin{pmatrix} 1 \\ 2 \\ \end{pmatrix}", [1, 1]),
        (r"\begin{cases} 1 & 2 \\[2pt] 3 & 4 \end{cases}", [2, 2]),
        (r"\begin{align*} 1 &= 2 \\ &= 3 \end{align*}", [2, 2]),
        (r"\begin{alignedat}{2} 1 & 2 \end{alignedat}", [2]),
        (r"\begin{aligned}[t] 1 \cr 2 \end{aligned}", [1, 1]),
        (r"\substack{1 \\ 2}", [1, 1]),
        (r"1 \\ 2", [1, 1]),
        (r"1 & 2", [2]),
    ],
)
def test_rows_and_cells(latex: str, shape: list[int]) -> None:
    assert [len(row) for row in grid(latex).rows] == shape


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("pmatrix", "(", ")"),
        ("bmatrix", "[", "]"),
        ("Bmatrix", "{", "}"),
        ("vmatrix", "|", "|"),
        ("cases", "{", ""),
        ("rcases", "", "}"),
    ],
)
def test_delimiters_of_an_environment(name: str, left: str, right: str) -> None:
    fence = only(rf"\begin{{{name}}} 1 \end{{{name}}}")
    assert isinstance(fence, Fence)
    assert (fence.left, fence.right) == (left, right)


def test_lines_of_an_array() -> None:
    array = grid(r"\begin{array}{c|c} \hline 1 & 2 \\ \hline 3 & 4 \\ \hline \end{array}")
    assert array.columns == "c|c"
    assert array.lines == {0, 1, 2}
    assert len(array.rows) == 2


def test_an_aligned_sign_has_an_empty_term_before_it() -> None:
    assert grid("x &= 1").rows[0][1] == Row((Row(()), EQUALS, ONE))
    assert grid(r"\begin{matrix} x &= 1 \end{matrix}").rows[0][1] == Row((EQUALS, ONE))


@pytest.mark.parametrize("count", [2, 3, 200])
@pytest.mark.parametrize("word", [r"\over", r"\choose"])
def test_two_fractions_in_one_row_could_be_read_in_two_ways(word: str, count: int) -> None:
    with pytest.raises(CannotReadError):
        read(f"a {word} " * count + "b")
    assert read(f"{{a {word} b}} {word} c") != read(f"a {word} {{b {word} c}}")
