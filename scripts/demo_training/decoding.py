"""Greedy replies, and how many drafts of a drafter the target would accept."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM

from demo_training.network import KeyValues, embedded, rotations, seen, target_hidden
from demo_training.shapes import FULL, PAD, SLIDING, WINDOW

DRAFTS = 3


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Counts over verify passes; names as in the engine's statistics."""

    draft_rounds: int
    draft_n: int
    draft_n_accepted: int
    histogram: tuple[int, ...]  # rounds by number accepted, 0 to K

    @property
    def rate(self) -> float:
        return self.draft_n_accepted / max(1, self.draft_n)

    @property
    def mean_acceptance_length(self) -> float:
        return 1 + self.draft_n_accepted / max(1, self.draft_rounds)


@dataclass(frozen=True, slots=True)
class Reply:
    """A prompt and what the target wrote after it, its end token included."""

    prompt: list[int]
    reply: list[int]


def replies(
    model: Gemma4ForCausalLM, prompts: list[list[int]], most: int, *, sample: bool = False
) -> list[Reply]:
    """The target's replies of at most `most` tokens to prompts of any lengths, in one batch."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[PAD] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    settings: dict[str, float] = {"do_sample": sample, "max_new_tokens": most}
    if sample:
        settings |= {"temperature": 1.0, "top_k": 0, "top_p": 1.0}
    written = model.generate(input_ids=ids, attention_mask=mask, **settings)[:, longest:]
    ends = set(model.generation_config.eos_token_id)
    pairs = zip(prompts, written.tolist(), strict=True)
    return [Reply(prompt, _ended(row, ends)) for prompt, row in pairs]


def _ended(row: list[int], ends: set[int]) -> list[int]:
    end = next((place for place, token in enumerate(row) if token in ends), len(row))
    return row[: end + 1]


def acceptance(
    target: Gemma4ForCausalLM, drafter: Gemma4AssistantForCausalLM, replies_: list[Reply]
) -> Acceptance:
    """Greedy speculative decoding of known greedy replies, K = 3, position rule last-seen.

    The reply is what the target would write, so one forward over it gives every cache the
    rounds would see: the keys up to t are the same whenever they are computed.
    """
    counts = [0] * (DRAFTS + 1)
    with torch.no_grad():
        for reply in replies_:
            for accepted in _rounds(target, drafter, reply):
                counts[accepted] += 1
    total = sum(number * count for number, count in enumerate(counts))
    return Acceptance(sum(counts), DRAFTS * sum(counts), total, tuple(counts))


def _rounds(
    target: Gemma4ForCausalLM, drafter: Gemma4AssistantForCausalLM, reply: Reply
) -> list[int]:
    text = reply.prompt + reply.reply
    hidden, shared = _states(target, text)
    result, anchor = [], len(reply.prompt)
    while anchor < len(text) - 1:
        drafts = _draft(target, drafter, text[anchor], hidden[:, anchor - 1], shared, anchor)
        real = text[anchor + 1 : anchor + 1 + DRAFTS]
        wrong = (i for i, (d, r) in enumerate(zip(drafts, real, strict=False)) if d != r)
        result.append(next(wrong, len(real)))
        anchor += result[-1] + 1
    return result


def _states(target: Gemma4ForCausalLM, text: list[int]) -> tuple[Tensor, KeyValues]:
    length = -len(text) // WINDOW * -WINDOW
    ids = functional.pad(torch.tensor([text]), (0, length - len(text)), value=PAD)
    mask = seen(torch.ones_like(ids))
    return target_hidden(target, ids, rotations(target.model, length), mask)


def _draft(
    target: Gemma4ForCausalLM,
    drafter: Gemma4AssistantForCausalLM,
    token: int,
    hidden: Tensor,
    shared: KeyValues,
    seen_tokens: int,
) -> list[int]:
    """DRAFTS greedy drafts through the reference's own forward; `hidden` is [1, hidden]."""
    past = {
        FULL: tuple(x[:, :, :seen_tokens] for x in shared[FULL]),
        SLIDING: tuple(
            x[:, :, max(0, seen_tokens - WINDOW) : seen_tokens] for x in shared[SLIDING]
        ),
    }
    position = torch.tensor([[seen_tokens - 1]])
    state, drafts = hidden[:, None], []
    for _ in range(DRAFTS):
        inputs = torch.cat((embedded(target, torch.tensor([[token]])), state), -1)
        output = drafter(inputs_embeds=inputs, position_ids=position, shared_kv_states=past)
        state, token = output.last_hidden_state, int(output.logits[0, 0].argmax())
        drafts.append(token)
    return drafts
