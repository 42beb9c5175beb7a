"""Pre-training of the target: next-token cross-entropy on packed chats."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import Gemma4ForCausalLM

from demo_training.batches import Batch, Codec, batches, documents
from demo_training.network import Rotation, Seen, rotations, seen, target_hidden, target_logits
from demo_training.shapes import target_config
from demo_training.training import LENGTH, ROWS, Budget, own_seed, resumed, spread, train


def fresh_target(seed: int) -> Gemma4ForCausalLM:
    """The untrained target. The gains of the norms start where training wants them."""
    torch.manual_seed(seed)
    model = Gemma4ForCausalLM(target_config())
    nn.init.normal_(model.model.embed_tokens.weight, std=model.config.hidden_size**-0.5)
    with torch.no_grad():
        model.model.embed_tokens.weight[model.config.pad_token_id] = 0
    soften(model.model.layers)
    return model


def soften(layers: nn.ModuleList) -> None:
    """Scores of order one instead of sqrt(D), and branches small against the residual."""
    for layer in layers:
        attention = layer.self_attn
        nn.init.constant_(attention.q_norm.weight, 1.5 * attention.head_dim**-0.5)
        for name, parameter in layer.named_parameters():
            if name.startswith("post_"):
                nn.init.constant_(parameter, 0.3)


def train_target(seed: int, budget: Budget, tokenizer: Tokenizer, checkpoint: Path) -> None:
    """Train, resuming from `checkpoint` where there is one; leaves the checkpoint behind."""
    spread(_train, seed, budget, tokenizer, checkpoint)


def _train(seed: int, budget: Budget, tokenizer: Tokenizer, checkpoint: Path) -> None:
    model = fresh_target(seed)
    start = resumed(model, checkpoint)
    rotation = rotations(model.model, LENGTH)
    compiled = torch.compile(text_loss, dynamic=False)

    def loss_of(batch: Batch) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return compiled(model, batch.ids, batch.weights, rotation, seen(batch.documents))

    chats = documents(Codec(tokenizer), own_seed(seed, start[1]))
    train("target", model, loss_of, batches(chats, ROWS, LENGTH), budget, checkpoint, start)


def text_loss(
    model: Gemma4ForCausalLM,
    ids: Tensor,
    weights: Tensor,
    rotation: dict[str, Rotation],
    mask: Seen,
) -> Tensor:
    """Weighted mean cross-entropy; weights of a document's first token are 0."""
    hidden, _ = target_hidden(model, ids, rotation, mask)
    logits = target_logits(model, hidden)[:, :-1]
    losses = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    counted = weights[:, 1:].flatten()
    return (losses * counted).sum() / counted.sum()
