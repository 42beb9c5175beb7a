"""Write a pair of true shape and random weights as checkpoints, as if it had been downloaded.

Usage: python -m scripts.true_shape SHAPE --out DIR [--layers N] [--bits 4|8|16]

`DIR`/target and `DIR`/drafter hold safetensors in shards, an index and a config.json; the tokenizer
and the chat template are those of the built-in pair. The rows of the embedding for all other
tokens are zero, so the likeliest tokens, which greedy decoding chooses, are words that it knows.
E2B in 4 bits has 2.8 GB, and as much is in memory while it is written.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

from mtp_mlx.families import SHAPE_NAMES, shape
from mtp_mlx.families.gemma4.facts import FACTS, drafter_of, target_of
from mtp_mlx.hub.resolve import DEMO_FOLDER
from mtp_mlx.loading.random_pair import randomize
from mtp_mlx.loading.weights import GROUP_SIZE, pack

SHARD = 10**9  # bytes
TEXTS = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("shape", choices=SHAPE_NAMES)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--bits", type=int, choices=(4, 8, 16), default=4)
    options = parser.parse_args()
    write(options.shape, options.out, layers=options.layers, bits=options.bits)


def write(name: str, out: Path, *, layers: int | None = None, bits: int = 4) -> None:
    """Write `out`/target with its last `layers` layers, and `out`/drafter."""
    whole = shape(name, layers)
    facts = next(facts for facts in FACTS if facts.name == whole.name)
    config = dict(target_of(facts, whole.layers))
    network = whole.blueprint.target_network()
    if bits < 16:
        pack(network, bits, network.quant_predicate)
        config["quantization"] = {"bits": bits, "group_size": GROUP_SIZE}
    randomize(network, mx.bfloat16, seed=0)
    keep_words(network.model.embed_tokens)
    write_folder(out / "target", config, network)
    del network
    mx.clear_cache()
    drafter = whole.blueprint.drafter_network()
    randomize(drafter, mx.bfloat16, seed=0)
    write_folder(out / "drafter", dict(drafter_of(facts)), drafter)


def keep_words(embedding: Any) -> None:
    """Set the rows of an embedding to zero, packed or not, for which the tokenizer has no token."""
    texts = json.loads((DEMO_FOLDER / "target" / "tokenizer.json").read_text())
    known = len(texts["model"]["vocab"])
    names = ("scales", "biases") if "scales" in embedding else ("weight",)
    for name in names:
        rows = embedding[name]
        embedding[name] = mx.concatenate([rows[:known], mx.zeros_like(rows[known:])])
        mx.eval(embedding[name])


def write_folder(folder: Path, config: dict[str, Any], network: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    for text in TEXTS:
        shutil.copyfile(DEMO_FOLDER / folder.name / text, folder / text)
    shards = list(shards_of(network))
    places: dict[str, str] = {}
    for number, tensors in enumerate(shards, start=1):
        name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        mx.save_safetensors(str(folder / name), tensors, metadata={"format": "mlx"})
        places |= dict.fromkeys(tensors, name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def shards_of(network: Any) -> Iterator[dict[str, mx.array]]:
    """Yield the tensors of a network, about `SHARD` bytes at a time."""
    shard: dict[str, mx.array] = {}
    for name, array in tree_flatten(network.parameters()):
        shard[name] = array
        if sum(tensor.nbytes for tensor in shard.values()) >= SHARD:
            yield shard
            shard = {}
    if shard:
        yield shard


if __name__ == "__main__":
    main()
