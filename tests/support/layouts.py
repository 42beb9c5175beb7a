"""Models as other programs lay them out on a disk: true configurations, weights of a few bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mtp_mlx.families.base import Part
from mtp_mlx.families.gemma4.facts import FACTS, drafter_of, target_of
from mtp_mlx.hub.weight_files import ITEM_BYTES

COMMIT = "a" * 40


def true_config(name: str, part: Part = "target") -> dict[str, Any]:
    """The config.json of a known pair's target or drafter."""
    facts = next(facts for facts in FACTS if facts.name == name)
    return {**(drafter_of(facts) if part == "drafter" else target_of(facts, facts.layers))}


def layer_names(config: dict[str, Any]) -> list[str]:
    layers = range(config["text_config"]["num_hidden_layers"])
    return ["model.embed_tokens.weight", *(f"model.layers.{i}.mlp.weight" for i in layers)]


def write_model(
    folder: Path, name: str, part: Part = "target", *, file: str = "model.safetensors"
) -> Path:
    """A model of true shape whose tensors have one number each; with texts where it is a target."""
    config = true_config(name, part)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    write_tensors(folder / file, layer_names(config))
    if part == "target":
        for text in ("tokenizer.json", "chat_template.jinja"):
            (folder / text).write_text(json.dumps({"name": text}))
    return folder


def write_tensors(
    file: Path, names: Iterable[str], dtypes: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Tensors of one number each, BF16 but for those whose dtype is given."""
    header: dict[str, Any] = {}
    end = 0
    for name in names:
        dtype = dtypes.get(name, "BF16")
        start, end = end, end + ITEM_BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": [1], "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))


def into_cache(
    cache: Path, repository: str, model: Path, *, shared: bool = False, commit: str = COMMIT
) -> Path:
    """Move a model's files into the Hub's cache: blobs, links to them, and the snapshot of main.

    With `shared` a blob is a link itself, into the store that all repositories share.
    """
    folder = cache / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (folder / "blobs").mkdir(exist_ok=True)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(commit)
    for file in sorted(model.iterdir()):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        blob = folder / "blobs" / digest
        if shared:
            stored = cache / "blobs" / digest[:2] / digest
            stored.parent.mkdir(parents=True, exist_ok=True)
            (cache / "blobs" / ".huggingface-shared-blobs").write_text("1\n")
            file.replace(stored)
            blob.symlink_to(Path("../../blobs") / digest[:2] / digest)
            with stored.with_name(f"{digest}.refs").open("a") as references:
                references.write(f"{folder.name}/blobs/{digest}\n")
        else:
            file.replace(blob)
        (snapshot / file.name).symlink_to(Path("../../blobs") / digest)
    model.rmdir()
    return snapshot


def ollama_model(folder: Path, name: str, tag: str, *, kind: str = "model") -> Path:
    """A model in Ollama's store: a manifest, and the blob that it lists."""
    digest = hashlib.sha256(os.fsencode(f"{name}:{tag}")).hexdigest()
    (folder / "blobs").mkdir(parents=True, exist_ok=True)
    (folder / "blobs" / f"sha256-{digest}").write_bytes(b"GGUF")
    manifest = folder / "manifests" / "registry.ollama.ai" / "library" / name / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    layer = {"mediaType": f"application/vnd.ollama.image.{kind}", "digest": f"sha256:{digest}"}
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [layer]}))
    return manifest
