"""Loading: from checkpoints, or random weights, to a pair in memory."""

from mtp_mlx.loading.pair import LoadedPair, load_pair

__all__ = ["LoadedPair", "load_pair"]
