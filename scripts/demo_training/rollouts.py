"""Replies the target writes itself: what the drafter meets at inference."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

import torch
from demo_corpus import conversations
from transformers import Gemma4ForCausalLM

from demo_training.batches import Codec, Document, blurred, documents, prompt_pieces
from demo_training.decoding import Reply, replies

MOST_TOKENS = 160
BATCH = 64
SHARE = 0.5


def rollouts(model: Gemma4ForCausalLM, codec: Codec, seed: int, count: int) -> list[Document]:
    """`count` chats whose last reply is the target's own: half greedy, half drawn at T = 1."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    prompts = [
        codec.document(prompt_pieces(blurred(chat, rng)["messages"])).ids
        for chat in conversations(seed, count)
    ]
    # Like lengths together: less padding.
    prompts = sorted((p for p in prompts if len(p) < 256), key=len)
    chats: list[Document] = []
    for number, start in enumerate(range(0, len(prompts), BATCH)):
        batch = prompts[start : start + BATCH]
        chats += map(_document, replies(model, batch, MOST_TOKENS, sample=number % 2 == 1))
        print(f"rollouts {len(chats)} of {len(prompts)}", flush=True)
    rng.shuffle(chats)
    return chats


def _document(reply: Reply) -> Document:
    weights = [0.0] * len(reply.prompt) + [1.0] * len(reply.reply)
    return Document(reply.prompt + reply.reply, weights)


def mixed(chats: list[Document], codec: Codec, seed: int) -> Iterator[Document]:
    """The target's own chats and the corpus in turn, without end."""
    rng = random.Random(seed)
    corpus = documents(codec, seed)
    while True:
        own = list(chats)
        rng.shuffle(own)
        for chat in own:
            yield chat
            if rng.random() < (1 - SHARE) / SHARE:
                yield from islice(corpus, 1)
