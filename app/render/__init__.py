"""Markdown to the HTML that Qt's labels understand, block by block; strings in, strings out.

style      colours and fonts of the HTML       parser   Markdown -> top-level blocks of tokens
highlight  code -> coloured spans              html     blocks -> HTML
inline     what is in them -> HTML             math_rules    where formulas begin and end
maths      formulas -> SVG                     formula_html  a formula in the HTML
math_text  formulas -> running text
cut        where an open text is final         fence    code that is still being written
blocks     a stream of text -> blocks          plain    Markdown -> what it reads as
"""
