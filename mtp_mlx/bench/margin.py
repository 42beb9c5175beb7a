"""How near two tokens were where two texts part: a tie within rounding, or a mistake.

A pass over one row and one over K + 1 rows may sum in another order. The logits differ by a few
rounding steps, and where two candidates lie nearer than that, either may win. The margin is read
off a pass of its own, over prompt and common text at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.api import Sampling
from mtp_mlx.decode.prefill import prefill
from mtp_mlx.loading import LoadedPair
from mtp_mlx.sampling.choice import chooser

STEPS = {mx.float32: 256, mx.bfloat16: 4, mx.float16: 4}
"""How many units of rounding two passes may lie apart in a logit.

In half precision every product is summed in float32 and rounded once, so errors stay at a few
units of the result; these numbers are an estimate, not measured. In float32 the sums themselves
round, over thousands of terms: on a CPU the four best logits of the built-in pair, which is small,
differed by up to 27 units between passes of one row, four rows and a whole prefill.
"""
_UNIT = {mx.float32: 2.0**-24, mx.bfloat16: 2.0**-8, mx.float16: 2.0**-11}


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """In logits, as the target's choice compares them: above temperature 0 with its noise."""

    between: float | None  # None: one of the two was cut by top-k, top-p or min-p
    bound: float  # what rounding explains at most

    @property
    def rounding_tie(self) -> bool | None:
        return None if self.between is None else self.between <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """Where two texts part."""

    prompt: Sequence[int]
    common: Sequence[int]  # what both wrote
    candidates: tuple[int, int]  # what each wrote next


def margin(pair: LoadedPair, parting: Parting, sampling: Sampling, seed: int) -> Margin:
    """By one prefill on caches of its own; the pair's own cache is not touched."""
    target = pair.target
    *_, hidden = prefill(target, target.new_state(), [*parting.prompt, *parting.common])
    assert hidden is not None  # the last chunk's
    logits = target.logits(hidden)
    choose = chooser(sampling, seed, parting.prompt, target.vocabulary)
    choose.commit(parting.common)
    compared = choose.compared(logits, len(parting.prompt) + len(parting.common))
    one, other = (_value(compared.log_weights, compared.ids, i) for i in parting.candidates)
    candidates = logits.values[0, mx.array(parting.candidates)]
    apart = abs(one - other)
    return Margin(
        between=apart if math.isfinite(apart) else None,
        bound=bound(hidden.dtype, float(mx.max(mx.abs(candidates)).item())),  # type: ignore[arg-type]
    )


def bound(dtype: mx.Dtype, logit: float) -> float:
    """The greatest difference rounding explains between two passes, at a logit of this size."""
    return STEPS[dtype] * _UNIT[dtype] * max(abs(logit), 1.0)


def _value(weights: mx.array, ids: mx.array, token: int) -> float:
    """Of one candidate; -inf where it is none."""
    found = mx.where(ids == token, weights, -mx.inf)
    return float(mx.max(found).item())  # type: ignore[arg-type]
