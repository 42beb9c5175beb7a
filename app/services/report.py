"""A reply as a report of one run: the window hands over values, `mtp_mlx.report` does the rest.

Neither the prompt nor the reply, nor token ids that would spell it, are in it unless they are asked
for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from msgspec.structs import replace

from app.domain.conversation import Finish, ReplyRecord, RoundRecord
from app.domain.numbers import Numbers, numbers_of
from mtp_mlx.report import making, model
from mtp_mlx.report.derived import group
from mtp_mlx.report.model import Report
from mtp_mlx.wire import PairInfo, Stats

_FINISHES: dict[Finish, model.Ending] = {
    "finished": "stop",
    "length": "length",
    "cancelled": "cancelled",
}
_ENVIRONMENT = {
    "app_version": "mtp-mlx",
    "python": "python",
    "mlx": "mlx",
    "mlx_lm": "mlx-lm",
    "os": "os",
    "device": "name",
    "backend": "backend",
    "memory_bytes": "memory_bytes",
}
_MEASURED = "plain decoding of this pair on this machine, measured on {day}, not interleaved"
_UNDATED = "plain decoding of this pair on this machine, not interleaved"


def reply_report(
    reply: ReplyRecord,
    pair: PairInfo,
    environment: Mapping[str, str | int | bool],
    *,
    include_text: bool = False,
    prompt: str | None = None,
) -> Report:
    """`environment` is what the engine said of itself and its device.

    `prompt` is written down only with `include_text`, and so is the reply.
    """
    run = _run(reply)
    if include_text:
        run = replace(run, prompt=prompt, text=_text(reply))
    return Report(
        title="Speed of one reply: " + making.pair_names(pair),
        environment=_environment(environment),
        pair=making.pair(pair),
        settings=_settings(reply, pair),
        runs=(run,),
        summary=(_summary(run, reply),),
        identity=model.UNMEASURED,
    )


def _environment(said: Mapping[str, str | int | bool]) -> model.Environment:
    return making.environment({name: said.get(key) for name, key in _ENVIRONMENT.items()})


def _settings(reply: ReplyRecord, pair: PairInfo) -> model.Settings:
    return model.Settings(
        sampling=reply.sampling,
        seed=reply.seed,
        max_tokens=reply.max_tokens,
        verify=reply.verify,
        draft_position=pair.draft_position,
        mtp=reply.mtp,
        switches=tuple(model.Switch(at_s=turn.at, mtp=turn.mtp) for turn in reply.switches),
        interleaved=False,
    )


def _run(reply: ReplyRecord) -> model.Run:
    return model.Run(
        mode=reply.mtp,
        category="chat",
        prompt_id=None,
        repeat=0,
        # A failure's own words may hold paths.
        finish_reason=_FINISHES.get(reply.finish, "failed"),
        prompt_tokens=reply.prompt_tokens if reply.stats else None,
        reused_tokens=reply.reused_tokens if reply.stats else None,
        **_stats(reply),
        rounds=tuple(_round(record) for record in reply.rounds),
    )


def _stats(reply: ReplyRecord) -> dict[str, Any]:
    """The engine's own; where it could not give them, what the window counted."""
    told = asdict(reply.stats or numbers_of(reply))
    return {field.name: told.get(field.name) for field in fields(Stats)}


def _round(record: RoundRecord) -> model.Round:
    return model.Round(
        at_s=record.at,
        ms=record.ms,
        state=record.state,
        depth=record.depth,
        drafted=record.depth,
        accepted=record.accepted,
        tokens=len(record.tokens),
    )


def _summary(run: model.Run, reply: ReplyRecord) -> model.Group:
    """The one group there is: the run's own numbers, and a plain speed measured apart from it."""
    numbers = numbers_of(reply)
    found = replace(
        group(run.category, run.mode, [run]),
        acceptance_rate=run.acceptance_rate,
        mean_acceptance_length=run.mean_acceptance_length,
        plain_tps=None,
    )
    if numbers.partly or numbers.speed_up is None:  # a part's speed-up is not the run's
        return found
    return replace(
        found, plain_tps=reply.plain_tps, baseline=_baseline(numbers), speedup=numbers.speed_up
    )


def _baseline(numbers: Numbers) -> str:
    day = None if numbers.plain is None else numbers.plain.day
    return _UNDATED if day is None else _MEASURED.format(day=day)


def _text(reply: ReplyRecord) -> str:
    tokens = (token for record in reply.rounds for token in record.tokens)
    return "".join(token.text for token in tokens if not token.thought)
