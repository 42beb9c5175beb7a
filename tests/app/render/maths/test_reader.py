from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.render.maths.commands import read
from app.render.maths.reader import DEEPEST, LONGEST, CannotReadError
from app.render.maths.symbols import Kind
from app.render.maths.tree import (
    Arrow,
    As,
    Atom,
    Delimiter,
    Fence,
    Fraction,
    Framed,
    Grid,
    Node,
    Root,
    Row,
    Scripts,
    Space,
    Switch,
    Words,
)
from tests.app.render.maths.support import only
from tests.app.render.strategies import patient

X = Atom("\N{MATHEMATICAL ITALIC SMALL X}", Kind.ORDINARY)
ONE, TWO = Atom("1", Kind.ORDINARY), Atom("2", Kind.ORDINARY)
R = Atom("\N{DOUBLE-STRUCK CAPITAL R}", Kind.ORDINARY)
PRIME = Atom("\N{PRIME}", Kind.ORDINARY)
EQUALS = Atom("=", Kind.RELATION)


def items(latex: str) -> tuple[Node, ...]:
    row = read(latex)
    assert isinstance(row, Row)
    return row.items


@pytest.mark.parametrize(
    ("latex", "node"),
    [
        ("x", X),
        (r"\mathbb{R}", Row((R,))),
        (r"\mathbb R", R),
        (r"\mathbf{1}", Row((Atom("\N{MATHEMATICAL BOLD DIGIT ONE}", Kind.ORDINARY),))),
        (r"\alpha", Atom("\N{MATHEMATICAL ITALIC SMALL ALPHA}", Kind.ORDINARY)),
        (r"\Omega", Atom("\N{GREEK CAPITAL LETTER OMEGA}", Kind.ORDINARY)),
        ("\N{LESS-THAN OR EQUAL TO}", Atom("\N{LESS-THAN OR EQUAL TO}", Kind.RELATION)),
        ("-", Atom("\N{MINUS SIGN}", Kind.BINARY)),
        (r"\|", Atom("\N{DOUBLE VERTICAL LINE}", Kind.ORDINARY)),
        ("~", Space(0.25)),
        (r"\quad", Space(1.0)),
        ("x^2", Scripts(X, None, TWO)),
        ("x_1^2", Scripts(X, ONE, TWO)),
        ("x^2_1", Scripts(X, ONE, TWO)),
        ("x'", Scripts(X, None, PRIME)),
        ("x'^2", Scripts(X, None, Row((PRIME, TWO)))),
        ("^2", Scripts(Row(()), None, TWO)),
        (r"x\limits_1", Scripts(X, ONE, None, limits=True)),
        (r"x\nolimits_1", Scripts(X, ONE, None, limits=False)),
        (r"x\limits", X),
        (r"\frac12", Fraction(ONE, TWO)),
        (r"\dfrac12", Fraction(ONE, TWO, size="display")),
        (r"\frac{1}2", Fraction(Row((ONE,)), TWO)),
        (r"1 \over 2", Fraction(Row((ONE,)), Row((TWO,)))),
        (r"\binom12", Fence("(", (Fraction(ONE, TWO, bar=False),), ")")),
        (r"1 \choose 2", Fence("(", (Fraction(Row((ONE,)), Row((TWO,)), bar=False),), ")")),
        (r"\sqrt x", Root(X, None)),
        (r"\sqrt[2]{x}", Root(Row((X,)), Row((TWO,)))),
        (r"\left( x \right.", Fence("(", (X,), "")),
        (r"\left\{x\right|", Fence("{", (X,), "|")),
        (r"\bigl(", Delimiter("(", Kind.OPENING, 1.2)),
        (r"\text{if  x}", Words("if x", Kind.ORDINARY)),
        (r"\text{a {b} \% \$ $}", Words("a b % $ ", Kind.ORDINARY)),
        (r"\textbf{a}", Words("\N{MATHEMATICAL BOLD SMALL A}", Kind.ORDINARY)),
        (r"\sin", Words("sin", Kind.OPERATOR)),
        (r"\limsup", Words("lim sup", Kind.OPERATOR, limits=True)),
        (r"\operatorname{tr}", Words("tr", Kind.OPERATOR)),
        (r"\operatorname*{arg\,max}", Words("arg\N{THIN SPACE}max", Kind.OPERATOR, limits=True)),
        (r"\bmod", Words("mod", Kind.BINARY)),
        (r"\not=", Atom("\N{NOT EQUAL TO}", Kind.RELATION)),
        (r"\not\in", Atom("\N{NOT AN ELEMENT OF}", Kind.RELATION)),
        (r"\mathrel{x}", As(Row((X,)), Kind.RELATION)),
        (r"\overset{1}{=}", Scripts(EQUALS, None, Row((ONE,)), limits=True)),
        (r"\underset{1}{x}", Scripts(X, Row((ONE,)), None, limits=True)),
        (r"\xrightarrow[1]{2}", Arrow("\N{RIGHTWARDS ARROW}", Row((TWO,)), Row((ONE,)))),
        (r"\boxed{x}", Framed(Row((X,)))),
        (r"\textcolor{red}{x}", Row((X,))),
        (r"\label{eq:1}", Row(())),
        (r"\tag{1}", Row((Space(2.0), Words("(1)", Kind.ORDINARY)))),
        (r"\pmod2", Row((Space(1.0), Fence("(", (Row((Words("mod", Kind.OPERATOR), TWO)),), ")")))),
        (r"\notag", Row(())),
        (r"\displaystyle", Switch("display")),
    ],
)
def test_what_is_read(latex: str, node: Node) -> None:
    assert only(latex) == node


