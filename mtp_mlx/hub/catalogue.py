"""The five Gemma 4 pairs: which drafter belongs to which target, their shapes and sizes.

Pure values. Sizes are as reported by those who published the files; None: not known to us.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

GB, GIB, MB = 10**9, 2**30, 10**6
HEAD_DIM, FULL_HEAD_DIM = 256, 512
CACHE_BYTES = 2  # a cached number is a bfloat16


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A repository that holds a model in one precision."""

    repository: str
    precision: str  # "bf16", "8-bit", "4-bit"
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValueShape:
    """What the target caches: layers that own keys and values, and their heads."""

    sliding_layers: int
    sliding_heads: int
    full_layers: int
    full_heads: int
    window: int

    def size_bytes(self, context: int) -> int:
        """Bytes of keys and values for a context of so many tokens."""
        full = self.full_layers * self.full_heads * FULL_HEAD_DIM * context
        kept = min(context, self.window)
        sliding = self.sliding_layers * self.sliding_heads * HEAD_DIM * kept
        return 2 * CACHE_BYTES * (full + sliding)


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePair:
    """A target, the drafter trained for it, and the conversions of both."""

    name: str  # "E2B"
    hidden_size: int
    layers: int
    key_values: KeyValueShape
    targets: tuple[Conversion, ...]  # best known first
    drafters: tuple[Conversion, ...]

    @property
    def title(self) -> str:
        return f"Gemma 4 {self.name}"

    @property
    def drafter(self) -> str:
        return self.drafters[0].repository


def _pair(
    name: str,
    shape: tuple[int, int],
    key_values: KeyValueShape,
    sizes: Mapping[str, int],
    drafter_size: int,
) -> CataloguePair:
    """`shape`: hidden size and layers. `sizes`: bytes by precision, where known."""
    community = name if name == "12B" else name.lower()  # as these repositories are spelt
    return CataloguePair(
        name=name,
        hidden_size=shape[0],
        layers=shape[1],
        key_values=key_values,
        targets=(
            *(
                Conversion(
                    repository=f"mlx-community/gemma-4-{community}-it-{precision.replace('-', '')}",
                    precision=precision,
                    size_bytes=sizes.get(precision),
                )
                for precision in ("4-bit", "8-bit")
            ),
            Conversion(
                repository=f"google/gemma-4-{name}-it",
                precision="bf16",
                size_bytes=sizes.get("bf16"),
            ),
        ),
        drafters=(
            Conversion(
                repository=f"google/gemma-4-{name}-it-assistant",
                precision="bf16",
                size_bytes=drafter_size,
            ),
        ),
    )


def _caches(sliding: tuple[int, int], full: tuple[int, int], window: int) -> KeyValueShape:
    """Layers and heads of each kind; layers that share another's cache do not count."""
    return KeyValueShape(
        sliding_layers=sliding[0],
        sliding_heads=sliding[1],
        full_layers=full[0],
        full_heads=full[1],
        window=window,
    )


PAIRS = (
    _pair(
        "E2B", (1536, 35), _caches((12, 1), (3, 1), 512),
        {"4-bit": 3_610 * MB, "bf16": 10 * GB}, 155 * MB,
    ),
    _pair(
        "E4B", (2560, 42), _caches((20, 2), (4, 2), 512),
        {"4-bit": 6_400 * MB, "bf16": 16 * GB}, 157 * MB,
    ),
    _pair(
        "12B", (3840, 48), _caches((40, 8), (8, 1), 1024),
        {"4-bit": 63 * GIB // 10}, 846 * MB,
    ),
    _pair(
        "26B-A4B", (2816, 30), _caches((25, 8), (5, 2), 1024),
        {"4-bit": 143 * GIB // 10, "bf16": 51_600 * MB}, 839 * MB,
    ),
    _pair(
        "31B", (5376, 60), _caches((50, 16), (10, 4), 1024),
        {"4-bit": 17 * GB, "bf16": 62_500 * MB}, 939 * MB,
    ),
)  # fmt: skip

_TARGET_NAME = re.compile(
    r"gemma-4-(?P<name>e2b|e4b|12b|26b-a4b|31b)-it\b(?!.*assistant)", re.IGNORECASE
)
_QAT = "-qat-q4_0-unquantized"


def pair_of(target: str) -> CataloguePair | None:
    """The pair a repository's name (or a folder's) speaks of; None for other models."""
    found = _TARGET_NAME.search(target)
    if found is None:
        return None
    return next(pair for pair in PAIRS if pair.name.lower() == found["name"].lower())


def pair_of_config(config: Mapping[str, object]) -> CataloguePair | None:
    """The pair whose target has this config.json, by hidden size and number of layers."""
    text = config.get("text_config")
    shape = text if isinstance(text, Mapping) else config
    if not str(config.get("model_type", "")).startswith("gemma4"):
        return None
    size, layers = shape.get("hidden_size"), shape.get("num_hidden_layers")
    return next((p for p in PAIRS if (p.hidden_size, p.layers) == (size, layers)), None)


def drafter_for(target: str | Mapping[str, object]) -> str | None:
    """The drafter's repository for a target's repository or config.json; None where none fits.

    Targets trained for 4 bits ("qat") have drafters of their own.
    """
    pair = pair_of(target) if isinstance(target, str) else pair_of_config(target)
    if pair is None:
        return None
    if isinstance(target, str) and "-qat" in target.lower():
        return pair.drafter.replace("-assistant", f"{_QAT}-assistant")
    return pair.drafter
