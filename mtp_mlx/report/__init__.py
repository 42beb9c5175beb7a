"""Speed reports: one document, the numbers that follow from it, and every format made from it.

Free of MLX, so that the window uses it as it is.
"""