def test_a_space_ends_a_command() -> None:
    assert items(r"\alpha x") == (*items(r"\alpha"), X)


def test_the_empty_formula() -> None:
    assert read(" ") == Row(())


@pytest.mark.parametrize(
    "latex",
    [
        "{", "}", "x^", "x_", "^", r"\frac{1}", r"\foo", r"\left(", r"\left(x", r"\left x\right)",
        r"\right)", r"\sqrt[2", r"\begin{matrix} 1", r"\begin{matrix} 1 \end{cases}", "x ^^ 2",
        r"\begin{tikz}\end{tikz}", r"\begin", r"\text x", r"\text{a", r"\text{\foo}", "\\",
        r"\begin{array}{xy}1\end{array}", r"\begin{array}{|}1\end{array}", r"\not{ab}", r"\not\foo",
        r"\middle", r"\substack x", r"\left\alpha x\right)", r"\not\alpha", r"\end{matrix}",
    ],
)  # fmt: skip
def test_what_cannot_be_read(latex: str) -> None:
    with pytest.raises(CannotReadError):
        read(latex)


def grid(latex: str) -> Grid:
    node = read(latex)
    if isinstance(node, Row):
        (node,) = node.items
    if isinstance(node, Fence):
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


def test_lines_of_an_array() -> None:
    array = grid(r"\begin{array}{c|c} \hline 1 & 2 \\ \hline 3 & 4 \\ \hline \end{array}")
    assert array.columns == "c|c"
    assert array.lines == {0, 1, 2}
    assert len(array.rows) == 2


def test_an_aligned_sign_has_an_empty_term_before_it() -> None:
    assert grid("x &= 1").rows[0][1] == Row((Row(()), EQUALS, ONE))


@pytest.mark.parametrize("opening", ["{", r"\sqrt{", "x^{", r"\left(", r"\frac{1}{", r"\text{"])
def test_nesting_without_end_is_not_read(opening: str) -> None:
    closing = r"\right)" if opening == r"\left(" else "}"
    deep = 1 + (DEEPEST if opening != r"\text{" else 2 * LONGEST)
    with pytest.raises(CannotReadError, match=r"too (deep|long)"):
        read(opening * deep + closing * deep)


def test_groups_may_be_as_deep_as_is_allowed() -> None:
    read("{" * (DEEPEST - 1) + "}" * (DEEPEST - 1))


def test_formulas_without_end_are_not_read() -> None:
    read("x" * LONGEST)
    with pytest.raises(CannotReadError, match="too long"):
        read("x" * (LONGEST + 1))


FRAGMENTS = [
    *r"\{}[]()^_&~'|x1=+<. ",
    *("\\\\", r"\frac", r"\sqrt", r"\text", r"\left", r"\right", r"\mathbb", r"\sum", r"\int"),
    *(r"\begin{cases}", r"\end{cases}", r"\begin{array}{c|c}", r"\end{array}", r"\hline"),
    *(r"\limits", r"\hat", r"\underbrace", r"\xrightarrow", r"\overset", r"\not", r"\over"),
    *(r"\middle", r"\substack", r"\big", r"\displaystyle", r"\phantom", r"\prime", r"\boxed"),
    *("\N{ROCKET}", "\u4f60"),
]
formulas = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join), st.text(max_size=40)
)


@patient
@given(formulas)
def test_any_text_is_read_or_refused(latex: str) -> None:
    try:
        read(latex)
    except CannotReadError as error:
        assert str(error)  # noqa: PT017  (nothing else may be raised)
