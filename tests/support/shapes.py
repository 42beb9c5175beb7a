"""The five Gemma 4 pairs in miniature.

Patterns, sharing and proportions are those of the real pairs; sizes are a few dozens. Knows neither
MLX nor torch, so that the recorder of goldens and the tests build the very same pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

VOCABULARY = 384
WINDOW = 8
DRAFTER_HIDDEN = 32
DRAFTER_FFN = 64
DRAFTER_LAYERS = 4
CENTROIDS = 48
CENTROID_TOP_K = 16
SOFTCAP = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One target in miniature; its drafter follows from it."""

    name: str
    layers: int
    pattern: int  # the last of so many layers sees everything, the others a window
    heads: int
    kv_heads: int
    hidden: int = 64
    ffn: int = 128
    head_dim: int = 16
    global_head_dim: int = 32
    global_kv_heads: int | None = None
    shared_layers: int = 0  # the last so many layers read the keys of earlier ones
    per_layer_input: int = 0
    k_eq_v: bool = False
    double_wide: bool = False
    experts: int = 0
    experts_top_k: int = 0
    expert_ffn: int = 0
    centroid_head: bool = False
    unified: bool = False
    seed: int = 0  # chosen so that no recorded choice is a near tie


E2B = Shape(
    name="e2b",
    seed=7,
    layers=15,
    pattern=5,
    heads=4,
    kv_heads=1,
    shared_layers=5,
    per_layer_input=32,
    double_wide=True,
    centroid_head=True,
)
E4B = Shape(
    name="e4b",
    seed=7,
    layers=12,
    pattern=6,
    heads=8,
    kv_heads=2,
    shared_layers=6,
    per_layer_input=16,
    centroid_head=True,
)
UNIFIED_12B = Shape(
    name="12b",
    seed=13,
    layers=12,
    pattern=6,
    heads=8,
    kv_heads=4,
    global_kv_heads=1,
    k_eq_v=True,
    unified=True,
)
MOE_26B = Shape(
    name="26b-a4b",
    layers=6,
    pattern=6,
    heads=8,
    kv_heads=4,
    global_kv_heads=2,
    k_eq_v=True,
    experts=8,
    experts_top_k=2,
    expert_ffn=64,
)
DENSE_31B = Shape(
    name="31b",
    seed=10,
    layers=12,
    pattern=6,
    heads=16,
    kv_heads=8,
    hidden=128,
    global_kv_heads=2,
    k_eq_v=True,
)

SHAPES = {shape.name: shape for shape in (E2B, E4B, UNIFIED_12B, MOE_26B, DENSE_31B)}


def shortened(shape: Shape) -> Shape:
    """The shape with three layers in a pattern, the last of which sees everything, and two at most.

    Each kind of layer still follows each that it follows in the whole shape, and where layers share
    keys, both kinds do. A forward costs a third to a half. The goldens are of the whole shapes.
    """
    patterns = min(2, shape.layers // shape.pattern)
    return replace(
        shape, layers=3 * patterns, pattern=3, shared_layers=3 if shape.shared_layers else 0
    )


SHORT = {name: shortened(shape) for name, shape in SHAPES.items()}
SHORT_E2B, SHORT_E4B, SHORT_12B, SHORT_26B, SHORT_31B = SHORT.values()
