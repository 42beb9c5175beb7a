"""Writes models in the library's own format, whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import GenerationConfig, PreTrainedModel

from demo_training.shapes import BOS, EOS, GLOBAL_HEAD_DIM, PAD
from demo_training.tokenizer import END_OF_TURN

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def export(model: PreTrainedModel, tokenizer_folder: Path, folder: Path) -> None:
    """Save `model` as bfloat16 with tokenizer and generation settings, then move into place."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    half = type(model)(model.config)
    half.load_state_dict(model.state_dict())
    half.to(torch.bfloat16)
    half.generation_config = generation_config(tokenizer_folder)
    half.save_pretrained(partial)
    add_older_spelling(partial / "config.json")
    for name in TOKENIZER_FILES:
        shutil.copyfile(tokenizer_folder / name, partial / name)
    for file in partial.iterdir():
        file.chmod(0o644)
    replace(partial, folder)


def add_older_spelling(path: Path) -> None:
    """Name the full layers' head size at the top too: plain mlx-lm knows no per-layer settings."""
    config = json.loads(path.read_text())
    config.get("text_config", config)["global_head_dim"] = GLOBAL_HEAD_DIM
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def generation_config(tokenizer_folder: Path) -> GenerationConfig:
    """Greedy by default: a model this small is at its best with its first choice."""
    tokenizer = Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))
    return GenerationConfig(
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=[EOS, tokenizer.token_to_id(END_OF_TURN)],
        do_sample=False,
    )


def replace(partial: Path, folder: Path) -> None:
    """Put a finished folder in the place of an older one."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
