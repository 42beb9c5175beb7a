"""Biases and penalties: what changes logits before temperature, at every row of a round.

In this order, vLLM's (`vllm/v1/sample/sampler.py`): the logit bias is added; the repetition
penalty (Keskar et al. 2019, arXiv 1909.05858) weakens tokens of prompt and reply, as in
transformers; the presence penalty, OpenAI's, is taken once from tokens of the reply. In float32.

Row i of a verify pass stands after the history and the first i drafts, so it must count those
too; and so must the drafter, or it proposes again what the target is about to refuse.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.distribution import Logits

IN_PROMPT, IN_REPLY = 1, 2
"""Where a token has been seen; 0 for nowhere. A token of both counts as one of the reply."""


class Adjustments:
    """The adjustments of one reply. `commit` counts what has been emitted.

    Where logits cover the whole vocabulary, only those of the tokens concerned are gathered,
    changed and put back. The new logit of a token depends on its row and on itself alone, so a
    token listed twice gets the same number twice, and is penalised once.
    """

    def __init__(self, sampling: Sampling, prompt: Sequence[int], vocabulary: int) -> None:
        self._repetition = sampling.repetition_penalty
        self._presence = sampling.presence_penalty
        self._bias = mx.zeros((vocabulary,))
        self._seen = mx.zeros((vocabulary,), dtype=mx.uint8)
        self._touched = mx.zeros((0,), dtype=mx.int32)  # tokens to adjust whatever is in flight
        self._known: set[int] = set()  # the same on the host
        if sampling.logit_bias:
            ids, biases = zip(*sampling.logit_bias, strict=True)
            self._bias[mx.array(ids)] = mx.array(biases)
            self._touch(ids)
        if self._repetition != 1:
            self._count(prompt, IN_PROMPT)

    def commit(self, tokens: Sequence[int]) -> None:
        """Count `tokens` of the reply from now on."""
        if self._repetition != 1 or self._presence != 0:
            self._count(tokens, IN_REPLY)

    def _count(self, tokens: Sequence[int], place: int) -> None:
        if tokens:
            self._seen[mx.array(list(tokens))] = place
            self._touch(tokens)

    def _touch(self, tokens: Sequence[int]) -> None:
        new = set(tokens) - self._known
        if new:
            self._known |= new
            self._touched = mx.concatenate([self._touched, mx.array(sorted(new), dtype=mx.int32)])

    def __call__(self, logits: Logits, in_flight: mx.array) -> Logits:
        """Adjust [n, candidates]; the last row counts all of `in_flight` [m], each row before it
        one token fewer.
        """
        values = logits.values
        if logits.ids is not None:
            return Logits(self._adjusted(values, logits.ids, in_flight), logits.ids)
        concerned = mx.concatenate([self._touched, in_flight])
        if concerned.size == 0:  # nothing is biased, and nothing has been written yet
            return Logits(values)
        ids = mx.broadcast_to(concerned, (values.shape[0], concerned.size))
        chosen = mx.take_along_axis(values, ids, axis=-1)
        adjusted = self._adjusted(chosen, ids, in_flight)
        return Logits(mx.put_along_axis(values, ids, adjusted, axis=-1))

    def _adjusted(self, x: mx.array, ids: mx.array, in_flight: mx.array) -> mx.array:
        """Return the logits `x` of the tokens `ids`, both [n, candidates], adjusted."""
        seen = mx.where(_in_flight_before(ids, in_flight), IN_REPLY, self._seen[ids])
        x = x + self._bias[ids]
        if self._repetition != 1:
            weaker = mx.where(x > 0, x / self._repetition, x * self._repetition)
            x = mx.where(seen >= IN_PROMPT, weaker, x)
        return mx.where(seen == IN_REPLY, x - self._presence, x)


def adjustments(sampling: Sampling, prompt: Sequence[int], vocabulary: int) -> Adjustments | None:
    """Return the adjustments of a reply to `prompt`; None where the settings ask for none."""
    penalties = sampling.repetition_penalty != 1 or sampling.presence_penalty != 0
    if penalties or sampling.logit_bias:
        return Adjustments(sampling, prompt, vocabulary)
    return None


def _in_flight_before(ids: mx.array, in_flight: mx.array) -> mx.array:
    """Which of `ids` [n, candidates] are among the tokens in flight that their row counts."""
    rows, flying = ids.shape[0], in_flight.size
    counted = mx.arange(flying) < mx.arange(rows)[:, None] + (flying - rows + 1)  # [n, m]
    return ((ids[..., None] == in_flight) & counted[:, None]).any(axis=-1)
