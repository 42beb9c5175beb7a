"""Identity: whether modes wrote what plain decoding wrote, and where not, the place. Pure.

Runs are compared by the hashes of their tokens, which a report keeps, so that a resumed benchmark
compares what two sessions wrote. The place is known where both texts are in hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mtp_mlx.api import Mtp
from mtp_mlx.bench.plan import Key
from mtp_mlx.report.model import Comparison, Run

Texts = Mapping[Key, Sequence[int]]
Place = tuple[str | None, Mtp]


def key(run: Run) -> Key:
    return run.prompt_id, run.repeat, run.mode


def comparisons(
    runs: Sequence[Run], texts: Texts, known: Sequence[Comparison] = ()
) -> tuple[Comparison, ...]:
    """One a prompt and mode, of the first repeat in which the texts part.

    What `known` says of a difference stands: it may have been found with texts that are gone.
    """
    plain = {(run.prompt_id, run.repeat): run for run in runs if run.mode == "off"}
    parted: dict[Place, Comparison] = {
        (one.prompt_id, one.mode): one for one in known if not one.identical
    }
    found: dict[Place, Comparison] = {}
    for run in runs:
        base = plain.get((run.prompt_id, run.repeat))
        place = (run.prompt_id, run.mode)
        if run.mode == "off" or base is None or run.tokens_sha256 is None:
            continue
        if place in parted:
            found[place] = parted[place]
        elif place not in found or found[place].identical:
            found[place] = _compared(run, base, texts)
    return tuple(found.values())


def _compared(run: Run, base: Run, texts: Texts) -> Comparison:
    told = Comparison(
        category=run.category,
        prompt_id=run.prompt_id,
        mode=run.mode,
        identical=run.tokens_sha256 == base.tokens_sha256,
        parts_at=None,
        margin=None,
    )
    mine, plain = texts.get(key(run)), texts.get(key(base))
    if told.identical:
        return told
    told = replace(told, repeat=run.repeat)
    return told if mine is None or plain is None else located(told, mine, plain)


def located(one: Comparison, mine: Sequence[int], plain: Sequence[int]) -> Comparison:
    """With the place where two texts part, and the ids there."""
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
    """Where two texts part; None where they are the same."""
    if tuple(a) == tuple(b):
        return None
    shared = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(shared) if x != y), min(len(a), len(b)))
