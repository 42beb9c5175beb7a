"""Every rule through the whole engine: replies have the target's distribution, whatever K.

The distribution of the first tokens of a reply is computed from plain forward passes of the same
target, and compared with many short replies by a chi-square test (p = 1e-4).
"""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.engine import Engine
from mtp_mlx.loading import LoadedPair
from mtp_mlx.protocols import Chunk
from mtp_mlx.sampling.distribution import distribution
from tests.engine.conftest import PairOf, PlainTexts
from tests.support.replies import GREEDY, PROMPT, SHARP, reply
from tests.support.shapes import SHORT_12B, SHORT_E2B, Shape

LENGTH = 3
REPLIES = 400


def exact_distribution(pair: LoadedPair, sampling: Sampling) -> dict[tuple[int, ...], float]:
    """The probability of each reply of `LENGTH` tokens."""
    found: dict[tuple[int, ...], float] = {(): 1.0}
    for _ in range(LENGTH):
        longer: dict[tuple[int, ...], float] = {}
        for prefix, weight in found.items():
            chunk = Chunk(pair.target.new_state(), mx.array([*PROMPT, *prefix]))
            hidden = pair.target.forward([chunk])[-1:]
            row = distribution(pair.target.logits(hidden), sampling)
            p = np.array(mx.softmax(row.log_weights, axis=-1))[0].astype(np.float64)
            for token, share in zip(np.array(row.ids)[0].tolist(), p, strict=True):
                if share > 0:
                    longer[*prefix, token] = weight * share
        found = longer
    return found


@pytest.mark.parametrize(
    ("verify", "shape"), [("block", SHORT_E2B), ("token", SHORT_12B)], ids=["block", "token"]
)
@pytest.mark.slow
def test_replies_have_the_targets_distribution(
    verify: Verify, shape: Shape, pair_of: PairOf
) -> None:
    pair = pair_of(shape)
    expected = exact_distribution(pair, SHARP)
    engine = Engine(pair)
    counts = dict.fromkeys(expected, 0)
    accepted = 0
    for seed in range(REPLIES):
        found = reply(
            engine, PROMPT, mtp=3, sampling=SHARP, max_tokens=LENGTH, seed=seed, verify=verify
        )
        counts[tuple(found.tokens)] += 1
        accepted += found.finished.stats.draft_n_accepted
    assert accepted > 0
    statistic, cells = chi_square(counts, expected)
    assert statistic < cells + 4.5 * (2 * cells) ** 0.5, (statistic, cells)


def chi_square(
    counts: dict[tuple[int, ...], int], law: dict[tuple[int, ...], float]
) -> tuple[float, int]:
    """The statistic and its cells; those too rare to count are taken together."""
    total = sum(counts.values())
    common = [reply for reply, p in law.items() if p * total >= 5]
    rare = [reply for reply in law if reply not in set(common)]
    cells = [([one], law[one]) for one in common] + [(rare, sum(law[one] for one in rare))]
    statistic = 0.0
    for replies, p in cells:
        if p > 0:
            found = sum(counts[one] for one in replies)
            statistic += (found - p * total) ** 2 / (p * total)
    return statistic, len(cells) - 1


@pytest.mark.parametrize("verify", ["block", "token"])
@pytest.mark.parametrize("mtp", [1, 3, 8, "auto"])
def test_at_temperature_zero_all_rules_write_the_plain_text(
    verify: Verify, mtp: Mtp, pair_of: PairOf, plain_text: PlainTexts
) -> None:
    plain = plain_text(SHORT_E2B)
    engine = Engine(pair_of(SHORT_E2B))
    assert reply(engine, PROMPT, sampling=GREEDY, mtp=mtp, verify=verify).tokens == plain


@pytest.mark.parametrize("verify", ["block", "token"])
def test_a_rejection_rule_repeats_itself(verify: Verify, pair_of: PairOf) -> None:
    """With one K, the same seed writes the same reply; another seed another one."""
    engine = Engine(pair_of(SHORT_E2B))
    first, again, other = (
        reply(engine, PROMPT, sampling=SHARP, mtp=3, seed=seed, verify=verify).tokens
        for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_distributions_over_the_whole_vocabulary(
    top_p: float, pair_of: PairOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are too many candidates to compare them one by one, the reply is the same."""
    sampling = Sampling(temperature=1.0, top_p=top_p)
    engine = Engine(pair_of(SHORT_E2B))
    compared = reply(engine, PROMPT, sampling=sampling, mtp=3, verify="block").tokens
    monkeypatch.setattr("mtp_mlx.sampling.distribution.COMPARED", 0)
    assert reply(engine, PROMPT, sampling=sampling, mtp=3, verify="block").tokens == compared
