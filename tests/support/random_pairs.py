"""Miniature pairs of random weights, built in memory in a few milliseconds."""

from __future__ import annotations

from mtp_mlx.families.gemma4.config import drafter_config, target_config
from mtp_mlx.families.gemma4.shapes import Shape as TrueShape
from mtp_mlx.loading import LoadedPair
from mtp_mlx.loading.random_pair import pair_of
from tests.support.configs import drafter_config as tiny_drafter_config
from tests.support.configs import target_text_config
from tests.support.shapes import WINDOW, Shape

# One layer of each kind, for tests of long contexts.
TWO_LAYERS = Shape(name="two layers", layers=2, pattern=2, heads=4, kv_heads=2)


def tiny_shape(of: Shape, *, window: int = WINDOW) -> TrueShape:
    return TrueShape(
        name="Tiny",
        true_layers=of.layers,
        target=target_config(target_text_config(of, window=window)),
        drafter=drafter_config(tiny_drafter_config(of, window=window)),
    )


def random_tiny_pair(of: Shape = TWO_LAYERS, *, window: int = WINDOW) -> LoadedPair:
    return pair_of(tiny_shape(of, window=window), bits=16)
