"""Identity: whether each mode wrote the text of plain decoding; where not, the margin between them.

Runs are compared by the hashes of their tokens. A report keeps those, so that a resumed benchmark
can compare texts of both sessions; the place where two texts part needs the texts themselves.

A pass over one row and one over K + 1 rows may sum in another order, so their logits differ by a
few rounding steps. Where two candidates are nearer than that, either may win. Another pass, a
prefill of the prompt and the common text, measures the margin.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import mlx.core as mx
from msgspec.structs import replace

from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.bench.plan import Key, Plan, Turn
from mtp_mlx.bench.prompts import tokens_sha256
from mtp_mlx.bench.runs import Runner
from mtp_mlx.decode.loop import prefill
from mtp_mlx.engine import Engine
from mtp_mlx.loading import LoadedPair
from mtp_mlx.report.model import Comparison, Run
from mtp_mlx.sampling.choice import chooser
from mtp_mlx.sampling.constraints import Bounds, constrained

STEPS = {mx.float32: 256, mx.bfloat16: 4, mx.float16: 4}
"""The most units of rounding by which two passes may differ in a logit.

In half precision every product is summed in float32 and rounded once, so errors stay at a few
units of the result; these numbers are an estimate, not measured. In float32 the sums themselves
round, over thousands of terms: on a CPU the four best logits of the built-in pair, which is small,
differed by up to 27 units between passes of one row, four rows and a whole prefill.
"""
_UNIT = {mx.float32: 2.0**-24, mx.bfloat16: 2.0**-8, mx.float16: 2.0**-11}

Texts = Mapping[Key, Sequence[int]]


def key(run: Run) -> Key:
    return Key(run.prompt_id, run.repeat, run.mode, run.context)


def _compared_place(one: Run | Comparison) -> Key:
    """Return the key that the repeats of one prompt, mode and context share."""
    return Key(one.prompt_id, 0, one.mode, one.context_tokens or 0)


def comparisons(
    runs: Sequence[Run], texts: Texts, earlier: Sequence[Comparison] = ()
) -> tuple[Comparison, ...]:
    """Return a comparison for each prompt, mode and context.

    It is of the first repeat in which the texts part.

    Differences in `earlier` are kept: they may come from texts that this process does not have.
    """
    plain = {key(run): run for run in runs if run.mode == "off"}
    parted = {_compared_place(before): before for before in earlier if not before.identical}
    compared: dict[Key, Comparison] = {}
    for run in runs:
        base = plain.get(dataclasses.replace(key(run), mode="off"))
        place = _compared_place(run)
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
        context_tokens=run.context_tokens,
        identical=run.tokens_sha256 == base.tokens_sha256,
        parts_at=None,
        margin=None,
    )
    mine, plain = texts.get(key(run)), texts.get(key(base))
    if compared.identical:
        return compared
    compared = replace(compared, repeat=run.repeat)
    return compared if mine is None or plain is None else located(compared, mine, plain)


def located(compared: Comparison, mine: Sequence[int], plain: Sequence[int]) -> Comparison:
    """Add the place where the two texts part, and the ids there."""
    at = first_difference(mine, plain)
    if at is None:
        return compared
    return replace(
        compared,
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
    bound: float  # the greatest distance that rounding explains

    @property
    def rounding_tie(self) -> bool | None:
        return None if self.between is None else self.between <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """The place where two texts part."""

    prompt: Sequence[int]
    common: Sequence[int]  # what both wrote
    candidates: tuple[int, int]  # the next token of each


def margin(pair: LoadedPair, parting: Parting, sampling: Sampling, seed: int) -> Margin:
    """Measure the margin by one prefill of a new state; the engine's cache is not touched."""
    target = pair.target
    *_, hidden = prefill(target, target.new_state(), [*parting.prompt, *parting.common])
    assert hidden is not None  # the last chunk's
    logits = target.logits(hidden)
    bounds = Bounds(prompt=parting.prompt, end_tokens=pair.end_tokens)
    rules = constrained(pair.constraints, bounds, target.vocabulary)
    choose = chooser(sampling, seed, parting.prompt, target.vocabulary, rules)
    choose.commit(parting.common)
    compared = choose.compared(logits, len(parting.prompt) + len(parting.common))
    first, second = (_value(compared.log_weights, compared.ids, i) for i in parting.candidates)
    candidates = logits.values[0, mx.array(parting.candidates)]
    apart = abs(first - second)
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
    """Examines the differences of one plan. Replies that it writes again are not measured."""

    def __init__(self, engine: Engine, runner: Runner, plan: Plan, turns: Iterable[Turn]) -> None:
        self._engine = engine
        self._runner = runner
        self._plan = plan
        self._turns = {turn.key: turn for turn in turns}

    def examined(
        self, compared: Comparison, runs: Mapping[Key, Run], texts: Mapping[Key, Sequence[int]]
    ) -> Comparison:
        """Add place and margin; a text that is not in `texts` is written again where possible."""
        repeat = compared.repeat
        if repeat is None:
            return compared

        def text(mode: Mtp) -> Sequence[int] | None:
            wanted = dataclasses.replace(_compared_place(compared), repeat=repeat, mode=mode)
            return texts[wanted] if wanted in texts else self._again(wanted, runs)

        plain, mine = text("off"), text(compared.mode)
        if plain is None or mine is None:
            return compared
        return self._with_margin(located(compared, mine, plain), plain)

    def _again(self, key: Key, runs: Mapping[Key, Run]) -> Sequence[int] | None:
        """Write the text of an earlier session again; None where another text comes out now."""
        made = self._runner.run(self._turns[key])
        return made.tokens if tokens_sha256(made.tokens) == runs[key].tokens_sha256 else None

    def _with_margin(self, compared: Comparison, plain: Sequence[int]) -> Comparison:
        at, plain_token, mode_token = compared.parts_at, compared.plain_token, compared.mode_token
        if at is None or plain_token is None or mode_token is None:
            return compared
        repeat = compared.repeat or 0
        turn = self._turns[dataclasses.replace(_compared_place(compared), repeat=repeat)]
        parting = Parting(
            prompt=self._runner.prompt_ids(turn),
            common=plain[:at],
            candidates=(plain_token, mode_token),
        )
        seed = self._plan.seed_of(repeat)
        measured = margin(self._engine.loaded, parting, self._plan.sampling, seed)
        compared = replace(
            compared,
            margin=measured.between,
            margin_bound=measured.bound,
            rounding_tie=measured.rounding_tie,
        )
        codec = self._engine.codec
        if not self._plan.include_text or codec is None:
            return compared
        return replace(
            compared,
            plain_text=codec.decode([plain_token]),
            mode_text=codec.decode([mode_token]),
        )
