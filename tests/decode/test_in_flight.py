"""Drafts in flight count as emitted, in draft and target alike.

Both models here give the same logits, and the same ones everywhere: only biases and penalties move
the text on. Where both adjust alike, their distributions are one, and every rule accepts every
draft.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.api import Sampling, Verify
from mtp_mlx.decode import sequence as decoding
from mtp_mlx.decode.round import Turn, speculate
from mtp_mlx.decode.rules import rule_of
from mtp_mlx.decode.sequence import Control
from mtp_mlx.decode.watch import Starting
from mtp_mlx.depth.control import DepthControl
from mtp_mlx.drafting.chain import Step, chain
from mtp_mlx.protocols import Anchor, Chunk, DraftRow, Drafts
from mtp_mlx.sampling.distribution import Logits

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
class Length:
    """The state of both models: how many tokens there are is all that matters."""

    length: int = len(PROMPT)
    reads_hidden: bool = False

    def trim(self, n: int) -> None:
        self.length -= n

    def read(self, tokens: mx.array, hidden: mx.array | None) -> None:
        self.length += tokens.size
        assert hidden is None


@dataclass
class Monotone:
    """A target and a drafter: the same logits whatever came before."""

    dense: bool = True  # as a drafter

    def forward(self, chunks: Sequence[Chunk]) -> mx.array:
        for chunk in chunks:
            chunk.state.length += chunk.tokens.size  # type: ignore[misc]
        return mx.zeros((sum(chunk.tokens.size for chunk in chunks), 1))

    def logits(self, hidden: mx.array) -> Logits:
        return Logits(mx.broadcast_to(mx.array(LOGITS), (hidden.shape[0], VOCABULARY)))

    def propose(self, rows: Sequence[DraftRow]) -> list[Drafts]:
        return chain(self.step, rows)

    def step(self, going_on: Sequence[int], tokens: mx.array, hidden: mx.array) -> Step:
        del going_on, tokens
        whole = self.logits(hidden)
        candidates = Logits(mx.take_along_axis(whole.values, ORDER, axis=-1), ORDER)
        return Step(whole if self.dense else candidates, hidden)


def plain_text(sampling: Sampling) -> list[int]:
    """One token a step, each committed before the next is chosen."""
    rule = rule_of("coupled", sampling, 4, PROMPT, VOCABULARY)
    rule.commit([ANCHOR])
    text = list[int]()
    for place in range(LENGTH):
        logits = Logits(mx.array(LOGITS)[None])
        token = int(rule.choose(logits, len(PROMPT) + 1 + place).item())  # type: ignore[arg-type]
        rule.commit([token])
        text.append(token)
    return text


def drafted_text(verify: Verify, sampling: Sampling, depth: int, *, dense: bool) -> list[int]:
    """Rounds of `depth` drafts, each of which must accept them all."""
    rule = rule_of(verify, sampling, 4, PROMPT, VOCABULARY)
    rule.commit([ANCHOR])
    sequence = decoding.Sequence(
        state=Length(),  # type: ignore[arg-type]
        draft_state=Length(),  # type: ignore[arg-type]
        rule=rule,
        anchor=Anchor(mx.array([ANCHOR], dtype=mx.int32), mx.zeros((1, 1))),
        tokens_left=100,
        end_tokens=frozenset(),
        control=Control(),
        depth=DepthControl(None),
    )
    text = list[int]()
    while len(text) < LENGTH:
        turns = [Turn(sequence, depth)]
        drafter = Monotone(dense)
        (found,) = speculate(Monotone(), drafter, turns, Starting())  # type: ignore[arg-type]
        assert found.accepted == depth, (found.drafted, found.tokens)
        assert sequence.state.length == sequence.draft_state.length  # type: ignore[union-attr]
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
def test_equal_distributions_leave_nothing_to_reject(verify: Verify, *, dense: bool) -> None:
    for depth in (1, 3, 8):
        text = drafted_text(verify, SAMPLINGS["all at T=1"], depth, dense=dense)
        assert len(set(text)) > 3
