"""Speed reports: the document, the numbers derived from it, and every format it is exported in.

This package is free of MLX, so that the window can use it.
"""
