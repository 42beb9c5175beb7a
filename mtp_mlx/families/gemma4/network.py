"""mlx-lm's Gemma 4 network, without the rest of mlx-lm.

Importing the `mlx_lm` package runs an `__init__` that imports transformers, which costs a second
and more; its model files alone cost a tenth of that. So they are imported beneath an empty
stand-in for the package, which is taken away again: a later `import mlx_lm` finds the real one.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from mtp_mlx.families.gemma4.config import TextConfig


def _import_gemma4() -> Any:
    if "mlx_lm" in sys.modules:
        from mlx_lm.models import gemma4_text

        return gemma4_text
    spec = find_spec("mlx_lm")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("mlx-lm is not installed", name="mlx_lm")
    stand_in = ModuleType("mlx_lm")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["mlx_lm"] = stand_in
    try:
        from mlx_lm.models import gemma4_text
    finally:
        del sys.modules["mlx_lm"]
    return gemma4_text


gemma4_text = _import_gemma4()


def model_args(config: TextConfig) -> Any:
    """The same configuration as mlx-lm's dataclass takes it, every field spelled out."""
    experts = config.experts
    return gemma4_text.ModelArgs(
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_layers,
        intermediate_size=config.intermediate_size,
        num_attention_heads=config.num_heads,
        head_dim=config.head_dim,
        global_head_dim=config.global_head_dim,
        rms_norm_eps=config.rms_norm_eps,
        vocab_size=config.vocab_size,
        vocab_size_per_layer_input=config.per_layer_vocab_size,
        num_key_value_heads=config.num_kv_heads,
        num_global_key_value_heads=config.num_global_kv_heads,
        num_kv_shared_layers=config.num_kv_shared_layers,
        hidden_size_per_layer_input=config.per_layer_input_size,
        rope_parameters=dict(config.rope_parameters),
        sliding_window=config.sliding_window,
        max_position_embeddings=config.max_positions,
        attention_k_eq_v=config.k_eq_v,
        final_logit_softcapping=config.softcap,
        use_double_wide_mlp=config.double_wide_mlp,
        enable_moe_block=experts is not None,
        num_experts=experts.count if experts else None,
        top_k_experts=experts.top_k if experts else None,
        moe_intermediate_size=experts.intermediate_size if experts else None,
        layer_types=list(config.layer_types),
        tie_word_embeddings=config.tied,
    )
