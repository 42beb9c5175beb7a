"""What is asked: our own prompts in the pair's chat template, or any tokens for random weights."""

from __future__ import annotations

import random
from pathlib import Path

from mtp_mlx.api import Message
from mtp_mlx.text.template import ChatTemplate
from mtp_mlx.text.tokenizer import Tokenizer

PROMPTS = (
    "What is multi-token prediction?",
    "Write a short story about a lighthouse.",
    "Explain what the drafter does, step by step.",
    "Write a Python function that reverses a list.",
    "How do I brew a pot of tea?",
    "What does an acceptance rate of 80 percent mean?",
    "Count from 1 to 40.",
    "Tell me a story about a fox.",
)
RANDOM_PROMPT_TOKENS = 64


def built_in_prompts(target: Path, count: int) -> list[list[int]]:
    tokenizer, template = Tokenizer.load(target), ChatTemplate.load(target)
    assert tokenizer is not None
    assert template is not None
    messages = [Message(role="user", content=text) for text in PROMPTS[:count]]
    return [tokenizer.encode(template.render([m], thinking=False)) for m in messages]


def random_prompts(vocabulary: int, count: int) -> list[list[int]]:
    chance = random.Random(1)
    return [
        [chance.randrange(vocabulary) for _ in range(RANDOM_PROMPT_TOKENS)] for _ in range(count)
    ]
