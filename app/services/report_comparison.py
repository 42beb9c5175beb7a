"""A comparison as a speed report: two runs of one prompt, and whether their texts are the same."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.comparison import Comparison
from app.services.report import Report, pair_names, reply_report

_PROMPT = "compared"
_BASELINE = "plain decoding of the same prompt, one run just {place}, not interleaved"


def comparison_report(
    comparison: Comparison, environment: Mapping[str, str | int | bool]
) -> Report:
    """The runs stand in the order they were made in. Neither prompt nor texts are in it."""
    pair = comparison.on.pair
    off = reply_report(comparison.off, pair, environment)
    on = reply_report(comparison.on, pair, environment)
    parts = [off, on] if comparison.first == "off" else [on, off]
    off["summary"][0] |= {"plain_tps": off["runs"][0]["decode_tps"]}
    on["summary"][0] |= _against(comparison, off["runs"][0]["decode_tps"])
    cut = "" if comparison.whole else " (cut short)"
    return off | {
        "title": f"Speed with MTP off and on: {pair_names(pair)}{cut}",
        "settings": off["settings"] | {"mtp": None},
        "runs": [run | {"prompt_id": _PROMPT} for part in parts for run in part["runs"]],
        "summary": [group for part in parts for group in part["summary"]],
        "identity": _identity(comparison),
    }


def _against(comparison: Comparison, plain_tps: float | None) -> Report:
    ratio = comparison.speed_up
    place = "before" if comparison.first == "off" else "after"
    return {
        "plain_tps": plain_tps,
        "baseline": None if ratio is None else _BASELINE.format(place=place),
        "speedup": ratio,
    }


def _identity(comparison: Comparison) -> Report:
    """Nothing is said of texts of which one has no token. The engine tells no margins."""
    if not comparison.compared:
        return {"measured": False, "comparisons": []}
    parting = comparison.parting
    found = {
        "category": "chat",
        "prompt_id": _PROMPT,
        "mode": comparison.on.mtp,
        "identical": parting is None,
        "parts_at": None if parting is None else parting.at,
        "margin": None,
    }
    return {"measured": True, "comparisons": [found]}
