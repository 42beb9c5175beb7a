"""A comparison as a speed report: two runs of one prompt, and whether their texts are the same."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from app.domain.comparison import Comparison
from app.services.report import reply_report
from mtp_mlx.report import making, model
from mtp_mlx.report.model import Report

_PROMPT = "compared"
_BASELINE = "plain decoding of the same prompt, one run just {place}, not interleaved"


def comparison_report(
    comparison: Comparison, environment: Mapping[str, str | int | bool]
) -> Report:
    """The runs stand in the order they were made in. Neither prompt nor texts are in it."""
    pair = comparison.on.pair
    off = reply_report(comparison.off, pair, environment)
    on = reply_report(comparison.on, pair, environment)
    plain_tps = off.runs[0].decode_tps
    told = {"off": (off.runs[0], replace(off.summary[0], plain_tps=plain_tps))}
    told["on"] = (on.runs[0], _against(comparison, on.summary[0], plain_tps))
    order = ("off", "on") if comparison.first == "off" else ("on", "off")
    cut = "" if comparison.whole else " (cut short)"
    return replace(
        off,
        title=f"Speed with MTP off and on: {making.pair_names(pair)}{cut}",
        settings=replace(off.settings, mtp=None),
        runs=tuple(replace(told[side][0], prompt_id=_PROMPT) for side in order),
        summary=tuple(told[side][1] for side in order),
        identity=_identity(comparison),
    )


def _against(comparison: Comparison, on: model.Group, plain_tps: float | None) -> model.Group:
    ratio = comparison.speed_up
    place = "before" if comparison.first == "off" else "after"
    baseline = None if ratio is None else _BASELINE.format(place=place)
    return replace(on, plain_tps=plain_tps, baseline=baseline, speedup=ratio)


def _identity(comparison: Comparison) -> model.Identity:
    """Nothing is said of texts of which one has no token. The engine tells no margins."""
    if not comparison.compared:
        return model.UNMEASURED
    parting = comparison.parting
    found = model.Comparison(
        category="chat",
        prompt_id=_PROMPT,
        mode=comparison.on.mtp,
        identical=parting is None,
        parts_at=None if parting is None else parting.at,
        margin=None,
    )
    return model.Identity(measured=True, comparisons=(found,))
