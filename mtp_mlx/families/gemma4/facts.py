r"""The five Gemma 4 pairs: their shapes, repositories and sizes, each fact once. Pure.

Shapes have the names of the fields in each config.json. A thought is written as
`<|channel>thought\n … <channel|>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mtp_mlx.api import ThinkingSyntax
from mtp_mlx.families.base import (
    Config,
    Conversion,
    KnownPair,
    MemoryShape,
    ReportedAcceptance,
)
from mtp_mlx.families.gemma4.config import FULL, SLIDING, TextConfig, target_config

THINKING = ThinkingSyntax(opening="<|channel>", header="thought\n", closing="<channel|>")

TITLE = "Gemma 4"

GB, MB = 10**9, 10**6

_VOCABULARY = 262_144
_DRAFTER_LAYERS = 4
_PRECISIONS = ("4-bit", "8-bit")  # of mlx-community's conversions
_QAT = "-qat-q4_0-unquantized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A pair's two configurations, without the fields that depend on the number of layers."""

    name: str
    model_type: str = "gemma4"
    layers: int
    period: int  # in each group of so many layers the last is a full one, the others are sliding
    shared_layers: int = 0  # so many of the last layers read the keys of earlier ones
    centroid_head: bool = False
    keys: Config  # fields of target and drafter alike, as both read the same keys and values
    target: Config
    drafter: Config
    target_bytes: Mapping[str, int]  # of the files, by precision
    other_bytes: int  # of those, for images and sound
    drafter_bytes: int
    acceptance: ReportedAcceptance
    qat_bytes: Mapping[str, int | None] = field(default_factory=dict)  # of files, by precision


def known_pair(facts: Facts) -> KnownPair:
    """Return the catalogue's entry of a pair."""
    target = target_config(target_of(facts, facts.layers))
    community = facts.name if facts.name == "12B" else facts.name.lower()  # as they are spelt
    conversions = [
        (precision, f"mlx-community/gemma-4-{community}-it-{precision.replace('-', '')}")
        for precision in _PRECISIONS
    ]
    return KnownPair(
        name=facts.name,
        title=f"{TITLE} {facts.name}",
        hidden_size=target.hidden_size,
        layers=target.num_layers,
        memory=memory_shape(target),
        acceptance=facts.acceptance,
        other_bytes=facts.other_bytes,
        context_length=target.max_positions,
        targets=(
            *(
                Conversion(repository=name, precision=p, size_bytes=facts.target_bytes.get(p))
                for p, name in (*conversions, ("bf16", f"google/gemma-4-{facts.name}-it"))
            ),
            *_trained_for_few_bits(facts),
        ),
        drafters=(
            Conversion(
                repository=f"google/gemma-4-{facts.name}-it-assistant",
                precision="bf16",
                size_bytes=facts.drafter_bytes,
            ),
            Conversion(
                repository=f"google/gemma-4-{facts.name}-it{_QAT}-assistant",
                precision="bf16",
                size_bytes=None,
                is_qat=True,
            ),
        ),
    )


def _trained_for_few_bits(facts: Facts) -> Iterator[Conversion]:
    """Yield the conversions of a target trained for 4 bits, and the one that they are made of."""
    for precision, size in facts.qat_bytes.items():
        name = f"mlx-community/gemma-4-{facts.name}-it-qat-{precision.replace('-', '')}"
        yield Conversion(repository=name, precision=precision, size_bytes=size, is_qat=True)
    original = f"google/gemma-4-{facts.name}-it{_QAT}"
    yield Conversion(repository=original, precision="bf16", size_bytes=None, is_qat=True)


def memory_shape(target: TextConfig) -> MemoryShape:
    """Return what of a target decides its memory; layers that read another's cache do not count."""
    owners = target.layer_types[: target.owners]
    sliding_heads, sliding_width = target.kv_shape(SLIDING)
    full_heads, full_width = target.kv_shape(FULL)
    return MemoryShape(
        sliding_layers=owners.count(SLIDING),
        sliding_heads=sliding_heads,
        sliding_width=sliding_width,
        full_layers=owners.count(FULL),
        full_heads=full_heads,
        full_width=full_width,
        window=target.sliding_window,
        query_heads=target.num_heads,
        chunk_row=chunk_row(target),
    )


def chunk_row(target: TextConfig) -> int:
    """Return the numbers that a row of a chunk needs at a time, beside its scores.

    MLX begins operations while others run, so the results of several exist at once: measured on
    the CPU, those of two layers. `scripts/measure_fit.py` measures it.
    """
    inputs = target.num_layers * target.per_layer_input_size
    experts = target.experts
    routed = (
        experts.top_k * (2 * target.hidden_size + 3 * experts.intermediate_size) if experts else 0
    )
    return 6 * target.intermediate_size + 6 * target.hidden_size + 2 * inputs + routed


