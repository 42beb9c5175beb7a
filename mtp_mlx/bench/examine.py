"""Where two texts part: the candidates there, and how near they were in the target's own pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from mtp_mlx.api import Mtp
from mtp_mlx.bench.identity import located
from mtp_mlx.bench.margin import Parting, margin
from mtp_mlx.bench.plan import Key, Plan, Turn
from mtp_mlx.bench.report import tokens_sha256
from mtp_mlx.bench.runs import Runner
from mtp_mlx.engine import Engine
from mtp_mlx.report.model import Comparison, Run


class Examiner:
    """Of one plan's differences. What it writes again to look at is not measured."""

    def __init__(self, engine: Engine, runner: Runner, plan: Plan, turns: Iterable[Turn]) -> None:
        self._engine = engine
        self._runner = runner
        self._plan = plan
        self._turns = {turn.key: turn for turn in turns}

    def examined(
        self, one: Comparison, runs: Mapping[Key, Run], texts: Mapping[Key, Sequence[int]]
    ) -> Comparison:
        """As much of it as can be known: a text that is gone is written again, if it can be."""
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
        """The reply that an earlier session measured; None where it comes out otherwise now."""
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
        found = margin(self._engine.loaded, parting, self._plan.sampling, seed)
        told = replace(
            one,
            margin=found.between,
            margin_bound=found.bound,
            rounding_tie=found.rounding_tie,
        )
        tokenizer = self._engine.tokenizer
        if not self._plan.include_text or tokenizer is None:
            return told
        return replace(
            told,
            plain_text=tokenizer.decode([one.plain_token]),
            mode_text=tokenizer.decode([one.mode_token]),
        )
