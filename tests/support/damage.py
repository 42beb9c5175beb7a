"""Ways to spoil a checkpoint, and what a refusal must look like."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from mtp_mlx import api
from mtp_mlx.errors import LoadError
from mtp_mlx.loading import LoadedPair, load_pair
from tests.support.checkpoints import PairFolders

Tensors = dict[str, mx.array]


def load(pair: PairFolders, *, anyway: bool = False) -> LoadedPair:
    return load_pair(
        api.Load(target=str(pair.target), drafter=str(pair.drafter), dtype="float32", anyway=anyway)
    )


def refused(pair: PairFolders, error: type[LoadError], *said: str) -> None:
    """Loading fails with this very error; message and remedy are a sentence each, in one line."""
    with pytest.raises(LoadError) as caught:
        load(pair)
    assert type(caught.value) is error
    for text in (caught.value.message, caught.value.remedy):
        assert text.endswith(".")
        assert "\n" not in text
        assert len(text) < 200
    for words in said:
        assert words in str(caught.value)


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def edit_config(folder: Path, **fields: Any) -> None:
    edit_json(folder / "config.json", lambda config: config.update(fields))


def edit_text_config(folder: Path, **fields: Any) -> None:
    edit_json(folder / "config.json", lambda config: config["text_config"].update(fields))


def edit_weights(folder: Path, change: Callable[[Tensors], object]) -> None:
    """Change the tensors of a single-file checkpoint."""
    file = folder / "model.safetensors"
    tensors = mx.load(str(file))
    assert isinstance(tensors, dict)
    change(tensors)
    mx.eval(tensors)
    changed = folder / "changed.safetensors"
    mx.save_safetensors(str(changed), tensors)
    changed.replace(file)


def write_safetensors(folder: Path, header: bytes, body: bytes = b"") -> None:
    """A weight file with this header, whatever it says."""
    content = len(header).to_bytes(8, "little") + header + body
    (folder / "model.safetensors").write_bytes(content)
