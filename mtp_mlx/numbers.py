"""The numbers of a reply, from its rounds. Pure.

Names and definitions are those of the field (vLLM, llama.cpp); ARCHITECTURE.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtp_mlx.api import RoundRecord, Stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Times of one reply, in seconds on one clock."""

    request: float
    first_token: float
    last_token: float
    prefill_s: float  # spent on the prompt tokens that were computed


def summarize(
    rounds: Sequence[RoundRecord],
    clock: Clock,
    *,
    generated_tokens: int,
    computed_prompt_tokens: int,
    peak_memory_bytes: int,
) -> Stats:
    """`rounds` leaves out the token that prefill yields, which no round decodes."""
    drafting = [r for r in rounds if r.depth > 0]
    drafted = sum(r.depth for r in drafting)
    accepted = sum(r.accepted for r in drafting)
    deepest = max((r.depth for r in drafting), default=0)
    positions = range(1, deepest + 1)
    decode_s = clock.last_token - clock.first_token
    timed = generated_tokens > 1 and decode_s > 0
    return Stats(
        draft_rounds=len(drafting),
        draft_n=drafted,
        draft_n_accepted=accepted,
        acceptance_rate=accepted / drafted if drafted else None,
        mean_acceptance_length=1 + accepted / len(drafting) if drafting else None,
        acceptance_histogram=tuple(
            sum(r.accepted == n for r in drafting) for n in range(deepest + 1 if drafting else 0)
        ),
        acceptance_by_position=tuple(
            _share(r.accepted >= i for r in drafting if r.depth >= i) for i in positions
        ),
        conditional_acceptance=tuple(
            _share(r.accepted >= i for r in drafting if r.depth >= i and r.accepted >= i - 1)
            for i in positions
        ),
        generated_tokens=generated_tokens,
        decode_tps=(generated_tokens - 1) / decode_s if timed else None,
        prefill_tps=computed_prompt_tokens / clock.prefill_s if clock.prefill_s > 0 else None,
        ttft_s=clock.first_token - clock.request if generated_tokens else None,
        peak_memory_bytes=peak_memory_bytes,
    )


def _share(outcomes: Iterable[bool]) -> float:
    listed = list(outcomes)
    return sum(listed) / len(listed) if listed else 0.0