def numbers_read(target: TextConfig) -> int:
    """Return how many weights a forward pass over one row reads.

    Of an embedding that is one row, of experts those that are chosen; the head is read whole.
    """
    hidden, inputs = target.hidden_size, target.per_layer_input_size
    read = target.vocab_size * hidden + hidden * target.num_layers * inputs
    for layer, kind in enumerate(target.layer_types):
        kv_heads, width = target.kv_shape(kind)
        owns = layer < target.owners
        read += 2 * hidden * target.num_heads * width  # queries and the output
        keys = 1 if target.k_eq_v and kind == FULL else 2
        read += keys * hidden * kv_heads * width if owns else 0
        wide = target.double_wide_mlp and not owns
        read += 3 * hidden * target.intermediate_size * (2 if wide else 1)
        read += 2 * hidden * inputs
        if target.experts is not None:
            chosen = target.experts.top_k * 3 * hidden * target.experts.intermediate_size
            read += chosen + hidden * target.experts.count
    return read


def target_of(facts: Facts, kept: int) -> Config:
    """Return the config.json of the target, with its last `kept` layers.

    Sliding and full layers alternate as in the whole target. As large a share of them reads the
    keys of earlier layers, but at least one sliding and one full layer own a cache, for a drafter
    needs both. All other fields are those of the whole target.
    """
    types = _layer_types(facts.layers, facts.period)[-kept:]
    share = round(kept * facts.shared_layers / facts.layers)
    least_owners = max(types.index(SLIDING), types.index(FULL)) + 1
    text = {
        "num_hidden_layers": kept,
        "num_kv_shared_layers": min(share, kept - least_owners),
        "layer_types": types,
        "final_logit_softcapping": 30.0,
        "hidden_size_per_layer_input": 0,
        "vocab_size_per_layer_input": _VOCABULARY,
    }
    return {"model_type": facts.model_type, "text_config": {**text, **facts.keys, **facts.target}}


def drafter_of(facts: Facts) -> Config:
    """Return the config.json of the drafter."""
    text = {
        "num_hidden_layers": _DRAFTER_LAYERS,
        "layer_types": _layer_types(_DRAFTER_LAYERS, _DRAFTER_LAYERS),
        "final_logit_softcapping": None,
    }
    return {
        "model_type": f"{facts.model_type}_assistant",
        "backbone_hidden_size": facts.target["hidden_size"],
        "use_ordered_embeddings": facts.centroid_head,
        "num_centroids": 2048,
        "centroid_intermediate_top_k": 32,
        "text_config": {**text, **facts.keys, **facts.drafter},
    }


def _layer_types(layers: int, period: int) -> list[str]:
    return [SLIDING if (layer + 1) % period else FULL for layer in range(layers)]


def _keys(kv_heads: int, global_kv_heads: int | None, window: int, context: int) -> dict[str, Any]:
    return {
        "vocab_size": _VOCABULARY,
        "num_key_value_heads": kv_heads,
        "num_global_key_value_heads": global_kv_heads,
        "attention_k_eq_v": global_kv_heads is not None,
        "head_dim": 256,
        "global_head_dim": 512,
        "sliding_window": window,
        "max_position_embeddings": context,
    }


def _stack(hidden: int, ffn: int, heads: int) -> dict[str, Any]:
    return {"hidden_size": hidden, "intermediate_size": ffn, "num_attention_heads": heads}


_PER_LAYER_INPUTS = {"hidden_size_per_layer_input": 256}
_EXPERTS = {
    "enable_moe_block": True,
    "num_experts": 128,
    "top_k_experts": 8,
    "moe_intermediate_size": 704,
}
_SMALL_DRAFTER = _stack(256, 2048, 4)
_SMALL_CONTEXT, _LARGE_CONTEXT = 128 * 1024, 256 * 1024

# What others measured with the trained weights. Acceptance depends on the text most of all: the
# figures are of chat and prose, where they are given apart, for code has more. No figure is found
# for E2B; its drafter has the sizes of E4B's.
_OF_E4B = ReportedAcceptance(
    pair="E4B",
    drafts=2,
    tokens_a_round=2.28,
    source="vLLM's own tests, E4B in bf16, MT-Bench, 2 drafts a round",
)
_OF_12B = ReportedAcceptance(
    pair="12B",
    drafts=3,
    tokens_a_round=2.98,
    source="raullenchai/Rapid-MLX#1013, 12B in 4 bits on an M3 Ultra, 66 % of 3 drafts a round",
)
_OF_26B = ReportedAcceptance(
    pair="26B-A4B",
    drafts=4,
    tokens_a_round=3.10,
    source="eugr/spark-vllm-docker#343, 26B-A4B in nvfp4 on a DGX Spark, 52 % of 4 drafts a round",
)
_OF_31B = ReportedAcceptance(
    pair="31B",
    drafts=3,
    tokens_a_round=2.96,
    source="lablup/mlxcel#1217, 31B in 4 bits on an M3 Ultra, prose, 3 drafts a round",
)

