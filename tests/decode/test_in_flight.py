"""Drafts in flight count as emitted, in draft and target alike.

Both models here give the same scores, and the same ones everywhere: only biases and penalties move
the text on. Where both adjust alike, their laws are one, and every rule accepts every draft.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.api import Sampling, Verify
from mtp_mlx.decode.round import Anchor, Cast, Limits, speculate
from mtp_mlx.decode.verification import rule_of
from mtp_mlx.protocols import DraftStep, KeysValues, Scores, SharedKV

LOGITS = np.linspace(3, -3, 12, dtype=np.float32)
VOCABULARY = len(LOGITS)
PROMPT = (3, 0, 3)
ANCHOR = 5
LENGTH = 40
ORDER = mx.array([[7, 2, 11, 0, 5, 9, 1, 10, 4, 8, 3, 6]], dtype=mx.int32)  # of the candidates
BIAS = ((0, -1.0), (7, 4.0), (9, 5.0))
SAMPLINGS = {
    "presence": Sampling(presence_penalty=2.0),
    "attraction": Sampling(presence_penalty=-1.0, temperature=1.0),
    "repetition": Sampling(repetition_penalty=3.0),
    "all at T=0": Sampling(logit_bias=BIAS, repetition_penalty=1.5, presence_penalty=1.0),
    "all at T=1": Sampling(
        logit_bias=BIAS,
        repetition_penalty=1.5,
        presence_penalty=1.0,
        temperature=1.0,
        top_k=9,
        top_p=0.95,
        min_p=0.02,
    ),
}


@dataclass
class Monotone:
    """A target and a drafter: the same scores whatever came before."""

    dense: bool = True  # as a drafter
    length: int = len(PROMPT)

    def see(self, tokens: mx.array) -> mx.array:
        self.length += tokens.size
        return mx.zeros((tokens.size, 1))

    def scores(self, hidden: mx.array) -> Scores:
        return Scores(mx.broadcast_to(mx.array(LOGITS), (hidden.shape[0], VOCABULARY)))

    def forget(self, n: int) -> None:
        self.length -= n

    def shared(self) -> SharedKV:
        nothing = KeysValues(mx.zeros((1, 1, 0, 1)), mx.zeros((1, 1, 0, 1)))
        return SharedKV(nothing, nothing)

    def step(self, token: mx.array, hidden: mx.array, shared: SharedKV, position: int) -> DraftStep:
        del token, shared, position
        whole = self.scores(hidden)
        candidates = Scores(mx.take_along_axis(whole.logits, ORDER, axis=-1), ORDER)
        return DraftStep(whole if self.dense else candidates, hidden)


def plain_text(sampling: Sampling) -> list[int]:
    """One token a step, each committed before the next is chosen."""
    rule = rule_of("coupled", sampling, 4, PROMPT, VOCABULARY)
    rule.commit([ANCHOR])
    text = list[int]()
    for place in range(LENGTH):
        scores = Scores(mx.array(LOGITS)[None])
        token = int(rule.choose(scores, len(PROMPT) + 1 + place).item())  # type: ignore[arg-type]
        rule.commit([token])
        text.append(token)
    return text


def drafted_text(verify: Verify, sampling: Sampling, depth: int, *, dense: bool) -> list[int]:
    """Rounds of `depth` drafts, each of which must accept them all."""
    rule = rule_of(verify, sampling, 4, PROMPT, VOCABULARY)
    rule.commit([ANCHOR])
    cast = Cast(target=Monotone(), drafter=Monotone(dense), rule=rule)
    anchor = Anchor(mx.array([ANCHOR], dtype=mx.int32), mx.zeros((1, 1)))
    limits = Limits(end_tokens=frozenset(), room=100)
    text = list[int]()
    while len(text) < LENGTH:
        found = speculate(cast, anchor, depth, limits)
        assert found.accepted == depth, (found.drafted, found.tokens)
        rule.commit(found.tokens)
        anchor = found.anchor
        text += found.tokens
    return text[:LENGTH]


@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS.keys())
@pytest.mark.parametrize("dense", [True, False], ids=["dense", "candidates"])
def test_every_draft_is_accepted_and_the_text_is_plain(sampling: Sampling, *, dense: bool) -> None:
    plain = plain_text(sampling)
    assert len(set(plain)) > 1
    for depth in range(1, 9):
        assert drafted_text("coupled", sampling, depth, dense=dense) == plain, depth


@pytest.mark.parametrize("verify", ["block", "token"])
@pytest.mark.parametrize("dense", [True, False], ids=["dense", "candidates"])
def test_one_law_leaves_nothing_to_reject(verify: Verify, *, dense: bool) -> None:
    for depth in (1, 3, 8):
        text = drafted_text(verify, SAMPLINGS["all at T=1"], depth, dense=dense)
        assert len(set(text)) > 3
