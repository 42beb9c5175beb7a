"""Ollama's store: which models it has, and why MLX does not run them.

A manifest, manifests/REGISTRY/NAMESPACE/NAME/TAG, lists the files of a model, blobs/sha256-….
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from mtp_mlx.errors import LoadError
from mtp_mlx.files import read_object
from mtp_mlx.hub.local_model import Inodes, LocalModel, Reading
from mtp_mlx.printable import as_text

MOST_MODELS = 1000

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_SPLIT = "application/vnd.ollama.image.tensor"
_REMEDY = "Choose a conversion of the same model, such as those of mlx-community."


def ollama_models(folder: Path) -> Iterator[Reading]:
    """Yield the models in Ollama's folder, none of them usable, up to `MOST_MODELS`."""
    manifests = (folder / "manifests").glob("*/*/*/*")
    visible = (file for file in manifests if not file.name.startswith(".") and file.is_file())
    for manifest in islice(visible, MOST_MODELS):
        layers = list(_layers(manifest))
        inodes = _inodes(folder / "blobs", layers)
        is_split = any(layer.get("mediaType") == _SPLIT for layer in layers)
        how = "split by tensor" if is_split else "as GGUF"
        model = LocalModel(
            name=as_text(_name(manifest)),
            path=as_text(str(manifest)),
            place=as_text(str(folder)),
            owner="ollama",
            size_bytes=sum(inodes.values()),
            state="unsupported",
            problem=f"Ollama keeps this model {how}, in a store of its own.",
            remedy=_REMEDY,
        )
        yield Reading(model, {}, inodes)


def _name(manifest: Path) -> str:
    """Return a model's name as Ollama shows it, such as "gemma4:12b" or "someone/gemma4:12b"."""
    namespace, name, tag = manifest.parts[-3:]
    own = "" if namespace == "library" else f"{namespace}/"
    return f"{own}{name}:{tag}"


def _layers(manifest: Path) -> Iterator[Mapping[str, Any]]:
    """Yield what a manifest lists; nothing where it is damaged."""
    with suppress(LoadError, OSError):
        layers = read_object(manifest).get("layers")
        if isinstance(layers, list):
            yield from (layer for layer in layers if isinstance(layer, Mapping))


def _inodes(blobs: Path, layers: list[Mapping[str, Any]]) -> Inodes:
    sizes = {}
    for layer in layers:
        digest = _DIGEST.fullmatch(str(layer.get("digest")))
        with suppress(OSError):
            if digest is not None:
                status = (blobs / f"sha256-{digest[1]}").stat()
                sizes[status.st_dev, status.st_ino] = status.st_size
    return sizes
