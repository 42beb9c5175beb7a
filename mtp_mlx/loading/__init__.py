"""From folders to a matched, validated pair."""

from mtp_mlx.loading.pair import LoadedPair, load_pair

__all__ = ["LoadedPair", "load_pair"]
