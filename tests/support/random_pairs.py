"""Miniature pairs of random weights, built in memory in a few milliseconds."""

from __future__ import annotations

from mtp_mlx.api import Sampling
from mtp_mlx.families.base import TrueShape
from mtp_mlx.families.gemma4.family import Gemma4
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
        layers=of.layers,
        true_layers=of.layers,
        blueprint=Gemma4().blueprint(
            target_text_config(of, window=window), tiny_drafter_config(of, window=window)
        ),
        recommended=Sampling(temperature=1.0, top_k=64, top_p=0.95),
    )


def random_tiny_pair(of: Shape = TWO_LAYERS, *, window: int = WINDOW) -> LoadedPair:
    return pair_of(tiny_shape(of, window=window), bits=16)
