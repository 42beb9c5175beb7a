"""Identity: whether modes wrote what plain decoding wrote, and where not, how near the two were.

Runs are compared by the hashes of their tokens, which a report keeps, so that a resumed benchmark
compares what two sessions wrote. The place where two texts part is known where both are in hand.

A pass over one row and one over K + 1 rows may sum in another order. The logits differ by a few
rounding steps, and where two candidates lie nearer than that, either may win. The margin is read
off a pass of its own, over prompt and common text at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import mlx.core as mx
from msgspec.structs import replace

from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.bench.plan import Key, Plan, Turn
from mtp_mlx.bench.report import tokens_sha256
from mtp_mlx.bench.runs import Runner
from mtp_mlx.decode.loop import prefill
from mtp_mlx.engine import Engine
from mtp_mlx.loading import LoadedPair
from mtp_mlx.report.model import Comparison, Run
from mtp_mlx.sampling.choice import chooser

STEPS = {mx.float32: 256, mx.bfloat16: 4, mx.float16: 4}
"""How many units of rounding two passes may lie apart in a logit.

In half precision every product is summed in float32 and rounded once, so errors stay at a few
units of the result; these numbers are an estimate, not measured. In float32 the sums themselves
round, over thousands of terms: on a CPU the four best logits of the built-in pair, which is small,
differed by up to 27 units between passes of one row, four rows and a whole prefill.
"""
_UNIT = {mx.float32: 2.0**-24, mx.bfloat16: 2.0**-8, mx.float16: 2.0**-11}

Texts = Mapping[Key, Sequence[int]]
Place = tuple[str | None, Mtp]


def key(run: Run) -> Key:
    return run.prompt_id, run.repeat, run.mode


def comparisons(
    runs: Sequence[Run], texts: Texts, earlier: Sequence[Comparison] = ()
) -> tuple[Comparison, ...]:
    """Return one comparison a prompt and mode, of the first repeat in which the texts part.

    What `earlier` says of a difference stands: it may have been compared with texts that are gone.
    """
    plain = {(run.prompt_id, run.repeat): run for run in runs if run.mode == "off"}
    parted: dict[Place, Comparison] = {
        (one.prompt_id, one.mode): one for one in earlier if not one.identical
    }
    compared: dict[Place, Comparison] = {}
    for run in runs:
        base = plain.get((run.prompt_id, run.repeat))
        place = (run.prompt_id, run.mode)
        if run.mode == "off" or base is None or run.tokens_sha256 is None:
            continue
        if place in parted:
            compared[place] = parted[place]
        elif place not in compared or compared[place].identical:
            compared[place] = _compared(run, base, texts)
    return tuple(compared.values())


def _compared(run: Run, base: Run, texts: Texts) -> Comparison:
    compared = Comparison(
        category=run.category,
        prompt_id=run.prompt_id,
        mode=run.mode,
        identical=run.tokens_sha256 == base.tokens_sha256,
        parts_at=None,
        margin=None,
    )
    mine, plain = texts.get(key(run)), texts.get(key(base))
    if compared.identical:
        return compared
    compared = replace(compared, repeat=run.repeat)
    return compared if mine is None or plain is None else located(compared, mine, plain)


def located(one: Comparison, mine: Sequence[int], plain: Sequence[int]) -> Comparison:
    """Add the place where the two texts part, and the ids there."""
    at = first_difference(mine, plain)
    if at is None:
        return one
    return replace(
        one,
        parts_at=at,
        plain_token=plain[at] if at < len(plain) else None,
        mode_token=mine[at] if at < len(mine) else None,
    )


def first_difference(a: Sequence[int], b: Sequence[int]) -> int | None:
    """Return the first place at which two texts differ; None where they are the same."""
    if tuple(a) == tuple(b):
        return None
    shared = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(shared) if x != y), min(len(a), len(b)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """The distance of two candidates in logits, above temperature 0 with the choice's noise."""

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
    """Measure by one prefill of a state of its own; the state of the chat is not touched."""
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
    """Return the greatest difference that rounding explains, at a logit of this size."""
    return STEPS[dtype] * _UNIT[dtype] * max(abs(logit), 1.0)


def _value(weights: mx.array, ids: mx.array, token: int) -> float:
    """Return the log weight of one candidate; -inf where it was cut."""
    value = mx.where(ids == token, weights, -mx.inf)
    return float(mx.max(value).item())  # type: ignore[arg-type]


class Examiner:
    """Examines the differences of one plan. Replies written again for it are not measured."""

    def __init__(self, engine: Engine, runner: Runner, plan: Plan, turns: Iterable[Turn]) -> None:
        self._engine = engine
        self._runner = runner
        self._plan = plan
        self._turns = {turn.key: turn for turn in turns}

    def examined(
        self, one: Comparison, runs: Mapping[Key, Run], texts: Mapping[Key, Sequence[int]]
    ) -> Comparison:
        """Add place and margin to `one`; a text that is gone is written again where possible."""
        repeat = one.repeat
        if repeat is None:
            return one

        def text(mode: Mtp) -> Sequence[int] | None:
            key = (one.prompt_id, repeat, mode)
            return texts[key] if key in texts else self._again(key, runs)

        plain, mine = text("off"), text(one.mode)
        if plain is None or mine is None:
            return one
        return self._weighed(located(one, mine, plain), plain)

    def _again(self, key: Key, runs: Mapping[Key, Run]) -> Sequence[int] | None:
        """Write again what an earlier session measured; None where another text comes out now."""
        made = self._runner.run(self._turns[key])
        return made.tokens if tokens_sha256(made.tokens) == runs[key].tokens_sha256 else None

    def _weighed(self, one: Comparison, plain: Sequence[int]) -> Comparison:
        if one.parts_at is None or one.plain_token is None or one.mode_token is None:
            return one
        repeat = one.repeat or 0
        turn = self._turns[one.prompt_id, repeat, one.mode]
        parting = Parting(
            prompt=self._runner.prompt_ids(turn),
            common=plain[: one.parts_at],
            candidates=(one.plain_token, one.mode_token),
        )
        seed = self._plan.seed_of(repeat)
        measured = margin(self._engine.loaded, parting, self._plan.sampling, seed)
        weighed = replace(
            one,
            margin=measured.between,
            margin_bound=measured.bound,
            rounding_tie=measured.rounding_tie,
        )
        tokenizer = self._engine.tokenizer
        if not self._plan.include_text or tokenizer is None:
            return weighed
        return replace(
            weighed,
            plain_text=tokenizer.decode([one.plain_token]),
            mode_text=tokenizer.decode([one.mode_token]),
        )
