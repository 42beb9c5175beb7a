"""One float32 copy of a pair, in the layout of a multimodal checkpoint without its other senses.

All three engines load it as it stands: mlx-vlm has MTP for that layout only, and float32 in the
file means that none of them computes in anything else.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx

Weights = dict[str, mx.array]

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def copied(pair: Path, folder: Path) -> None:
    """A pair of text-only checkpoints (`pair`/target, `pair`/drafter) into `folder`."""
    write_target(folder / "target", _config(pair / "target"), _weights(pair / "target"))
    write_drafter(folder / "drafter", _config(pair / "drafter"), _weights(pair / "drafter"))
    for name in _TOKENIZER:
        shutil.copy(pair / "target" / name, folder / "target" / name)


def _config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return config


def _weights(folder: Path) -> Weights:
    weights = mx.load(str(folder / "model.safetensors"))
    assert isinstance(weights, dict)
    return weights


def write_target(folder: Path, text: dict[str, Any], weights: Weights) -> None:
    """`text` configures the layers; `weights` have a text-only checkpoint's names (`model.*`)."""
    config = {
        "model_type": "gemma4",
        "text_config": text | {"dtype": "float32"},
        "vision_config": {},
        "vocab_size": text["vocab_size"],
        "eos_token_id": text["eos_token_id"],
        "tie_word_embeddings": True,
        "dtype": "float32",
    }
    _write(folder, config, {f"language_model.{name}": w for name, w in weights.items()})


def write_drafter(folder: Path, config: dict[str, Any], weights: Weights) -> None:
    _write(folder, config | {"dtype": "float32"}, weights)


def _write(folder: Path, config: dict[str, Any], weights: Weights) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    # An index of all tensors is how mlx-vlm is told that there is no vision tower.
    index = {"metadata": {}, "weight_map": dict.fromkeys(weights, "model.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    stored = {
        name: w.astype(mx.float32) if mx.issubdtype(w.dtype, mx.floating) else w
        for name, w in weights.items()
    }
    mx.save_safetensors(str(folder / "model.safetensors"), stored, {"format": "mlx"})
