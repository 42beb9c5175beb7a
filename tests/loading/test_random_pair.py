"""Pairs of random weights: built like conversions, no larger than promised, and they decode."""

from __future__ import annotations

import gc
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.engine import Engine
from mtp_mlx.errors import OutOfMemory, UsageError
from mtp_mlx.hub.fit import MachineMemory
from mtp_mlx.loading import LoadedPair
from mtp_mlx.loading.random_pair import pair_of, random_pair, randomize, size_bytes
from mtp_mlx.loading.weights import pack
from tests.support import shapes
from tests.support.pairs import both, forward
from tests.support.random_pairs import tiny_shape
from tests.support.replies import GREEDY, reply
from tests.support.shapes import E2B, MOE_26B, SHAPES, UNIFIED_12B, VOCABULARY

PROMPT = [5, 17, 300, 42, 42, 9, 111, 250, 3, 77, 8, 1, 2, 3, 4]


def modules(pair: LoadedPair) -> dict[str, Any]:
    return dict(both(pair).target.network.named_modules())


def weight(pair: LoadedPair, module: str) -> Any:
    return np.array(modules(pair)[module].weight)


@pytest.mark.parametrize(
    ("of", "bits"), list(zip(SHAPES.values(), [4, 8, 16, 4, 4], strict=True)), ids=SHAPES
)
def test_the_text_is_the_same_with_and_without_mtp(of: shapes.Shape, bits: int) -> None:
    engine = Engine(pair_of(tiny_shape(of), bits=bits))
    plain = reply(engine, PROMPT, max_tokens=16)
    drafted = reply(engine, PROMPT, max_tokens=16, mtp=3)
    assert drafted.tokens == plain.tokens
    assert drafted.finished.stats.draft_n > 0
    assert len(set(plain.tokens)) > 8  # no token is its own likeliest successor


def test_what_conversions_pack_is_packed() -> None:
    pair = pair_of(tiny_shape(MOE_26B), bits=4)
    found = modules(pair)
    for name in ("self_attn.q_proj", "mlp.down_proj", "experts.switch_glu.down_proj"):
        assert found[f"model.layers.0.{name}"].bits == 4
    assert found["model.embed_tokens"].bits == 4
    assert found["model.layers.0.router.proj"].bits == 8
    assert all(module.group_size == 64 for module in found.values() if "scales" in module)
    assert "scales" not in both(pair).drafter.network.model.embed_tokens
    narrow = modules(pair_of(tiny_shape(E2B), bits=4))
    assert "scales" not in narrow["model.layers.0.per_layer_projection"]  # rows of 32


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_matrices_keep_the_size_of_what_they_multiply(bits: int) -> None:
    module = modules(pair_of(tiny_shape(UNIFIED_12B), bits=bits))["model.layers.0.mlp.gate_proj"]
    x = mx.random.normal((512, 64), key=mx.random.key(0))
    found = np.array(module(x))
    assert np.square(found).mean() == pytest.approx(1, rel=0.1)
    assert abs(found.mean()) < 0.1


def test_attention_scores_have_variance_1() -> None:
    found = modules(pair_of(tiny_shape(UNIFIED_12B), bits=4))
    for layer, width in ((0, 16), (5, 32)):
        attention = found[f"model.layers.{layer}.self_attn"]
        products = np.array(attention.q_norm.weight * attention.k_norm.weight)
        assert width * np.square(products).mean() == pytest.approx(1)


def test_activations_stay_finite_through_many_layers_in_16_bits() -> None:
    deep = shapes.Shape(
        name="deep", layers=60, pattern=6, heads=8, kv_heads=4, global_kv_heads=1, k_eq_v=True
    )
    pair = pair_of(tiny_shape(deep), bits=16, dtype="bfloat16")
    hidden = forward(pair.target, PROMPT)
    logits = pair.target.logits(hidden).raw
    assert logits.dtype == mx.bfloat16
    found = np.array(logits.astype(mx.float32))
    assert np.isfinite(found).all()
    assert 0.1 < found.std() < 10


def test_a_seed_stands_for_its_weights() -> None:
    first, again, other = (pair_of(tiny_shape(E2B), bits=4, seed=seed) for seed in (0, 0, 1))
    name = "model.layers.3.mlp.up_proj"
    assert (weight(first, name) == weight(again, name)).all()
    assert (weight(first, name) != weight(other, name)).mean() > 0.9
    assert (weight(first, name) != weight(first, "model.layers.2.mlp.up_proj")).mean() > 0.9


@pytest.mark.parametrize("bits", [4, 16])
def test_blocks_leave_nothing_out(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.loading.random_pair.BLOCK", 1000)
    rows = weight(pair_of(tiny_shape(E2B), bits=bits), "model.embed_tokens")
    assert len({row.tobytes() for row in rows}) == len(rows) == VOCABULARY


@pytest.mark.parametrize("bits", [4, 16])
def test_no_more_memory_is_needed_than_is_kept(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.loading.random_pair.BLOCK", 256)
    network = tiny_shape(UNIFIED_12B).blueprint.target_network()
    if bits < 16:
        pack(network, bits)
    gc.collect()
    mx.clear_cache()  # a buffer that is used again may be larger than what it holds
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    randomize(network, mx.float32, seed=0)
    kept = mx.get_active_memory() - before
    assert kept == pytest.approx(size_bytes(network, mx.float32), rel=0.02)
    assert mx.get_peak_memory() - before < kept + 32 * 256  # bytes: a block and what draws it


def test_the_pair_says_what_it_is() -> None:
    info = pair_of(tiny_shape(E2B), bits=4).info
    assert info.target == "random Tiny, 4-bit"
    assert info.drafter == "random Tiny drafter, float32"
    assert info.quantization == "4-bit affine, group 64"
    assert not info.has_chat_template
    whole = pair_of(tiny_shape(E2B), bits=16).info
    assert (whole.target, whole.quantization) == ("random Tiny, float32", "float32")


def test_a_pair_too_large_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    small = MachineMemory(total=16 * 10**9, available=16 * 10**9)
    monkeypatch.setattr("mtp_mlx.loading.memory.machine_memory", lambda: small)
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    with pytest.raises(
        OutOfMemory, match=r"random 31B, 4-bit needs 2\d\.\d GB here \(19\.2 target"
    ):
        random_pair("31b", bits=4)
    assert mx.get_peak_memory() - before < 10**6


def test_running_out_of_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("[malloc] Unable to allocate 3 bytes.")

    monkeypatch.setattr("mtp_mlx.loading.random_pair.randomize", fail)
    with pytest.raises(OutOfMemory, match="Choose fewer bits"):
        pair_of(tiny_shape(E2B), bits=4)


def test_odd_bits_are_refused() -> None:
    with pytest.raises(UsageError, match="Choose 4, 8 or 16"):
        random_pair("e2b", bits=5)


def test_the_pair_needs_no_end_token() -> None:
    pair = pair_of(tiny_shape(E2B), bits=4)
    assert not pair.end_tokens
    done = reply(Engine(pair), PROMPT, sampling=GREEDY, max_tokens=5, ignore_eos=False)
    assert len(done.tokens) == 5
