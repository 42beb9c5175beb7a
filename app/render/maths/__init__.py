r"""LaTeX formulas to SVG: strings and a font's metrics in, a drawing with its baseline out.

symbols       commands that are one character    alphabets  the same letters in other alphabets
reader        LaTeX -> a tree, by descent        commands   what takes arguments
environments  matrices, cases, equations         delimiters what stands after \left
tree          what was meant                     box        where it stands
font          metrics and outlines               setting    in which size and style
layout        tree -> boxes                      spacing    between neighbours
scripts, fractions, marks, grids: the rules      svg        boxes -> SVG
"""

from app.render.maths.font import MathFont, math_font
from app.render.maths.formula import Formula, typeset

__all__ = ["Formula", "MathFont", "math_font", "typeset"]
