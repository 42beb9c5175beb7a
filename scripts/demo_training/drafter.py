"""Distillation of the drafter over K unrolled draft steps.

At inference the drafter starts where the target's cache ends, at position t: it takes token t+1
(the anchor) and the target's hidden state at t, and draws K drafts without moving on: queries
stay at t and see the target's keys up to t. Training does this for every t of a row at once.
Step k goes on from token t+k and is taught the target's law of token t+k+1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM

from demo_training.batches import Batch, Codec, Document, batches
from demo_training.clusters import balanced_clusters
from demo_training.network import (
    KeyValues,
    Rotation,
    Seen,
    draft_step,
    embedded,
    rotations,
    seen,
    target_hidden,
    target_logits,
)
from demo_training.rollouts import mixed
from demo_training.shapes import CENTROIDS, drafter_config
from demo_training.target import soften
from demo_training.training import LENGTH, ROWS, Budget, own_seed, resumed, spread, train

STEPS = 4
# Scoring the vocabulary is a third of the work: each worker does it at this many places of a batch.
PLACES = 1024
CHOICE_SHARE, CLUSTER_SHARE = 0.3, 0.3


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one batch teaches: the places t and, for each step, whether token t+k+1 counts."""

    places: Tensor  # [M] into the flattened [B, T]
    counted: Tensor  # [K, M] of 0 and 1
    hidden: Tensor  # [B, T, hidden], the target's
    embeddings: Tensor  # [B, T, hidden], the target's
    shared: KeyValues


@dataclass(frozen=True, slots=True)
class Parts:
    """The two functions a draft step is made of, compiled."""

    step: Callable[..., tuple[Tensor, Tensor]]
    losses: Callable[..., Tensor]


def fresh_drafter(target: Gemma4ForCausalLM, seed: int) -> Gemma4AssistantForCausalLM:
    """The untrained drafter, its clusters made of tokens the target holds to be alike."""
    torch.manual_seed(seed)
    drafter = Gemma4AssistantForCausalLM(drafter_config())
    nn.init.normal_(drafter.model.embed_tokens.weight, std=drafter.hidden_size**-0.5)
    nn.init.normal_(drafter.masked_embedding.centroids.weight, std=drafter.hidden_size**-0.5)
    soften(drafter.model.layers)
    ordering = balanced_clusters(target.model.embed_tokens.weight.detach(), CENTROIDS, seed)
    drafter.masked_embedding.token_ordering.copy_(ordering)
    return drafter


def train_drafter(
    target: Gemma4ForCausalLM,
    tokenizer: Tokenizer,
    chats: list[Document],
    seed: int,
    budget: Budget,
    checkpoint: Path,
) -> None:
    """Train, resuming from `checkpoint` where there is one; leaves the checkpoint behind.

    `chats` hold replies of the target; they are mixed with those of the corpus.
    """
    spread(_train, target, tokenizer, chats, seed, budget, checkpoint)


def _train(
    target: Gemma4ForCausalLM,
    tokenizer: Tokenizer,
    chats: list[Document],
    seed: int,
    budget: Budget,
    checkpoint: Path,
) -> None:
    target.requires_grad_(False)
    drafter = fresh_drafter(target, seed)
    start = resumed(drafter, checkpoint)
    own = own_seed(seed, start[1])
    generator = torch.Generator().manual_seed(own)
    states_of = torch.compile(target_hidden, dynamic=False)
    # Step and losses apart: each is compiled once and used for all steps.
    parts = Parts(
        torch.compile(draft_step, dynamic=False), torch.compile(step_losses, dynamic=False)
    )
    rotation = rotations(target.model, LENGTH)

    def loss_of(batch: Batch) -> Tensor:
        mask = seen(batch.documents)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                hidden, shared = states_of(target, batch.ids, rotation, mask)
                embeddings = embedded(target, batch.ids)
            lesson = Lesson(*places(batch, generator), hidden.float(), embeddings, shared)
            return draft_loss(parts, target, drafter, lesson, rotation, mask)

    source = batches(mixed(chats, Codec(tokenizer), own), ROWS, LENGTH)
    train("drafter", drafter, loss_of, source, budget, checkpoint, start)


def places(batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """PLACES positions whose first draft is part of a reply, and which of their drafts are."""
    counted = torch.stack([_replied(batch, k).flatten() for k in range(1, STEPS + 1)])
    candidates = counted[0].nonzero()[:, 0]
    order = torch.randperm(len(candidates), generator=generator)[:PLACES]
    chosen = functional.pad(candidates[order], (0, PLACES - len(order)))
    real = torch.arange(PLACES) < len(order)
    return chosen, (counted[:, chosen] & real).float()


def _replied(batch: Batch, k: int) -> Tensor:
    """For each t, whether token t+k+1 is of the same chat's reply: [B, T]."""
    same = _ahead(batch.documents, k + 1) == batch.documents
    return same & (_ahead(batch.weights, k + 1) == 1)


def _ahead(x: Tensor, k: int) -> Tensor:
    """Bring what stands at t+k to t; zeros beyond the end: [B, T, ...]."""
    return torch.cat((x[:, k:], torch.zeros_like(x[:, :k])), 1)


def draft_loss(
    parts: Parts,
    target: Gemma4ForCausalLM,
    drafter: Gemma4AssistantForCausalLM,
    lesson: Lesson,
    rotation: dict[str, Rotation],
    mask: Seen,
) -> Tensor:
    """Mean over the unrolled steps of: law, choice and cluster of the target's next token."""
    # As if it needed a gradient: the first step then compiles to the same code as the others.
    hidden, total = lesson.hidden.detach().requires_grad_(), torch.zeros(())
    for k in range(1, STEPS + 1):
        tokens = _ahead(lesson.embeddings, k)
        state, hidden = parts.step(drafter, tokens, hidden, lesson.shared, rotation, mask)
        hidden = hidden.float()
        taught = _ahead(lesson.hidden, k).flatten(0, 1)[lesson.places]
        losses = parts.losses(target, drafter, state.flatten(0, 1)[lesson.places], taught)
        total = total + (losses * lesson.counted[k - 1]).sum()
    return total / lesson.counted.sum()


def step_losses(
    target: Gemma4ForCausalLM, drafter: Gemma4AssistantForCausalLM, state: Tensor, taught: Tensor
) -> Tensor:
    """[M, drafter hidden] and the target's [M, hidden] -> [M]."""
    law = torch.softmax(target_logits(target, taught), -1)  # b
    drafted = functional.log_softmax(drafter.lm_head(state).float(), -1)  # log q
    head = drafter.masked_embedding
    cluster_law = law[:, head.token_ordering].unflatten(-1, (head.num_centroids, -1)).sum(-1)
    clusters = functional.log_softmax(head.centroids(state).float(), -1)
    choice = drafted.gather(-1, law.argmax(-1, keepdim=True))[:, 0]
    return (
        -(1 - CHOICE_SHARE) * (law * drafted).sum(-1)
        - CHOICE_SHARE * choice
        - CLUSTER_SHARE * (cluster_law * clusters).sum(-1)
    )
