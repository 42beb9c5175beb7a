"""A speed report: one document, from which every other format is made.

Its shape is `resources/report.schema.json`, the same for one reply and for a whole benchmark. null
means "not measured" and is never filled with a guess. Neither the prompt nor the reply, nor token
ids that would spell it, are in it unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import PurePath
from typing import Any

from app.domain.conversation import ReplyRecord, RoundRecord
from app.domain.numbers import Numbers, numbers_of
from mtp_mlx.wire import PairInfo, Sampling, Stats

VERSION = 1
Report = dict[str, Any]
"""Plain values, as `json` reads and writes them."""

_FINISHES = ("stop", "length", "cancelled")
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
_UNKNOWN = (
    "commit",
    "gpu_cores",
    "power_source",
    "low_power_mode",
    "thermal_before",
    "thermal_after",
)
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
    """One reply as a report of one run.

    `environment` is what the engine said of itself and its device. `prompt` is written down only
    with `include_text`, and so is the reply.
    """
    run = _run(reply)
    if include_text:
        run |= {"prompt": prompt, "text": _text(reply)}
    return {
        "version": VERSION,
        "title": "Speed of one reply: " + pair_names(pair),
        "environment": _environment(environment),
        "pair": _pair(pair),
        "settings": _settings(reply, pair),
        "runs": [run],
        "summary": [_summary(run, reply)],
        "identity": {"measured": False, "comparisons": []},
    }


def pair_names(pair: PairInfo) -> str:
    target = _public(pair.target)
    return f"{target} + {_public(pair.drafter)}" if pair.drafter else f"{target}, no drafter"


def _public(name: str) -> str:
    """A repository id as it is; of a folder its last part, for paths carry people's names."""
    path = PurePath(name)
    local = path.is_absolute() or name.startswith((".", "~")) or len(path.parts) > 2
    return path.name if local else name


def _environment(said: Mapping[str, str | int | bool]) -> Report:
    known: Report = {name: said.get(key) for name, key in _ENVIRONMENT.items()}
    return known | dict.fromkeys(_UNKNOWN)


def _pair(pair: PairInfo) -> Report:
    return {
        "target": _public(pair.target),
        "target_revision": None,
        "target_bytes": pair.target_bytes,
        "target_sha256": None,
        "drafter": _public(pair.drafter) if pair.drafter else None,
        "drafter_revision": None,
        "drafter_bytes": pair.drafter_bytes if pair.drafter else None,
        "drafter_sha256": None,
        "quantization": pair.quantization,
        "context_length": pair.context_length,
        "sliding_window": pair.sliding_window,
    }


def _settings(reply: ReplyRecord, pair: PairInfo) -> Report:
    return {
        "sampling": _sampling(reply.sampling),
        "seed": reply.seed,
        "max_tokens": reply.max_tokens,
        "verify": reply.verify,
        "draft_position": pair.draft_position,
        "mtp": reply.mtp,
        "switches": [{"at_s": switch.at, "mtp": switch.mtp} for switch in reply.switches],
        "suite": None,
        "interleaved": False,
        "cooldown_s": None,
        "replay_acceptance": None,
    }


def _sampling(law: Sampling) -> Report:
    return asdict(law) | {"logit_bias": [list(pair) for pair in law.logit_bias]}


def _run(reply: ReplyRecord) -> Report:
    return {
        "mode": reply.mtp,
        "category": "chat",
        "prompt_id": None,
        "repeat": 0,
        # A failure's own words may hold paths.
        "finish_reason": reply.finish if reply.finish in _FINISHES else "failed",
        "prompt_tokens": reply.prompt_tokens if reply.stats else None,
        "reused_tokens": reply.reused_tokens if reply.stats else None,
        **_stats(reply),
        "rounds": [_round(record) for record in reply.rounds],
    }


def _stats(reply: ReplyRecord) -> Report:
    """The engine's own; where it could not give them, what the window counted."""
    known: Report = dict.fromkeys(field.name for field in fields(Stats))
    told = asdict(reply.stats or numbers_of(reply))
    return known | {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in told.items()
        if name in known
    }


def _round(record: RoundRecord) -> Report:
    return {
        "at_s": record.at,
        "ms": record.ms,
        "state": record.state,
        "depth": record.depth,
        "drafted": record.drafted,
        "accepted": record.accepted,
        "tokens": len(record.tokens),
    }


def _summary(run: Report, reply: ReplyRecord) -> Report:
    """The one group there is: its median is its only run."""
    decode_tps = run["decode_tps"]
    numbers = numbers_of(reply)
    ratio = None if numbers.partly else numbers.speed_up  # a part's speed-up is not the run's
    return {
        "category": run["category"],
        "mode": run["mode"],
        "runs": 1,
        "decode_tps": decode_tps,
        "decode_tps_low": decode_tps,
        "decode_tps_high": decode_tps,
        "ttft_s": run["ttft_s"],
        "acceptance_rate": run["acceptance_rate"],
        "mean_acceptance_length": run["mean_acceptance_length"],
        "plain_tps": None if ratio is None else reply.plain_tps,
        "baseline": None if ratio is None else _baseline(numbers),
        "speedup": ratio,
        "speedup_low": None,
        "speedup_high": None,
    }


def _baseline(numbers: Numbers) -> str:
    day = None if numbers.plain is None else numbers.plain.day
    return _UNDATED if day is None else _MEASURED.format(day=day)


def _text(reply: ReplyRecord) -> str:
    tokens = (token for record in reply.rounds for token in record.tokens)
    return "".join(token.text for token in tokens if not token.thought)
