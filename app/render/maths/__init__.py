r"""LaTeX formulas to SVG. Pure, and it imports nothing of ours but its own files.

formula    LaTeX -> the drawing with its baseline
symbols    characters, their kinds and alphabets     tree           what the formula means
reader     the grammar of LaTeX                      commands       what each command makes of it
font       outlines, metrics, styles and sizes       boxes          characters -> boxes
layout     tree -> boxes, with the spaces            constructions  fractions, roots, grids ...
"""
