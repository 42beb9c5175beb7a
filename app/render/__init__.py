"""Markdown to the HTML that Qt's labels understand, block by block. Pure: strings in, strings out.

blocks     a stream of text -> blocks, final or open    growth      text that only grows at its end
parser     Markdown -> top-level blocks of tokens       parts       long blocks in parts
html       tokens -> HTML                               highlight   code -> coloured spans
formulas   LaTeX -> HTML or running text                math_rules  where formulas begin and end
style      colours and fonts of the HTML                direction   left to right, or right to left
plain      Markdown -> text without marks               maths       LaTeX -> SVG
report_page  reports in the theme's colours
"""
