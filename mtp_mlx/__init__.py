"""Gemma 4 with multi-token prediction on MLX: a target and its drafter, lossless and measured.

This package knows nothing of Qt. Importing it costs nothing: MLX is imported by the modules that
compute, so that `mtp-mlx --help` and the window start at once.
"""

__version__ = "0.1.0"
