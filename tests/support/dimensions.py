"""Names and sizes of a Gemma 4 text model's parameters, from its configuration."""

from __future__ import annotations

from tests.support.configs import Config

Dims = dict[str, tuple[int, ...]]


def text_dims(config: Config) -> Dims:
    """The names and sizes of a text model's parameters."""
    hidden, layers = config["hidden_size"], config["num_hidden_layers"]
    dims: Dims = {"model.embed_tokens.weight": (config["vocab_size"], hidden)}
    for layer in range(layers):
        for name, size in _layer_dims(config, layer).items():
            dims[f"model.layers.{layer}.{name}"] = size
    dims["model.norm.weight"] = (hidden,)
    if width := config.get("hidden_size_per_layer_input", 0):
        dims["model.embed_tokens_per_layer.weight"] = (config["vocab_size"], layers * width)
        dims["model.per_layer_model_projection.weight"] = (layers * width, hidden)
        dims["model.per_layer_projection_norm.weight"] = (width,)
    return dims


def _layer_dims(config: Config, layer: int) -> Dims:
    hidden = config["hidden_size"]
    owned = config["num_hidden_layers"] - config["num_kv_shared_layers"]
    doubled = config["use_double_wide_mlp"] and layer >= owned
    ffn = config["intermediate_size"] * (2 if doubled else 1)
    return {
        **_attention_dims(config, layer, owns_keys=layer < owned),
        "mlp.gate_proj.weight": (ffn, hidden),
        "mlp.up_proj.weight": (ffn, hidden),
        "mlp.down_proj.weight": (hidden, ffn),
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
        "pre_feedforward_layernorm.weight": (hidden,),
        "post_feedforward_layernorm.weight": (hidden,),
        "layer_scalar": (1,),
        **_expert_dims(config),
        **_per_layer_input_dims(config),
    }


def _attention_dims(config: Config, layer: int, *, owns_keys: bool) -> Dims:
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    full = config["layer_types"][layer] == "full_attention"
    head_dim = config["global_head_dim"] if full else config["head_dim"]
    k_eq_v = full and config["attention_k_eq_v"]
    kv_heads = config["num_global_key_value_heads"] if k_eq_v else config["num_key_value_heads"]
    dims: Dims = {
        "self_attn.q_proj.weight": (heads * head_dim, hidden),
        "self_attn.q_norm.weight": (head_dim,),
        "self_attn.o_proj.weight": (hidden, heads * head_dim),
    }
    if owns_keys:
        dims["self_attn.k_proj.weight"] = (kv_heads * head_dim, hidden)
        dims["self_attn.k_norm.weight"] = (head_dim,)
        if not k_eq_v:
            dims["self_attn.v_proj.weight"] = (kv_heads * head_dim, hidden)
    return dims


def _expert_dims(config: Config) -> Dims:
    if not config.get("enable_moe_block"):
        return {}
    hidden, experts, ffn = (
        config["hidden_size"],
        config["num_experts"],
        config["moe_intermediate_size"],
    )
    return {
        "router.proj.weight": (experts, hidden),
        "router.scale": (hidden,),
        "router.per_expert_scale": (experts,),
        "experts.gate_up_proj": (experts, 2 * ffn, hidden),
        "experts.down_proj": (experts, hidden, ffn),
        "post_feedforward_layernorm_1.weight": (hidden,),
        "post_feedforward_layernorm_2.weight": (hidden,),
        "pre_feedforward_layernorm_2.weight": (hidden,),
    }


def _per_layer_input_dims(config: Config) -> Dims:
    hidden, width = config["hidden_size"], config.get("hidden_size_per_layer_input", 0)
    if not width:
        return {}
    return {
        "per_layer_input_gate.weight": (width, hidden),
        "per_layer_projection.weight": (hidden, width),
        "post_per_layer_input_norm.weight": (hidden,),
    }
