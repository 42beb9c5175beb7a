"""Replies and comparisons as reports, and reports as files, with prompts and replies only if asked.

The window hands over values, `mtp_mlx.report` does the rest. Token ids, which would spell a reply,
are never in a report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from app.domain.comparison import Comparison
from app.domain.conversation import Finish, ReplyRecord, RoundRecord
from app.domain.numbers import Numbers, numbers_of
from mtp_mlx.api import PairInfo
from mtp_mlx.report import from_engine, model, naming, saving
from mtp_mlx.report.derived import group, groups
from mtp_mlx.report.model import Report

_FINISHES: dict[Finish, model.Ending] = {
    "finished": "stop",
    "length": "length",
    "cancelled": "cancelled",
}
_ENVIRONMENT = {
    "app_version": "mtp-mlx",
    "commit": "commit",
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
_PROMPT = "compared"  # the name of the prompt that both runs of a comparison have
_JUST = "plain decoding of the same prompt, one run just {place}, not interleaved"


def reply_report(
    reply: ReplyRecord,
    pair: PairInfo,
    environment: Mapping[str, str | int | bool],
    *,
    include_text: bool = False,
    prompt: str | None = None,
    created: str | None = None,
) -> Report:
    """Return a report of one run; `environment` is what the engine says of itself and its device.

    `created` is when the reply was begun, in UTC; None: now. `prompt` and the reply's text are in
    it only with `include_text`.
    """
    run = _run(reply)
    if include_text:
        run = replace(run, prompt=prompt, text=_text(reply))
    subject, machine = from_engine.pair_of(pair), _environment(environment)
    return Report(
        title=naming.reply_title(subject, machine),
        created=created or model.now(),
        environment=machine,
        pair=subject,
        settings=_settings(reply, pair),
        runs=(run,),
        summary=(_summary(run, reply),),
        identity=model.UNMEASURED,
    )


def _environment(values: Mapping[str, str | int | bool]) -> model.Environment:
    known = {name: values.get(key) for name, key in _ENVIRONMENT.items()}
    clean = {"true": True, "false": False}.get(str(values.get("clean")))
    return from_engine.environment_of({**known, "commit_clean": clean})


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
    """Return the engine's statistics or, where there are none, what the window counted."""
    if reply.stats is not None:
        return from_engine.numbers_of(reply.stats)
    counted = asdict(numbers_of(reply))
    return {name: counted.get(name) for name in from_engine.numbers_of(None)}


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
    """Return the run's numbers, set against a plain speed that was measured apart from it."""
    numbers = numbers_of(reply)
    alone = replace(
        group(run.category, run.mode, [run]),
        acceptance_rate=run.acceptance_rate,
        mean_acceptance_length=run.mean_acceptance_length,
        plain_tps=None,
    )
    if numbers.partly or numbers.speed_up is None:  # a part's speed-up is not the run's
        return alone
    return replace(
        alone,
        plain_tps=reply.plain_tps,
        baseline=_baseline(numbers),
        speedup=numbers.speed_up,
        noise=reply.plain_noise,
    )


def _baseline(numbers: Numbers) -> str:
    day = None if numbers.plain is None else numbers.plain.day
    return _UNDATED if day is None else _MEASURED.format(day=day)


def _text(reply: ReplyRecord) -> str:
    tokens = (token for record in reply.rounds for token in record.tokens)
    return "".join(token.text for token in tokens if not token.thought)


def comparison_report(
    comparison: Comparison, environment: Mapping[str, str | int | bool]
) -> Report:
    """Return a report of all runs in the order they were made, without prompt and texts.

    One run each has no interval; earlier comparisons of the same prompt make one.
    """
    pair = comparison.on.pair
    off = reply_report(comparison.off, pair, environment, created=comparison.made)
    whole = (*comparison.earlier, comparison)
    runs = [run for repeat, one in enumerate(whole) for run in _both(one, repeat)]
    many = len(whole) > 1
    return replace(
        off,
        title=naming.comparison_title(off.pair, off.environment, whole=comparison.whole),
        settings=replace(off.settings, mtp=None, interleaved=many),
        runs=tuple(runs),
        summary=groups(runs) if many else _once(comparison, runs),
        identity=_identity(comparison),
    )


def _both(comparison: Comparison, repeat: int) -> Iterator[model.Run]:
    """Yield both runs of a comparison in the order they were made."""
    made = (comparison.off, comparison.on)
    for reply in made if comparison.first == "off" else reversed(made):
        yield replace(_run(reply), prompt_id=_PROMPT, repeat=repeat)


def _once(comparison: Comparison, runs: Sequence[model.Run]) -> tuple[model.Group, ...]:
    """Return the groups of one run each, whose speed-up needs enough tokens."""
    modes = {run.mode: group(run.category, run.mode, runs) for run in runs}
    plain_tps = modes["off"].plain_tps
    ratio = comparison.speed_up
    place = "before" if comparison.first == "off" else "after"
    return tuple(
        one
        if mode == "off"
        else replace(
            one,
            plain_tps=plain_tps,
            baseline=None if ratio is None else _JUST.format(place=place),
            speedup=ratio,
        )
        for mode, one in modes.items()
    )


def _identity(comparison: Comparison) -> model.Identity:
    """Return whether the texts are the same; not measured where one has no token.

    The engine sends no margins to the window.
    """
    if not comparison.compared:
        return model.UNMEASURED
    parting = comparison.parting
    compared = model.Comparison(
        category="chat",
        prompt_id=_PROMPT,
        mode=comparison.on.mtp,
        identical=parting is None,
        parts_at=None if parting is None else parting.at,
        margin=None,
    )
    return model.Identity(measured=True, comparisons=(compared,))


def export_report(report: Report, source: Path | None, target: Path, *, texts: bool) -> None:
    """Write the report in the format of the target's ending; prompts and replies with `texts` only.

    It is made from its file `source` where nothing must be left out, so that fields which a later
    program wrote are kept. Raises UsageError, ReportError.
    """
    if source is not None and (texts or not has_texts(report)):
        saving.export(source, target)
    else:
        saving.save(report if texts else without_texts(report), target)


def has_texts(report: Report) -> bool:
    """Return whether a prompt, a reply or a part of one is in the report."""
    compared = report.identity.comparisons if report.identity else ()
    return any(_any_text(run.prompt, run.text) for run in report.runs) or any(
        _any_text(one.plain_text, one.mode_text) for one in compared
    )


def without_texts(report: Report) -> Report:
    """Return the report without prompts, replies and the words in which replies part."""
    identity = report.identity
    if identity is not None:
        identity = replace(identity, comparisons=tuple(map(_bare, identity.comparisons)))
    return replace(report, runs=tuple(map(_silent, report.runs)), identity=identity)


def _silent(run: model.Run) -> model.Run:
    return replace(run, prompt=UNSET, text=UNSET)


def _bare(one: model.Comparison) -> model.Comparison:
    return replace(one, plain_text=UNSET, mode_text=UNSET)


def _any_text(*texts: object) -> bool:
    return any(text not in (UNSET, None) for text in texts)
