"""Biases and penalties: they adjust logits before the temperature, in every row of a round.

Their order is vLLM's (`vllm/v1/sample/sampler.py`): the logit bias is added; the repetition
penalty (Keskar et al. 2019, arXiv 1909.05858) weakens tokens of prompt and reply, as in
transformers; the presence penalty, OpenAI's, is taken once from tokens of the reply. All is
computed in float32.

Row i of a verify pass comes after the history and the first i drafts, so it counts those too. The
drafter must count them as well, or it proposes tokens that the target will penalise.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from mtp_mlx.api import Sampling
from mtp_mlx.sampling.distribution import Logits

IN_PROMPT, IN_REPLY = 1, 2
"""Where a token occurs; 0 for nowhere. A token of both counts as one of the reply."""


class Adjustments:
    """The adjustments of one reply. `commit` counts the tokens that were emitted.

    Where logits cover the whole vocabulary, only those of the affected tokens are gathered,
    changed and put back. A token's new logit depends on its row and its old logit alone, so a
    token listed twice gets the same number twice, and is penalised once.
    """

    def __init__(self, sampling: Sampling, prompt: Sequence[int], vocabulary: int) -> None:
        self._repetition = sampling.repetition_penalty
        self._presence = sampling.presence_penalty
        self._bias = mx.zeros((vocabulary,))
        self._seen = mx.zeros((vocabulary,), dtype=mx.uint8)
        self._touched = mx.zeros((0,), dtype=mx.int32)  # tokens to adjust whatever is in flight
        self._touched_ids: set[int] = set()  # the same tokens, on the host
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
        new = set(tokens) - self._touched_ids
        if new:
            self._touched_ids |= new
            self._touched = mx.concatenate([self._touched, mx.array(sorted(new), dtype=mx.int32)])

    def __call__(self, logits: Logits, in_flight: mx.array) -> Logits:
        """Adjust `logits` [n, candidates].

        The last row counts all of `in_flight` [m], each row before it one token fewer.
        """
        values = logits.values
        if logits.ids is not None:
            return Logits(self._adjusted(values, logits.ids, in_flight), logits.ids)
        affected = mx.concatenate([self._touched, in_flight])
        if affected.size == 0:  # there is no bias and no token to penalise yet
            return Logits(values)
        ids = mx.broadcast_to(affected, (values.shape[0], affected.size))
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
    """Tell for each of `ids` [n, candidates] whether its row counts it as in flight."""
    rows, flying = ids.shape[0], in_flight.size
    counted = mx.arange(flying) < mx.arange(rows)[:, None] + (flying - rows + 1)  # [n, m]
    return ((ids[..., None] == in_flight) & counted[:, None]).any(axis=-1)