# Sizes of files, from listings of the repositories: E2B in 4 bits 3.61 GB; E4B 4.79 and 8.27 GiB,
# 12B 6.28 and 11.84, 26B-A4B 14.29 and 26.03 in 4 and 8 bits; 31B in 4 bits 18.4 GB; bf16 10, 16,
# 51.6 and 62.5 GB. The text weights follow from the shape, at 4.5 and 8.5 bits a number: 12B's are
# 6.70 and 12.65 GB, as measured of its files. The rest of a file is as large in either precision:
# parts for images and sound, unpacked. E2B's and 31B's 8 bits and 12B's bf16 are such sums.
#
# mlx-community publishes these targets that were trained for 4 bits: 12B and 31B in 4 and 8 bits,
# 26B-A4B in 4 (raullenchai/Rapid-MLX#523). One size is known; the Hub's listing tells the others.
#
# "4-bit" in a name is no promise: 12B trained for 4 bits (qat-4bit) has 10.99 GB, for its
# feed-forward layers have 8 bits; packed in 4 throughout it has 6.74 and is 1.6 times as fast
# (lablup/mlxcel#683).
FACTS = (
    Facts(
        name="E2B", layers=35, period=5, shared_layers=20, centroid_head=True,
        keys=_keys(1, None, window=512, context=_SMALL_CONTEXT),
        target=_stack(1536, 6144, 8) | _PER_LAYER_INPUTS | {"use_double_wide_mlp": True},
        drafter=_SMALL_DRAFTER,
        target_bytes={"4-bit": 3_610 * MB, "8-bit": 5_920 * MB, "bf16": 10_260 * MB},
        other_bytes=1_000 * MB, drafter_bytes=155 * MB, acceptance=_OF_E4B,
    ),
    Facts(
        name="E4B", layers=42, period=6, shared_layers=18, centroid_head=True,
        keys=_keys(2, None, window=512, context=_SMALL_CONTEXT),
        target=_stack(2560, 10240, 8) | _PER_LAYER_INPUTS,
        drafter=_SMALL_DRAFTER,
        target_bytes={"4-bit": 5_143 * MB, "8-bit": 8_880 * MB, "bf16": 16 * GB},
        other_bytes=945 * MB, drafter_bytes=157 * MB, acceptance=_OF_E4B,
    ),
    Facts(
        name="12B", model_type="gemma4_unified", layers=48, period=6,
        keys=_keys(8, 1, window=1024, context=_LARGE_CONTEXT),
        target=_stack(3840, 15360, 16),
        drafter=_stack(1024, 8192, 16),
        target_bytes={"4-bit": 6_743 * MB, "8-bit": 12_713 * MB, "bf16": 23_870 * MB},
        other_bytes=50 * MB, drafter_bytes=846 * MB, acceptance=_OF_12B,
        qat_bytes={"4-bit": 10_990 * MB, "8-bit": None},
    ),
    Facts(
        name="26B-A4B", layers=30, period=6,
        keys=_keys(8, 2, window=1024, context=_LARGE_CONTEXT),
        target=_stack(2816, 2112, 16) | _EXPERTS,
        drafter=_stack(1024, 8192, 16),
        target_bytes={"4-bit": 15_344 * MB, "8-bit": 27_950 * MB, "bf16": 51_600 * MB},
        other_bytes=1_140 * MB, drafter_bytes=839 * MB, acceptance=_OF_26B,
        qat_bytes={"4-bit": None},
    ),
    Facts(
        name="31B", layers=60, period=6,
        keys=_keys(16, 4, window=1024, context=_LARGE_CONTEXT),
        target=_stack(5376, 21504, 32),
        drafter=_stack(1024, 8192, 32),
        target_bytes={"4-bit": 18_400 * MB, "8-bit": 33_750 * MB, "bf16": 62_500 * MB},
        other_bytes=1_130 * MB, drafter_bytes=939 * MB, acceptance=_OF_31B,
        qat_bytes={"4-bit": None, "8-bit": None},
    ),
)  # fmt: skip

PAIRS = tuple(known_pair(facts) for facts in FACTS)
SHAPE_NAMES = ("e2b", "e4b", "12b", "26b", "31b")

_TARGET_NAME = re.compile(
    r"gemma-4-(?P<name>e2b|e4b|12b|26b-a4b|31b)-it\b(?!.*assistant)", re.IGNORECASE
)


def pair_of(target: str) -> KnownPair | None:
    """Return the pair that the name of a repository or a folder contains, if any."""
    match = _TARGET_NAME.search(target)
    if match is None:
        return None
    return next(pair for pair in PAIRS if pair.name.lower() == match["name"].lower())


def pair_of_config(config: Config) -> KnownPair | None:
    """Return the pair whose target has this config.json, by hidden size and number of layers."""
    text = config.get("text_config")
    section = text if isinstance(text, Mapping) else config
    if not str(config.get("model_type", "")).startswith("gemma4"):
        return None
    size = section.get("hidden_size"), section.get("num_hidden_layers")
    return next((p for p in PAIRS if (p.hidden_size, p.layers) == size), None)


def drafter_for(target: str | Config) -> str | None:
    """Return the drafter's repository for a target's repository or config.json; None if unknown.

    Targets trained for 4 bits ("qat") have drafters of their own.
    """
    pair = pair_of(target) if isinstance(target, str) else pair_of_config(target)
    if pair is None:
        return None
    if isinstance(target, str) and "-qat" in target.lower():
        return pair.drafter.replace("-assistant", f"{_QAT}-assistant")
    return pair.drafter
