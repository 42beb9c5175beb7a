"""Identity: whether modes wrote the same text, and where not, the first token that differs."""

from __future__ import annotations

from collections.abc import Sequence

from mtp_mlx.bench.runs import Run
from mtp_mlx.report.model import Comparison
from mtp_mlx.values import Mtp


def comparisons(runs: Sequence[Run]) -> list[Comparison]:
    """Whether each mode wrote what plain decoding wrote, prompt by prompt."""
    plain = {(run.prompt.id, run.repeat): run.tokens for run in runs if run.mode == "off"}
    found: dict[tuple[str, Mtp], Comparison] = {}
    for run in runs:
        base = plain.get((run.prompt.id, run.repeat))
        if run.mode == "off" or base is None:
            continue
        place = (run.prompt.id, run.mode)
        known = found.get(place)
        if known is None or known.identical:
            found[place] = _comparison(run, base)
    return list(found.values())


def _comparison(run: Run, base: Sequence[int]) -> Comparison:
    parts_at = first_difference(run.tokens, base)
    return Comparison(
        category=run.prompt.category,
        prompt_id=run.prompt.id,
        mode=run.mode,
        identical=parts_at is None,
        parts_at=parts_at,
        margin=None,
    )


def first_difference(a: Sequence[int], b: Sequence[int]) -> int | None:
    """Where two texts part; None where they are the same."""
    if tuple(a) == tuple(b):
        return None
    shared = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(shared) if x != y), min(len(a), len(b)))
